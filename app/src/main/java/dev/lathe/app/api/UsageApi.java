package dev.lathe.app.api;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.accounting.RequestLog;
import dev.lathe.serving.accounting.Usage;
import java.time.Clock;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** What was asked, answered and paid. */
@RestController
@RequestMapping("/api/usage")
class UsageApi {
  private static final int DAYS = 30;

  private final Usage usage;
  private final RequestLog requests;

  UsageApi(Usage usage, RequestLog requests) {
    this.usage = usage;
    this.requests = requests;
  }

  /**
   * @param from the first day, the last thirty by default
   * @param to the last, today by default
   */
  @GetMapping
  Usage.Report usage(
      @RequestParam @Nullable String from,
      @RequestParam @Nullable String to,
      @RequestParam(defaultValue = "day") String by) {
    var sums = Usage.By.of(by);
    var last = to == null ? LocalDate.now(Clock.systemUTC()) : day("to", to);
    var first = from == null ? last.minusDays(DAYS - 1) : day("from", from);
    requests.flush(); // what ended a moment ago counts
    return usage.of(first, last, sums);
  }

  private static LocalDate day(String name, String text) {
    try {
      var day = LocalDate.parse(text);
      if (day.getYear() < 1970 || day.getYear() > 9999) {
        throw new BadInput("'" + name + "' is far away", text, "Write a day as 2026-11-22.");
      }
      return day;
    } catch (DateTimeParseException e) {
      throw new BadInput("'" + name + "' is no day", text, "Write it as 2026-11-22 (UTC).", e);
    }
  }
}

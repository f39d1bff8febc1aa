package dev.lathe.serving.feedback;

import dev.lathe.checkpoints.input.BadInput;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Keeps what users say of answers, every word of it: whoever speaks again of an answer adds a row,
 * and the analysis takes the latest.
 */
public final class Feedback {
  static final int LONGEST_COMMENT = 4000;
  private static final Pattern ANSWER = Pattern.compile("[!-~]{1,64}");

  private final JdbcClient jdbc;
  private final Function<String, Optional<AnsweredRequest>> answers;
  private final Clock clock;
  private final AtomicReference<Instant> last = new AtomicReference<>(Instant.EPOCH);

  /**
   * @param answers what is known of an answer by its id
   */
  public Feedback(
      JdbcClient jdbc, Function<String, Optional<AnsweredRequest>> answers, Clock clock) {
    this.jdbc = jdbc;
    this.answers = answers;
    this.clock = clock;
  }

  /**
   * Keeps one feedback; it is durable when this returns. Empty when no answer has this id.
   *
   * @param answer its id
   * @throws BadInput when the id or the comment cannot be one
   */
  public Optional<Said> post(String answer, Reward reward, @Nullable String comment) {
    if (!ANSWER.matcher(answer).matches()) {
      throw new BadInput(
          "no answer can have this id",
          answer.length() > 80 ? answer.substring(0, 80) + "…" : answer,
          "It is in every answer's \"id\" and in its header x-lathe-id.");
    }
    if (comment != null && (comment.length() > LONGEST_COMMENT || comment.indexOf('\0') >= 0)) {
      throw new BadInput(
          "the comment cannot be kept",
          comment.length() + " characters",
          "Send at most " + LONGEST_COMMENT + ", without NUL.");
    }
    return answers.apply(answer).map(a -> keep(answer, a, reward, comment));
  }

  private Said keep(String answer, AnsweredRequest of, Reward reward, @Nullable String comment) {
    var id = "fb-" + UUID.randomUUID();
    var at = next();
    jdbc.sql(
            "INSERT INTO feedback (id, at, request_id, reward, kind, note, target, experiment,"
                + " phase, arm, subject) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .params(
            Arrays.asList(
                id,
                at.atOffset(ZoneOffset.UTC),
                answer,
                reward.value(),
                reward.kind(),
                comment,
                of.target(),
                of.experiment(),
                of.phase(),
                of.arm(),
                of.subject()))
        .update();
    return new Said(
        id, answer, reward.value(), reward.kind(), comment, of.target(), of.experiment(), at);
  }

  /** The time, but later than any before: of two words on one answer the later one counts. */
  private Instant next() {
    var now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    return last.updateAndGet(
        before -> now.isAfter(before) ? now : before.plus(1, ChronoUnit.MICROS));
  }
}

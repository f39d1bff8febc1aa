package dev.lathe.app.openai;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.logs.LogEntry;
import dev.lathe.datasets.logs.LogFormat;
import dev.lathe.datasets.logs.Logs;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Whether a file holds what a method learns from. A log may have broken lines, which are counted
 * and passed over; a file that somebody made for training may not: all of it is meant.
 */
final class TrainingFile {
  private static final int TOLD = 5;

  private TrainingFile() {}

  static LogFormat format(JobSpec.Method method) {
    return switch (method) {
      case SUPERVISED -> LogFormat.OPENAI;
      case DPO -> LogFormat.PREFERENCE;
    };
  }

  /**
   * @param param the field that named the file
   * @return how many examples it holds
   * @throws JobFailed naming its first lines that are wrong
   */
  static long require(Path file, JobSpec.Method method, String param) throws JobFailed {
    long examples = 0;
    long wrong = 0;
    var told = new ArrayList<String>();
    try (var log = Logs.files(List.of(file), format(method)).getFirst().open()) {
      for (var item = log.nextItem(); item != null; item = log.nextItem()) {
        var entry = log.parse(item);
        var problem = problem(entry);
        examples++;
        if (problem.isPresent() && wrong++ < TOLD) {
          told.add("line " + entry.line() + ": " + problem.get());
        }
      }
    } catch (BadInput e) {
      throw new JobFailed("invalid_" + param, param, String.valueOf(e.getMessage()));
    }
    if (wrong > 0) {
      throw new JobFailed(
          "invalid_" + param,
          param,
          String.format(
              Locale.ROOT,
              "%,d of %,d lines cannot be trained on. %s. %s",
              wrong,
              examples,
              String.join("; ", told) + (wrong > TOLD ? "; …" : ""),
              shape(method)));
    }
    return examples;
  }

  private static Optional<String> problem(LogEntry entry) {
    return switch (entry) {
      case LogEntry.Broken broken -> Optional.of(broken.reason());
      case LogEntry.Joined joined -> Optional.of(joined.why());
      case LogEntry.Read read -> problem(read.conversation());
      case LogEntry.Compared both ->
          problem(both.chosen())
              .map(p -> "preferred_output: " + p)
              .or(() -> problem(both.rejected()).map(p -> "non_preferred_output: " + p));
    };
  }

  private static Optional<String> problem(Conversation conversation) {
    var messages = conversation.messages();
    if (messages.getLast().role() != Role.ASSISTANT) {
      return Optional.of("the last message is not the assistant's");
    }
    if (messages.stream().noneMatch(m -> m.role() == Role.USER)) {
      return Optional.of("no message is the user's");
    }
    boolean learns = messages.stream().anyMatch(m -> m.role() == Role.ASSISTANT && m.weight() > 0);
    return learns ? Optional.empty() : Optional.of("every message of the assistant has weight 0");
  }

  private static String shape(JobSpec.Method method) {
    return "A line is "
        + switch (method) {
          case SUPERVISED -> "{\"messages\": [{\"role\": …, \"content\": …}, …]}.";
          case DPO ->
              "{\"input\": {\"messages\": […]}, \"preferred_output\": […], \"non_preferred_output\": […]}.";
        };
  }
}

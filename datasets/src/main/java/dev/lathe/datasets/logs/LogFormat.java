package dev.lathe.datasets.logs;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The logs that can be read; docs/formats.md describes each. */
public enum LogFormat {
  PREFERENCE(
      "preference",
      "{\"prompt\": …, \"chosen\": …, \"rejected\": …} or {\"input\": {\"messages\": …},"
          + " \"preferred_output\": …, \"non_preferred_output\": …}"),
  OPENAI("openai", "{\"messages\": [{\"role\": …, \"content\": …}]}"),
  SHAREGPT("sharegpt", "{\"conversations\": [{\"from\": …, \"value\": …}]}"),
  LATHE("lathe", "{\"kind\": \"answer\" | \"feedback\", …}, what Lathe's own router writes"),
  ALPACA("alpaca", "{\"instruction\": …, \"input\": …, \"output\": …}"),
  PROMPT_COMPLETION("prompt-completion", "{\"prompt\": …, \"completion\": …}");

  private final String wire;
  private final String shape;

  LogFormat(String wire, String shape) {
    this.wire = wire;
    this.shape = shape;
  }

  /** The name on the command line and in manifests. */
  public String wire() {
    return wire;
  }

  public static List<String> names() {
    return Arrays.stream(values()).map(LogFormat::wire).toList();
  }

  /**
   * The format of that name.
   *
   * @throws BadInput for an unknown one
   */
  public static LogFormat of(String name) {
    return Arrays.stream(values())
        .filter(f -> f.wire.equals(name))
        .findFirst()
        .orElseThrow(
            () -> new BadInput("unknown log format", name, DidYouMean.remedy(name, names())));
  }

  static String known() {
    return Arrays.stream(values())
        .map(f -> f.wire + " " + f.shape)
        .collect(Collectors.joining("; ", "Known formats: ", "."));
  }
}

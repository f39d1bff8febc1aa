package dev.lathe.datasets.logs;

import dev.lathe.datasets.conversation.Conversation.Origin;
import tools.jackson.databind.JsonNode;

/** How the entries of one format are read. Implementations are stateless or frozen: any thread. */
interface Format {
  /** Whether an entry has this format's shape; the contents may still be broken. */
  boolean claims(JsonNode entry);

  LogEntry read(JsonNode entry, Origin origin) throws Malformed;

  static Format of(LogFormat format, LatheJoin join) {
    return switch (format) {
      case PREFERENCE -> new PreferenceFormat();
      case OPENAI -> new OpenAiFormat();
      case SHAREGPT -> new ShareGptFormat();
      case LATHE -> new LatheFormat(join);
      case ALPACA -> new AlpacaFormat();
      case PROMPT_COMPLETION -> new PromptCompletionFormat();
    };
  }
}

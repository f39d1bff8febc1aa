package dev.lathe.checkpoints.bases;

import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.core.util.Separators.Spacing;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * JSON laid out as Hugging Face lays it out: two spaces, every element on a line of its own, no
 * space before a colon. So a {@code tokenizer.json} made from GGUF metadata can equal the original
 * byte for byte, and a dataset bound to its hash fits the base from either source.
 */
final class HuggingFaceJson {
  private static final DefaultIndenter LINES = new DefaultIndenter("  ", "\n");
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .defaultPrettyPrinter(
              new DefaultPrettyPrinter(
                      Separators.createDefaultInstance()
                          .withObjectNameValueSpacing(Spacing.AFTER)
                          .withObjectEmptySeparator("")
                          .withArrayEmptySeparator(""))
                  .withObjectIndenter(LINES)
                  .withArrayIndenter(LINES))
          .build();

  private HuggingFaceJson() {}

  static String text(Object value) {
    return MAPPER.writeValueAsString(value);
  }
}

package dev.lathe.serving.wire;

/** A part of what a message says. */
public sealed interface ContentPart {
  /** Words. */
  record Text(String text) implements ContentPart {}

  /**
   * A picture that the request brings along.
   *
   * @param type such as {@code image/png}
   */
  record Image(String type, String base64) implements ContentPart {}

  /** A picture that the target fetches itself. */
  record ImageLink(String url) implements ContentPart {}

  /**
   * A document that the request brings along.
   *
   * @param type such as {@code application/pdf}
   * @param name empty where it has none
   */
  record Document(String type, String base64, String name) implements ContentPart {}
}

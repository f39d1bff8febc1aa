package dev.lathe.datasets.logs;

import tools.jackson.databind.JsonNode;

/** One entry of a file before it is understood; reading on does not change it. */
public sealed interface Item {
  long line();

  /** A line's bytes, as yet no JSON. */
  record Line(long line, byte[] bytes) implements Item {}

  /** An element of a file that is one JSON array. */
  record Element(long line, JsonNode node) implements Item {}

  /** What could not even be delimited. */
  record Unreadable(long line, String reason) implements Item {}
}

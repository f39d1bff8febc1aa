package dev.lathe.serving.routing.strategy;

/** Where a candidate computes, in the terms that strategies are written in. */
public enum Place {
  /** An engine of this home. */
  LOCAL,
  /** An Ollama server. */
  OLLAMA,
  /** Any other provider. */
  REMOTE
}

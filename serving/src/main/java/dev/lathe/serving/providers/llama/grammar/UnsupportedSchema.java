package dev.lathe.serving.providers.llama.grammar;

/** A schema that answers cannot be held to. */
public final class UnsupportedSchema extends RuntimeException {
  private static final long serialVersionUID = 1;

  UnsupportedSchema(String where, String what) {
    super("the schema cannot be used at " + where + ": " + what);
  }
}

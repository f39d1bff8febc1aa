package dev.lathe.serving.settings;

/** What a provider speaks; {@code type} in {@code lathe.yaml} is the name in lower case. */
public enum ProviderKind {
  /** OpenAI, and every server that speaks as it does. */
  OPENAI("https://api.openai.com/v1"),
  ANTHROPIC("https://api.anthropic.com"),
  COHERE("https://api.cohere.com"),
  OLLAMA("http://127.0.0.1:11434");

  private final String baseUrl;

  ProviderKind(String baseUrl) {
    this.baseUrl = baseUrl;
  }

  /** Where it is when {@code lathe.yaml} does not say. */
  public String baseUrl() {
    return baseUrl;
  }
}

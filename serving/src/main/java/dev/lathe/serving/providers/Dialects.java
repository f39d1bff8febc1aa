package dev.lathe.serving.providers;

import dev.lathe.serving.providers.remote.Dialect;
import dev.lathe.serving.providers.remote.anthropic.Anthropic;
import dev.lathe.serving.providers.remote.cohere.Cohere;
import dev.lathe.serving.providers.remote.ollama.Ollama;
import dev.lathe.serving.providers.remote.openai.OpenAi;
import dev.lathe.serving.settings.Provider;

/** Which dialect a provider speaks. */
public final class Dialects {
  private static final Dialect OPENAI = new OpenAi(true);
  private static final Dialect UNCOUNTED = new OpenAi(false);
  private static final Dialect COHERE = new Cohere();
  private static final Dialect OLLAMA = new Ollama();

  private Dialects() {}

  public static Dialect of(Provider provider) {
    return switch (provider.kind()) {
      case OPENAI -> provider.streamUsage() ? OPENAI : UNCOUNTED;
      case ANTHROPIC -> new Anthropic(provider.maxTokens());
      case COHERE -> COHERE;
      case OLLAMA -> OLLAMA;
    };
  }
}

package dev.lathe.serving.providers;

import dev.lathe.serving.providers.remote.Dialect;
import dev.lathe.serving.providers.remote.openai.OpenAi;
import dev.lathe.serving.settings.Provider;

/** Which dialect a provider speaks. */
public final class Dialects {
  private static final Dialect OPENAI = new OpenAi();

  private Dialects() {}

  public static Dialect of(Provider provider) {
    return switch (provider.kind()) {
      case OPENAI -> OPENAI;
    };
  }
}

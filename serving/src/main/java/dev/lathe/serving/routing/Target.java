package dev.lathe.serving.routing;

import dev.lathe.registry.models.ModelVersion;
import dev.lathe.serving.providers.LocalModel;
import dev.lathe.serving.settings.Provider;
import org.jspecify.annotations.Nullable;

/** What answers a request. */
public sealed interface Target {
  /** As logs and headers name it: {@code support@3}, a base, {@code provider:model}. */
  String name();

  /** What its health is kept under: an endpoint of a provider has one of its own. */
  default String key() {
    return name();
  }

  /**
   * A remote provider's model.
   *
   * @param model as the provider calls it
   */
  record Remote(Provider provider, String model) implements Target {
    @Override
    public String name() {
      return provider.name() + ":" + model;
    }

    @Override
    public String key() {
      return provider.part().isEmpty()
          ? name()
          : provider.name() + "#" + provider.part() + ":" + model;
    }
  }

  /**
   * A base, or a version of a model, in a local engine.
   *
   * @param base the base's name
   * @param version null for the base alone
   * @param alias the alias that was asked for, if one was
   */
  record Local(
      LocalModel model, String base, @Nullable ModelVersion version, @Nullable String alias)
      implements Target {
    @Override
    public String name() {
      return model.id();
    }
  }
}

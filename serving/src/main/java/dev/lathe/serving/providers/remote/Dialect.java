package dev.lathe.serving.providers.remote;

import dev.lathe.serving.wire.ChatRequest;

/** How one kind of provider is spoken to. */
public interface Dialect {
  /**
   * A request in the provider's own words.
   *
   * @param model as the provider calls it
   * @throws dev.lathe.serving.wire.WireError 400, naming a field that changes the meaning and
   *     cannot be said there
   */
  Exchange exchange(ChatRequest request, String model);
}

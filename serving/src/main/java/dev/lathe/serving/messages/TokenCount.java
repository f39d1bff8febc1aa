package dev.lathe.serving.messages;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.providers.LocalEngines;
import dev.lathe.serving.providers.LocalEngines.EngineUnavailable;
import dev.lathe.serving.providers.remote.Endpoint;
import dev.lathe.serving.providers.remote.Exchange;
import dev.lathe.serving.providers.remote.Upstream;
import dev.lathe.serving.providers.remote.anthropic.Anthropic;
import dev.lathe.serving.providers.remote.translation.Json;
import dev.lathe.serving.routing.Target;
import dev.lathe.serving.routing.Targets;
import dev.lathe.serving.settings.ProviderKind;
import dev.lathe.serving.settings.Secret;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.Chunks;
import dev.lathe.serving.wire.Events;
import dev.lathe.serving.wire.WireError;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * How many tokens a request has: counted by the local engine that would answer it, with the chat
 * template and tokenizer that it answers with, or asked of Anthropic.
 */
public final class TokenCount {
  private static final Duration SILENCE = Duration.ofMinutes(2);
  private static final int LONGEST = 64 << 20;

  private final Targets targets;
  private final LocalEngines engines;
  private final Upstream upstream;

  public TokenCount(Targets targets, LocalEngines engines, Upstream upstream) {
    this.targets = targets;
    this.engines = engines;
    this.upstream = upstream;
  }

  /**
   * @throws WireError when nothing here or there can count them
   */
  public int of(MessagesRequest request) {
    var chat = request.chat();
    return switch (targets.target(chat.model())) {
      case Target.Local local -> local(local, chat);
      case Target.Remote remote when remote.provider().kind() == ProviderKind.ANTHROPIC ->
          anthropic(remote, Objects.requireNonNull(chat.original()));
      case Target.Remote remote ->
          throw WireError.invalid(
              "model",
              "unsupported_value",
              "Nobody here knows the tokens of '%s'. Count those of a local model, or of one of Anthropic's."
                  .formatted(remote.name()));
    };
  }

  private int local(Target.Local target, ChatRequest chat) {
    var who = "The engine of '" + target.name() + "'";
    var asked = Json.object();
    asked.set("messages", chat.fields().path("messages"));
    if (chat.fields().has("tools")) {
      asked.set("tools", chat.fields().get("tools"));
    }
    try (var lease = engines.lease(target.model())) {
      var engine = new Endpoint(lease.address(), null, SILENCE);
      var prompt = ask(engine, new Plain("/apply-template", asked, Map.of()), who).path("prompt");
      var text = Json.object().put("content", prompt.asString(""));
      return ask(engine, new Plain("/tokenize", text, Map.of()), who).path("tokens").size();
    } catch (EngineUnavailable e) {
      throw WireError.unavailable(
          "engine_unavailable", who + " does not come up: " + e.getMessage());
    } catch (BadInput e) {
      throw WireError.unavailable("model_unusable", String.valueOf(e.getMessage()));
    }
  }

  private int anthropic(Target.Remote target, ChatRequest.Original original) {
    var provider = target.provider();
    var body = original.fields().deepCopy().put("model", target.model());
    var headers = Anthropic.headers(provider.apiKey(), original.beta());
    return ask(
            Endpoint.of(provider),
            new Plain("/v1/messages/count_tokens", body, headers),
            "The provider '" + provider.name() + "'")
        .path("input_tokens")
        .asInt(0);
  }

  private ObjectNode ask(Endpoint endpoint, Exchange exchange, String who) {
    try (var answer = upstream.ask(endpoint, exchange)) {
      if (answer.status() != 200) {
        throw answer.refusal(who, LONGEST);
      }
      var read = Json.object(answer.completion(LONGEST));
      if (read == null) {
        throw WireError.upstream("upstream_garbage", who + " did not count. Ask again.");
      }
      return read;
    } catch (IOException e) {
      throw WireError.unavailable(
          "upstream_unavailable", "%s cannot be asked (%s). Ask again.".formatted(who, e));
    }
  }

  /** JSON there, JSON back. */
  private record Plain(String path, ObjectNode asked, Map<String, String> head)
      implements Exchange {
    @Override
    public byte[] body() {
      return Json.bytes(asked);
    }

    @Override
    public Map<String, String> headers(@Nullable Secret key) {
      return head;
    }

    @Override
    public byte[] completion(byte[] answer) {
      return answer;
    }

    @Override
    public Chunks chunks(InputStream answer) {
      return new Events(answer);
    }
  }
}

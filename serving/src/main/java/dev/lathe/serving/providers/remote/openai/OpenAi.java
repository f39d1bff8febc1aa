package dev.lathe.serving.providers.remote.openai;

import dev.lathe.serving.providers.remote.Dialect;
import dev.lathe.serving.providers.remote.Exchange;
import dev.lathe.serving.settings.Secret;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.Chunks;
import dev.lathe.serving.wire.Events;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Nothing is translated: the bytes that came go on under the model's name there. A stream is asked
 * for its usage, without which nobody knows what it cost.
 *
 * @param streamUsage false for a server that refuses {@code stream_options}
 */
public record OpenAi(boolean streamUsage) implements Dialect {
  @Override
  public Exchange exchange(ChatRequest request, String model) {
    if (!streamUsage) {
      return of(request, request.forModel(model));
    }
    return new Passed(request.countedForModel(model), request.ignored(), !request.wantsUsage());
  }

  /**
   * @param body of the request, as it shall go
   */
  public static Exchange of(ChatRequest request, byte[] body) {
    return new Passed(body, request.ignored(), false);
  }

  private record Passed(byte[] body, List<String> ignored, boolean tellsUsage) implements Exchange {
    @Override
    public String path() {
      return "/chat/completions";
    }

    @Override
    public Map<String, String> headers(@Nullable Secret key) {
      return Exchange.bearer(key);
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

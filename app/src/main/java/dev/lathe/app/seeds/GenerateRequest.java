package dev.lathe.app.seeds;

import dev.lathe.serving.settings.AiSettings;
import dev.lathe.serving.wire.ChatRequest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code POST /api/ai/generate} takes: one system's names and another's beside them.
 *
 * @param model {@code auto}, or any name that {@code /v1/models} lists
 * @param max_length tokens of the answer, as {@code max_tokens}
 */
record GenerateRequest(
    @Nullable String message,
    @Nullable String model,
    @Nullable Integer max_length,
    @Nullable Integer max_tokens,
    @Nullable Double temperature,
    @Nullable Integer top_k,
    @Nullable Double top_p,
    @Nullable Double repetition_penalty,
    @Nullable Long seed,
    @Nullable List<String> stop_sequences) {

  /**
   * The same as a chat completion.
   *
   * @throws AiProblem for a message that is missing, too long, or refused by a pattern
   */
  ChatRequest chat(AiSettings settings) {
    if (message == null || message.isBlank()) {
      throw new AiProblem(400, "message is required", null);
    }
    int length = message.codePointCount(0, message.length());
    if (length > settings.maxMessage()) {
      throw new AiProblem(
          400,
          "message is too long: %d characters, at most %d".formatted(length, settings.maxMessage()),
          "Shorten it, or raise ai.maxMessage in lathe.yaml");
    }
    if (settings.refuses(message)) {
      throw new AiProblem(400, "message is refused", "It matches a pattern of ai.refuse");
    }
    var body = new LinkedHashMap<String, Object>();
    body.put("model", model == null || model.isBlank() ? "auto" : model);
    body.put("messages", List.of(Map.of("role", "user", "content", message)));
    int most =
        max_tokens != null ? max_tokens : max_length != null ? max_length : settings.maxLength();
    body.put("max_tokens", most);
    body.put("temperature", temperature == null ? settings.temperature() : temperature);
    put(body, "top_k", top_k == null ? settings.topK() : top_k);
    put(body, "top_p", top_p == null ? settings.topP() : top_p);
    put(body, "repeat_penalty", repetition_penalty);
    put(body, "seed", seed);
    put(body, "stop", stop_sequences);
    return ChatRequest.read(JsonMapper.shared().writeValueAsBytes(body));
  }

  private static void put(Map<String, Object> body, String name, @Nullable Object value) {
    if (value != null) {
      body.put(name, value);
    }
  }
}

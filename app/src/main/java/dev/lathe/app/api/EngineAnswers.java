package dev.lathe.app.api;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.pipelines.jobs.ServedAnswers;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.serving.providers.LocalEngines;
import dev.lathe.serving.providers.LocalEngines.EngineUnavailable;
import dev.lathe.serving.providers.LocalModel;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A version's answers by the local engine, over the files and by the request that users get theirs:
 * {@code POST /v1/chat/completions}, at temperature 0.
 */
public final class EngineAnswers implements ServedAnswers {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private final LocalEngines engines;
  private final Function<ModelVersion, LocalModel> files;

  /**
   * @param files what an engine loads to serve a version
   */
  public EngineAnswers(LocalEngines engines, Function<ModelVersion, LocalModel> files) {
    this.engines = engines;
    this.files = files;
  }

  @Override
  public List<Answer> answer(ModelVersion version, List<Question> questions) {
    var model = files.apply(version);
    try (var lease = engines.lease(model);
        var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      var answers = new ArrayList<Answer>();
      try {
        // One after another: answers that share a batch are rounded otherwise each time.
        for (var question : questions) {
          answers.add(ask(client, lease.address(), model.id(), question));
        }
      } catch (IOException e) {
        lease.broken();
        throw new EngineUnavailable("the engine broke off: " + e, e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      }
      return answers;
    }
  }

  private static Answer ask(HttpClient client, URI engine, String model, Question question)
      throws IOException, InterruptedException {
    var body = new LinkedHashMap<String, Object>();
    body.put("model", model);
    body.put("messages", question.messages().stream().map(EngineAnswers::message).toList());
    body.put("temperature", 0);
    body.put("cache_prompt", false); // nor is what stands in the cache computed as it would be now
    body.put("max_tokens", question.maxTokens());
    body.put("logprobs", true); // with them come the tokens' ids
    var request =
        HttpRequest.newBuilder(engine.resolve("/v1/chat/completions"))
            .timeout(PATIENCE)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body)))
            .build();
    var response = client.send(request, BodyHandlers.ofByteArray());
    var answer = JSON.readTree(response.body());
    if (response.statusCode() != 200) {
      throw new BadInput(
          "the engine refuses a probe prompt",
          answer.path("error").path("message").asString("status " + response.statusCode()),
          "Ask it by hand: ./lathe chat " + model + ".");
    }
    var choice = answer.path("choices").path(0);
    return new Answer(
        choice.path("message").path("content").asString(""),
        ids(choice.path("logprobs").path("content")),
        choice.path("finish_reason").asString("").equals("stop"));
  }

  private static Map<String, Object> message(Message message) {
    return Map.of("role", message.role().wire(), "content", message.content());
  }

  /** llama-server names each token's id beside its log-probability; others may not. */
  private static @Nullable List<Integer> ids(JsonNode content) {
    if (!content.isArray() || content.isEmpty()) {
      return null;
    }
    var ids = new ArrayList<Integer>();
    for (var token : content) {
      if (!token.path("id").isIntegralNumber()) {
        return null;
      }
      ids.add(token.path("id").intValue());
    }
    return ids;
  }
}

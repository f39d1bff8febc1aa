package dev.lathe.app.api;

import dev.lathe.datasets.conversation.Message;
import dev.lathe.pipelines.suites.Respondent;
import dev.lathe.pipelines.suites.SuiteAnswer;
import dev.lathe.serving.routing.Asker;
import dev.lathe.serving.routing.KeptReply;
import dev.lathe.serving.routing.Reply;
import dev.lathe.serving.routing.Router;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.WireError;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Asks a target as clients do, through the router and its request log, at temperature 0.
 *
 * @param name as the router resolved it, so that no experiment and no moving alias comes between
 */
record RoutedRespondent(Router router, String name, String by) implements Respondent {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final int REMOTE_AT_ONCE = 4;
  private static final int ATTEMPTS = 4;
  private static final int TOO_MANY = 429;
  private static final long LONGEST_WAIT = 60;

  private boolean local() {
    return by.equals("engine");
  }

  @Override
  public List<SuiteAnswer> answer(List<Question> questions, IntConsumer done) {
    // A local engine is asked one after another: answers that share a batch are rounded otherwise.
    var threads =
        Executors.newFixedThreadPool(
            local() ? 1 : REMOTE_AT_ONCE, Thread.ofVirtual().name("suite-", 0).factory());
    try {
      var asked = questions.stream().map(q -> threads.submit(() -> ask(q))).toList();
      var answers = new ArrayList<SuiteAnswer>();
      for (var answer : asked) {
        answers.add(awaited(answer));
        done.accept(answers.size());
      }
      return answers;
    } finally {
      threads.shutdownNow(); // whoever waited has gone, or one answer did not come
    }
  }

  private static SuiteAnswer awaited(Future<SuiteAnswer> answer) {
    try {
      return answer.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException broken) {
        throw broken;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private SuiteAnswer ask(Question question) throws InterruptedException {
    var request = ChatRequest.read(JSON.writeValueAsBytes(body(question)));
    for (int attempt = 1; ; attempt++) {
      try {
        var reply = new KeptReply();
        router.chat(request, Asker.UNKNOWN, reply);
        return read(JSON.readTree(reply.body()));
      } catch (WireError e) {
        if (e.status() != TOO_MANY || attempt == ATTEMPTS) {
          throw new NotAnswered(
              "'" + name + "' does not answer",
              e.message(),
              "See whether './lathe chat " + name + "' is answered, then run it again.");
        }
        Thread.sleep(Duration.ofSeconds(wait(e, attempt)));
      } catch (Reply.ClientGone e) {
        throw new IllegalStateException("nobody can leave here", e);
      }
    }
  }

  private static long wait(WireError e, int attempt) {
    var told = e.retryAfter();
    return told != null && told.matches("\\d{1,6}")
        ? Math.min(Long.parseLong(told), LONGEST_WAIT)
        : 1L << attempt;
  }

  private Map<String, Object> body(Question question) {
    var body = new LinkedHashMap<String, Object>();
    body.put("model", name);
    body.put("messages", question.messages().stream().map(RoutedRespondent::turn).toList());
    body.put("temperature", 0);
    body.put("max_tokens", question.maxTokens());
    if (local()) {
      body.put("cache_prompt", false); // what stands in the cache was rounded otherwise
    }
    return body;
  }

  private static Map<String, Object> turn(Message message) {
    return Map.of("role", message.role().wire(), "content", message.content());
  }

  private static SuiteAnswer read(JsonNode answer) {
    var choice = answer.path("choices").path(0);
    return new SuiteAnswer(
        choice.path("message").path("content").asString("").strip(),
        !choice.path("finish_reason").asString("").equals("length"));
  }
}

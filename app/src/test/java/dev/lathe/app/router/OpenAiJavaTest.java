package dev.lathe.app.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.errors.BadRequestException;
import com.openai.errors.InternalServerException;
import com.openai.errors.NotFoundException;
import com.openai.errors.OpenAIException;
import com.openai.errors.RateLimitException;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OpenAI's own Java client, unchanged. */
class OpenAiJavaTest {
  @TempDir static Path folder;
  private static StandInUpstream upstream;
  private static ServedHome home;
  private static OpenAIClient client;

  @BeforeAll
  static void start() throws Exception {
    upstream = StandInUpstream.start();
    home = ServedHome.start(folder, ServedHome.lab(upstream));
    client =
        OpenAIOkHttpClient.builder()
            .baseUrl(home.server().address() + "/v1")
            .apiKey("sk-anything")
            .maxRetries(0)
            .build();
  }

  @AfterAll
  static void stop() throws Exception {
    client.close();
    home.close();
    upstream.close();
  }

  private static ChatCompletionCreateParams.Builder ask(String model) {
    return ChatCompletionCreateParams.builder().model(model).addUserMessage("hello");
  }

  @Test
  void chats() {
    var answer = client.chat().completions().create(ask("lab:instant").build());
    assertThat(answer.choices().getFirst().message().content()).hasValue("one two three four five");
    assertThat(answer.id()).startsWith("chatcmpl-");
    assertThat(answer.usage().orElseThrow().completionTokens()).isEqualTo(5);
  }

  @Test
  void streams() {
    try (var stream = client.chat().completions().createStreaming(ask("lab:slow").build())) {
      var text =
          stream.stream()
              .flatMap(chunk -> chunk.choices().stream())
              .flatMap(choice -> choice.delta().content().stream())
              .collect(Collectors.joining());
      assertThat(text).isEqualTo("one two three four five ");
    }
  }

  @Test
  void hearsOfAStreamThatBreaksOff() {
    try (var stream = client.chat().completions().createStreaming(ask("lab:broken").build())) {
      assertThatExceptionOfType(OpenAIException.class)
          .isThrownBy(() -> stream.stream().forEach(chunk -> {}));
    }
  }

  @Test
  void listsModels() {
    assertThat(client.models().list().data()).anyMatch(m -> m.id().equals("lab:instant"));
    assertThat(client.models().retrieve("lab:org/big").id()).isEqualTo("lab:org/big");
  }

  @Test
  void getsTheErrorClassesItKnows() {
    assertThatExceptionOfType(BadRequestException.class)
        .isThrownBy(
            () -> client.chat().completions().create(ask("lab:instant").temperature(9.0).build()))
        .matches(e -> e.param().orElse("").equals("temperature"));
    assertThatExceptionOfType(NotFoundException.class)
        .isThrownBy(() -> client.chat().completions().create(ask("nothing").build()))
        .matches(e -> e.code().orElse("").equals("model_not_found"));
    assertThatExceptionOfType(RateLimitException.class)
        .isThrownBy(() -> client.chat().completions().create(ask("lab:429").build()));
    assertThatExceptionOfType(InternalServerException.class)
        .isThrownBy(() -> client.chat().completions().create(ask("down:any").build()));
  }
}

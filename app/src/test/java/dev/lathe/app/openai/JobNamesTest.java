package dev.lathe.app.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.registry.models.ModelRef;
import dev.lathe.serving.wire.WireError;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class JobNamesTest {
  @Test
  void aModelsNameTellsItsBaseAndSuffixAndIsOneOfTheRegistry() {
    assertThat(JobRequests.name("smollm2-135m-instruct", "My desk!"))
        .matches("ft-smollm2-135m-instruct-my-desk-[a-z0-9]{8}");
    assertThat(JobRequests.name("tiny", null)).matches("ft-tiny-[a-z0-9]{8}");
    assertThat(JobRequests.name("tiny", "日本")).matches("ft-tiny-[a-z0-9]{8}");
    for (var suffix : List.of("x".repeat(64), "-._-", "A B C")) {
      var name = JobRequests.name("b".repeat(63), suffix);
      assertThat(ModelRef.requireName(name)).hasSizeLessThanOrEqualTo(63);
    }
  }

  @Test
  void fieldsAreToldWithTheirPath() {
    var body = Body.read(bytes("{\"a\":{\"n\":1.5,\"t\":7,\"x\":1},\"n\":\"auto\"}"));
    assertThat(body.whole("n", 1, 9)).isNull();
    var part = body.part("a");
    assertThat(part).isNotNull();
    refused(() -> part.whole("n", 1, 9), "a.n", "a whole number from 1 to 9");
    refused(() -> part.text("t"), "a.t", "must be a text");
    refused(() -> part.text("missing"), "a.missing", "is missing");
    refused(() -> part.number("n", 2, 9), "a.n", "from 2 to 9");
    refused(body::done, "a.x", "'a.x' is unknown");
  }

  @Test
  void whatIsNoObjectIsNoBody() {
    for (var text : List.of("", "[]", "7", "{", "{}x")) {
      refused(() -> Body.read(bytes(text)), null, "The body is no JSON");
    }
  }

  private static void refused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call,
      @org.jspecify.annotations.Nullable String param,
      String message) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(WireError.class, e -> assertThat(e.param()).isEqualTo(param))
        .hasMessageContaining(message);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}

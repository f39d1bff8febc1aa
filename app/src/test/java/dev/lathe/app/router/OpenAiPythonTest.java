package dev.lathe.app.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * OpenAI's own Python client, unchanged, where there is one (LATHE_PEERS names its environment).
 */
@Tag("slow")
class OpenAiPythonTest {
  @TempDir Path folder;

  private static final String PROGRAM =
      """
      import sys, openai
      client = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="sk-anything", max_retries=0)
      ask = lambda model, **more: client.chat.completions.create(model=model, messages=[{"role": "user", "content": "hi"}], **more)
      answer = ask("lab:instant")
      assert answer.choices[0].message.content == "one two three four five", answer
      assert answer.id.startswith("chatcmpl-") and answer.usage.completion_tokens == 5
      raw = client.chat.completions.with_raw_response.create(model="lab:instant", messages=[{"role": "user", "content": "hi"}])
      assert raw.headers["x-lathe-id"] == raw.parse().id
      words = [c.choices[0].delta.content for c in ask("lab:slow", stream=True) if c.choices and c.choices[0].delta.content]
      assert "".join(words) == "one two three four five ", words
      assert "lab:instant" in [m.id for m in client.models.list()]
      assert client.models.retrieve("lab:org/big").id == "lab:org/big"
      def raises(kind, call, **has):
          try:
              call()
          except kind as e:
              for name, value in has.items():
                  assert getattr(e, name) == value, (name, getattr(e, name))
          else:
              raise AssertionError("no " + kind.__name__)
      raises(openai.BadRequestError, lambda: ask("lab:instant", temperature=9), param="temperature")
      raises(openai.NotFoundError, lambda: ask("nothing"), code="model_not_found")
      raises(openai.RateLimitError, lambda: ask("lab:429"))
      raises(openai.InternalServerError, lambda: ask("down:any"), code="upstream_unavailable")
      raises(openai.APIError, lambda: list(ask("lab:broken", stream=True)))
      print("all is well with", openai.__version__)
      """;

  @Test
  void talksToTheRouterUnchanged() throws Exception {
    var python = python();
    Assumptions.assumeTrue(python != null, "no Python with the package openai");
    var program = Files.writeString(folder.resolve("client.py"), PROGRAM);
    try (var upstream = StandInUpstream.start();
        var home = ServedHome.start(folder.resolve("home"), ServedHome.lab(upstream))) {
      var process =
          new ProcessBuilder(python, program.toString(), home.server().address().toString())
              .redirectErrorStream(true)
              .start();
      var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(said).startsWith("all is well");
    }
  }

  private static @org.jspecify.annotations.Nullable String python() throws Exception {
    var given = System.getenv("LATHE_PEERS");
    var known = given == null ? List.of("python3") : List.of(given + "/bin/python", "python3");
    for (var python : known) {
      try {
        var process = new ProcessBuilder(python, "-c", "import openai").start();
        if (process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0) {
          return python;
        }
      } catch (java.io.IOException e) {
        continue; // it is not there
      }
    }
    return null;
  }
}

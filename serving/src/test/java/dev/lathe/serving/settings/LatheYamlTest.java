package dev.lathe.serving.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.Settings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LatheYamlTest {
  @TempDir Path folder;

  private LatheYaml read(String text, Map<String, String> environment) throws IOException {
    return LatheYaml.read(Files.writeString(folder.resolve("lathe.yaml"), text), environment);
  }

  private static Provider lab(LatheYaml yaml) {
    return Objects.requireNonNull(yaml.providers().get("lab"));
  }

  @Test
  void theDefaults() {
    assertThat(LatheYaml.defaults())
        .isEqualTo(
            new LatheYaml(
                Map.of(),
                new ServerLimits(16 << 20, 512 << 20, Duration.ofSeconds(30)),
                new StandingGates(List.of(), null),
                RoutingSettings.read(new Settings("", Map.of())),
                AiSettings.read(new Settings("", Map.of())),
                Accounting.NONE));
  }

  @Test
  void everyKeyIsRead() throws IOException {
    var yaml =
        read(
            """
            server: {maxBodyMiB: 1, drainSeconds: 2}
            providers:
              lab:
                type: openai
                baseUrl: "http://127.0.0.1:9100/v1/"
                apiKey: "${LAB_KEY}"
                models: [gpt-oss, "meta/llama"]
                timeoutSeconds: 5
                connections: 8
                streamUsage: false
            """,
            Map.of("LAB_KEY", "s3cret$1"));
    assertThat(yaml.server())
        .isEqualTo(new ServerLimits(1 << 20, 512 << 20, Duration.ofSeconds(2)));
    assertThat(yaml.providers().get("lab"))
        .isEqualTo(
            new Provider(
                "lab",
                ProviderKind.OPENAI,
                URI.create("http://127.0.0.1:9100/v1"),
                new Secret("s3cret$1"),
                4096,
                java.util.List.of("gpt-oss", "meta/llama"),
                Duration.ofSeconds(5),
                8,
                false,
                "",
                1,
                java.util.List.of()));
    assertThat(yaml.toString()).doesNotContain("s3cret");
  }

  @Test
  void aProviderCanHaveSeveralEndpointsAndKeys() throws IOException {
    var yaml =
        read(
            """
            providers:
              lab:
                type: openai
                baseUrl: "http://one/v1"
                apiKey: first
                endpoints:
                  own: {weight: 3}
                  other: {apiKey: second}
                  far: {baseUrl: "http://two/v1/", apiKey: third}
            """,
            Map.of());
    assertThat(lab(yaml).parts())
        .extracting(Provider::part, p -> p.baseUrl().toString(), p -> key(p), Provider::weight)
        .containsExactly(
            tuple("own", "http://one/v1", "first", 3.0),
            tuple("other", "http://one/v1", "second", 1.0),
            tuple("far", "http://two/v1", "third", 1.0));
  }

  private static String key(Provider provider) {
    return Objects.requireNonNull(provider.apiKey()).value();
  }

  @Test
  void everyProblemIsToldAtOnce() {
    assertThatExceptionOfType(BadInput.class)
        .isThrownBy(
            () ->
                read(
                    """
                    serevr: {}
                    server: {maxBodyMib: 3}
                    providers:
                      gemini: {type: gemini, baseUrl: "https://api.example/v1"}
                      Lab: {type: openai, baseURL: "http://x/v1", apiKey: "${NO_SUCH_KEY}"}
                      ftp: {type: opnai, baseUrl: "ftp://user:pw@x/y"}
                      flat: 7
                    """,
                    Map.of()))
        .withMessageContainingAll(
            "unknown key 'serevr'. Did you mean 'server'?",
            "unknown key 'server.maxBodyMib'. Did you mean 'maxBodyMiB'?",
            "providers.gemini.type: 'gemini' is not spoken here yet",
            "'Lab' is no name",
            "unknown key 'providers.Lab.baseURL'. Did you mean 'baseUrl'?",
            "providers.Lab.apiKey: the environment has no NO_SUCH_KEY",
            "providers.ftp.type: 'opnai' is unknown",
            "providers.ftp.baseUrl: no address",
            "providers.flat: keys with values are expected")
        .withMessageNotContaining("user:pw");
  }

  @Test
  void everyKindHasItsAddressAndOnlyAnthropicALength() throws IOException {
    var yaml =
        read(
            """
            providers:
              openai: {type: openai}
              claude: {type: anthropic, maxTokens: 900, apiKey: k}
              cohere: {type: cohere}
              ollama: {type: ollama}
              behind: {type: anthropic, baseUrl: "http://proxy/claude/v1/"}
            """,
            Map.of());
    assertThat(yaml.providers().values())
        .extracting(p -> p.kind() + " " + p.baseUrl() + " " + p.maxTokens())
        .containsExactlyInAnyOrder(
            "OPENAI https://api.openai.com/v1 4096",
            "ANTHROPIC https://api.anthropic.com 900",
            "COHERE https://api.cohere.com 4096",
            "OLLAMA http://127.0.0.1:11434 4096",
            "ANTHROPIC http://proxy/claude 4096");
    assertThatExceptionOfType(BadInput.class)
        .isThrownBy(() -> read("providers: {o: {type: openai, maxTokens: 5}}", Map.of()))
        .withMessageContaining("unknown key 'providers.o.maxTokens'");
  }

  @Test
  void aVariableMayHaveADefault() throws IOException {
    var text =
        "providers: {lab: {type: openai, baseUrl: 'http://${HOST:-127.0.0.1}:1/v1', apiKey: '${K:-}'}}";
    var lab = lab(read(text, Map.of()));
    assertThat(lab.baseUrl()).hasToString("http://127.0.0.1:1/v1");
    assertThat(lab.apiKey()).isNull();
    assertThat(lab(read(text, Map.of("HOST", "h", "K", "k"))).baseUrl())
        .hasToString("http://h:1/v1");
  }

  @Test
  void whatIsNoYamlOrNotThereOrTwiceThereIsToldWithItsPlace() {
    assertThatExceptionOfType(BadInput.class)
        .isThrownBy(() -> read("providers: [", Map.of()))
        .withMessageContaining("lathe.yaml, line");
    assertThatExceptionOfType(BadInput.class)
        .isThrownBy(() -> read("- a\n- b\n", Map.of()))
        .withMessageContaining("no YAML mapping");
    assertThatExceptionOfType(BadInput.class)
        .isThrownBy(() -> read("server: {}\nserver: {}\n", Map.of()))
        .withMessageContaining("no YAML mapping");
    assertThatExceptionOfType(BadInput.class)
        .isThrownBy(() -> LatheYaml.read(folder.resolve("none.yaml"), Map.of()))
        .withMessageContaining("lathe.example.yaml");
  }

  @Test
  void anEmptyFileSaysNothing() throws IOException {
    assertThat(read("# nothing\n", Map.of())).isEqualTo(LatheYaml.defaults());
  }

  @Test
  void gatesStandWithTheirJudgeAndAJudgeNeedsGates() throws IOException {
    var yaml = read("gates: {suites: [\"suite:safety>=0.8\"], judge: \"lab:big\"}\n", Map.of());
    assertThat(yaml.gates()).isEqualTo(new StandingGates(List.of("suite:safety>=0.8"), "lab:big"));
    assertThatExceptionOfType(BadInput.class)
        .isThrownBy(() -> read("gates: {judge: \"lab:big\"}\n", Map.of()))
        .withMessageContaining("gates.judge: there is nothing to grade for");
  }

  @Test
  void theExampleThatShipsIsRead() {
    var root = Path.of("").toAbsolutePath();
    var file =
        Files.exists(root.resolve("lathe.example.yaml"))
            ? root.resolve("lathe.example.yaml")
            : root.resolveSibling("lathe.example.yaml");
    var yaml = LatheYaml.read(file, Map.of("OPENAI_API_KEY", "sk-test"));
    assertThat(yaml.providers()).containsKeys("openai", "lab", "claude", "cohere", "box");
    assertThat(yaml.server()).isEqualTo(LatheYaml.defaults().server());
  }
}

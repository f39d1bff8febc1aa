package dev.lathe.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code --json} promises. {@link CommandLineHome} holds every printed object to its schema.
 */
class SchemaTest {
  @TempDir static Path folder;
  private static CommandLineHome home;

  @BeforeAll
  static void start() {
    home = new CommandLineHome(folder.resolve("home"));
  }

  @AfterAll
  static void stop() {
    home.close();
  }

  static Stream<String> names() throws IOException {
    try (var files = Files.list(Schemas.FOLDER)) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(f -> f.endsWith(".json"))
          .map(f -> f.replace(".json", ""))
          .sorted()
          .toList()
          .stream();
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void everySchemaIsOneAndDescribesEveryKey(String name) throws IOException {
    var schema =
        JsonMapper.shared().readTree(Files.readString(Schemas.FOLDER.resolve(name + ".json")));
    assertThat(schema.path("$schema").asString(""))
        .isEqualTo("https://json-schema.org/draft/2020-12/schema");
    assertThat(schema.path("title").asString("")).isNotBlank();
    assertThat(Schemas.problems(name, JsonMapper.shared().readTree("7"))).isNotEmpty();
    var bare = new ArrayList<String>();
    describe(schema, name, bare);
    assertThat(bare).isEmpty();
  }

  /** Keys without a description, and closed objects: keys may be added. */
  private static void describe(JsonNode node, String path, List<String> bare) {
    for (var property : node.path("properties").properties()) {
      if (!property.getValue().has("description") && !property.getValue().has("$ref")) {
        bare.add(path + "/" + property.getKey());
      }
    }
    if (node.path("additionalProperties").isBoolean() || node.has("unevaluatedProperties")) {
      bare.add(path + " is closed");
    }
    for (var required : node.path("required")) {
      if (!node.path("properties").has(required.asString(""))) {
        bare.add(path + " requires the unknown " + required);
      }
    }
    for (var child : node.properties()) {
      describe(child.getValue(), path + "/" + child.getKey(), bare);
    }
    for (int i = 0; node.isArray() && i < node.size(); i++) {
      describe(node.get(i), path + "/" + i, bare);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          error           | /error                   | what remedy value
          dataset-show    |                          | dataset id base conversations kept dropped tokens labelTokens splits seconds
          runs-show       |                          | id state base dataset model step steps tokens labelTokens seconds tokensPerSecond loss evalLoss evalLossBefore peakRssMiB checkpoints version error
          eval            |                          | target dataset loss perplexity tokenAccuracy tokens
          models-show     |                          | version aliases run dataset base recipe metrics files createdAt
          models-show     | /files/items             | path bytes sha256
          models-promotion|                          | version alias previous by reason gates at
          models-promotion| /gates/items             | name passed expected found
          experiment-show |                          | id state arms difference pValue sampleRatio verdict
          experiment-show | /arms/items              | target weight subjects exposures feedback mean latencyMs errors cost
          experiment-show | /arms/items/latencyMs    | p50 p95
          demo            |                          | base dataset run eval voice answers seconds
          demo            | /answers/items           | prompt base tuned
          doctor          | /checks/items            | name ok found remedy
          """)
  void whatTheDesignPromisesIsRequired(String name, String where, String keys) throws IOException {
    var node =
        JsonMapper.shared().readTree(Files.readString(Schemas.FOLDER.resolve(name + ".json")));
    for (var step : where == null ? List.<String>of() : List.of(where.substring(1).split("/"))) {
      node = step.equals("items") ? node.path("items") : node.path("properties").path(step);
    }
    var required = node.path("required").valueStream().map(JsonNode::asString).toList();
    assertThat(required).contains(keys.split(" "));
  }

  @Test
  void aKeyThatIsMissingOrOfAnotherKindIsNoticed() {
    var eval =
        JsonMapper.shared()
            .readTree(
                """
                {"target":"tiny","dataset":"desk@1","split":"test","loss":"NaN","perplexity":1,
                 "tokenAccuracy":0,"tokens":3,"precision":"fp32","added":"later"}\
                """);
    assertThat(Schemas.problems("eval", eval)).isEmpty();
    var o = (tools.jackson.databind.node.ObjectNode) eval;
    assertThat(Schemas.problems("eval", o.deepCopy().put("loss", "low"))).isNotEmpty();
    o.remove("perplexity");
    assertThat(Schemas.problems("eval", o)).anyMatch(p -> p.contains("perplexity"));
  }

  @Test
  void basesAndDatasetsPrintWhatTheyPromise() throws IOException {
    home.run("pull", "tiny", "--json").done();
    for (var words :
        List.of("bases", "bases list", "bases show tiny", "bases verify tiny", "doctor")) {
      home.run((words + " --json").split(" ")).done();
    }
    var template = Files.writeString(folder.resolve("t.jinja"), "{{ messages[0].content }}");
    var extend = "bases extend tiny --tokens <|order|>,<|sku|> --special --name tiny-desk --json";
    var extended =
        home.run(with(extend.split(" "), "--chat-template", template.toString())).done().json();
    assertThat(extended.path("extension").path("firstId").asInt()).isEqualTo(336);
    assertThat(home.run("bases", "show", "tiny-desk").done().out()).contains("ids 336 to 337");
    assertThat(home.run(extend.split(" ")).refused().err()).contains("tiny-desk");
    Files.writeString(template, "{% if %}");
    var broken = home.run(with(extend.split(" "), "--chat-template", template.toString()));
    assertThat(broken.refused().err()).contains("template");
    var log = Files.writeString(folder.resolve("a.jsonl"), lines(40));
    var build =
        new String[] {"dataset", "build", log.toString(), "--name", "desk", "--base", "tiny"};
    var built = home.run(with(build, "--json", "--set", "validation=0.2")).done().json();
    assertThat(built.path("broken").asInt()).isEqualTo(1);
    assertThat(built.path("redactions").path("email").asInt()).isPositive();
    home.run(with(build, "--json", "--set", "validation=0.3", "--set", "maxLength=64")).done();
    assertThat(home.run("dataset", "show", "desk@1", "--json").done().json()).isEqualTo(built);
    assertThat(home.run("dataset", "list", "--json").done().json().path("items").size())
        .isEqualTo(2);
    var first = home.run("dataset", "preview", "desk@1", "--json").done().json();
    var id = first.path("conversations").get(1).path("id").asString();
    var one = home.run("dataset", "preview", "desk@1", "--id", id, "--json").done().json();
    assertThat(one.path("conversations").valueStream().map(c -> c.path("id").asString()))
        .containsOnly(id);
    assertThat(home.run("dataset", "preview", "desk@1", "--id", "nobody").err())
        .contains("no such conversation", "nobody");
    home.run("dataset", "preview", "desk@1", "--split", "validation", "-n", "1", "--json").done();
    home.run("dataset", "stats", "desk", "--json").done();
    var diff = home.run("dataset", "diff", "desk@1", "desk@2", "--json").done().json();
    assertThat(diff.path("moved").size()).isPositive();
    for (var format : List.of("tokens", "openai")) {
      var out = folder.resolve(format + ".jsonl").toString();
      home.run("dataset", "export", "desk@1", "--format", format, "--out", out, "--json").done();
    }
    home.run("bases", "remove", "tiny", "--json").done();
  }

  @Test
  void aClassifierThatWasTrainedIsAskedBesideTheRules() throws IOException {
    var prompts =
        Schemas.FOLDER.resolve("../../serving/src/test/resources/tasks/later.jsonl").normalize();
    var from = folder.resolve("labelled.jsonl");
    Files.write(from, Files.readAllLines(prompts).subList(0, 80));
    var out = folder.resolve("classifier.bin").toString();
    var trained =
        home.run("router", "train", "--from", from.toString(), "--out", out, "--json").done();
    assertThat(trained.json().path("requests").asInt()).isEqualTo(80);
    assertThat(home.run("router", "train", "--from", from.toString(), "--out", out).done().out())
        .contains("held out, 5 folds of 80 requests");
    var said = "Prove that there are infinitely many primes.";
    var both = home.run("router", "classify", said, "--classifier", out, "--json").done().json();
    assertThat(both.path("rules").path("task").asString()).isEqualTo("maths");
    assertThat(both.path("rules").path("band").asString()).isEqualTo("high");
    assertThat(both.path("trained").path("because")).isNotEmpty();
    assertThat(
            home.run("router", "classify", said, "--json").done().json().path("trained").isNull())
        .isTrue();
    var body =
        Files.writeString(
            folder.resolve("body.json"),
            """
            {"messages":[{"role":"user","content":"Rain tomorrow?"}],
             "tools":[{"type":"function","function":{"name":"weather"}}]}""");
    assertThat(home.run("router", "classify", "--request", body.toString()).done().out())
        .contains("rules", "tools");
    home.run("router", "classify").refused();
    home.run("router", "classify", "a", "--request", body.toString()).refused();
    home.run("router", "classify", "--request", from.toString(), "--json").refused();
    home.run("router", "classify", said, "--classifier", from.toString(), "--json").refused();
    home.run("router", "train", "--from", body.toString(), "--out", out, "--json").refused();
    home.run("router", "train", "--from", from.toString(), "--out", out + "/no/x").refused();
  }

  @Test
  void usagePrintsWhatItPromises() {
    for (var by : List.of("day", "model", "target", "key", "provider")) {
      assertThat(home.run("usage", "--by", by, "--json").done().json().path("by").asString())
          .isEqualTo(by);
    }
    assertThat(home.run("usage").done().out()).contains("Nothing was asked");
    assertThat(home.run("usage", "--by", "modle", "--json").refused().err()).contains("model");
    assertThat(home.run("usage", "--from", "yesterday").refused().err()).contains("2026-11-22");
  }

  @Test
  void errorsArePrintedAsTheSchemaHasThem() {
    home.run("bases", "show", "nothing", "--json").refused();
    home.run("runs", "show", "nothing", "--json").refused();
    home.run("dataset", "show", "nothing@7", "--json").refused();
    home.run("dataset", "build", "--json").refused();
    home.run("no-such-command", "--json").refused();
  }

  private static String[] with(String[] words, String... more) {
    return Stream.concat(Stream.of(words), Stream.of(more)).toArray(String[]::new);
  }

  private static String lines(int n) {
    var text = new StringBuilder("{\"broken\n");
    for (int i = 0; i < n; i++) {
      text.append(
          """
          {"id":"c%d","messages":[{"role":"user","content":"Where is parcel %d of %d?"},{"role":"assistant","content":"Parcel %d is %d miles away. Write to desk%d@example.org."}]}
          """
              .formatted(i, i * 7919, i * 31, i * 7919, i * i * 17, i));
    }
    return text.toString();
  }
}

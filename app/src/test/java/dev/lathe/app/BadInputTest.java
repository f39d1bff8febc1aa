package dev.lathe.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.app.CommandLineHome.Ran;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What users get wrong, each through the command line: exit status 2, what was wrong, the value and
 * the remedy, no stack trace, and nothing of what was there is lost.
 */
class BadInputTest {
  @TempDir static Path folder;
  private static CommandLineHome home;
  private static Path good;

  @BeforeAll
  static void aHomeWithABaseAndADataset() throws IOException {
    home = new CommandLineHome(folder.resolve("home"));
    home.run("pull", "tiny").done();
    good = Files.writeString(folder.resolve("good.jsonl"), lines(30));
    home.run("dataset", "build", good.toString(), "--name", "desk", "--base", "tiny").done();
  }

  @AfterAll
  static void nothingWasLost() throws IOException {
    var listing = home.run("dataset", "list", "--json").done().json().path("items");
    assertThat(listing.get(0).path("dataset").asString("")).isIn("counted@1", "desk@1");
    home.run("dataset", "show", "desk@1").done();
    home.run("bases", "verify", "tiny").done();
    try (var left = Files.list(home.folder().resolve("datasets"))) {
      assertThat(left).noneMatch(f -> f.getFileName().toString().startsWith("."));
    }
    home.close();
  }

  private static Ran build(Path log, String... more) {
    var words = Stream.of("dataset", "build", log.toString(), "--name", "bad", "--base", "tiny");
    return home.run(Stream.concat(words, Stream.of(more)).toArray(String[]::new));
  }

  private static Path file(String name, byte[] bytes) throws IOException {
    return Files.write(folder.resolve(name), bytes);
  }

  private static Path file(String name, String text) throws IOException {
    return file(name, text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void aMissingLogIsNamedWithTheNearestThatIsThere() {
    assertThat(build(folder.resolve("goood.jsonl")).refused().err())
        .contains("no such log", "goood.jsonl", "did you mean", "good.jsonl");
    assertThat(build(folder.resolve("nowhere/a.jsonl")).refused().err())
        .contains("there is no directory");
    assertThat(build(folder).refused().err()).contains("is a directory, not a file");
    assertThat(build(Path.of("/dev/zero")).refused().err()).contains("is a pipe or a device");
  }

  @Test
  void aFileOfAnotherFormatIsNamedForWhatItIs() throws IOException {
    assertThat(build(file("a.csv", "question,answer\nhow,so\n")).refused().err())
        .contains("a.csv", "openai");
    assertThat(build(file("package.json", "{\"name\":\"x\",\"version\":\"1\"}")).refused().err())
        .contains("package.json");
    assertThat(build(good, "--format", "sharegpt").refused().err()).contains("sharegpt");
    assertThat(build(good, "--format", "opnai").refused().err()).contains("Did you mean 'openai'?");
    assertThat(
            build(file("sixteen.jsonl", lines(5).getBytes(StandardCharsets.UTF_16)))
                .refused()
                .err())
        .contains("sixteen.jsonl");
    var junk = new byte[100_000];
    new Random(7).nextBytes(junk);
    assertThat(build(file("junk.jsonl", junk)).refused().err()).contains("junk.jsonl");
    assertThat(build(file("nul.jsonl", new byte[5000])).refused().err()).contains("nul.jsonl");
    assertThat(build(file("deep.jsonl", "[".repeat(200_000))).refused().err())
        .contains("deep.jsonl");
    assertThat(build(file("deeper.jsonl", "{\"messages\":".repeat(100_000))).refused().err())
        .contains("deeper.jsonl");
  }

  @Test
  void aCompressedLogThatIsCutOffIsReadAsFarAsItGoesAndOneThatHoldsNothingIsRefused()
      throws IOException {
    var gzip = new ByteArrayOutputStream();
    try (var out = new GZIPOutputStream(gzip)) {
      out.write(lines(400).getBytes(StandardCharsets.UTF_8));
    }
    var whole = gzip.toByteArray();
    var half = file("half.jsonl.gz", Arrays.copyOf(whole, whole.length / 2));
    assertThat(
            home.run("dataset", "build", half.toString(), "--name", "counted", "--base", "tiny")
                .done()
                .out())
        .contains("1 entries broken", "half.jsonl.gz line ", "cannot be read further");
    assertThat(build(file("none.jsonl.gz", new byte[0])).refused().err()).contains("none.jsonl.gz");
    assertThat(build(file("magic.jsonl.gz", new byte[] {0x1f, (byte) 0x8b})).refused().err())
        .contains("magic.jsonl.gz");
  }

  @Test
  void brokenLinesAreCountedWithNumberAndReasonAndTheBuildGoesOn() throws IOException {
    var log =
        file(
            "broken.jsonl",
            lines(20).replace("\n", "\r\n")
                + "{\"messages\": [\r\n"
                + "{\"messages\": [{\"role\": \"wizard\", \"content\": \"x\"}]}\n"
                + "{\"messages\":".repeat(3000)
                + "\n7\n");
    var built =
        home.run("dataset", "build", log.toString(), "--name", "counted", "--base", "tiny").done();
    assertThat(built.out())
        .contains("20 conversations read", "4 entries broken")
        .contains("line 21: no valid JSON", "line 22: ", "wizard", "line 24: ");
    var shown = home.run("dataset", "show", "counted", "--json").done().json();
    assertThat(shown.path("broken").asInt()).isEqualTo(4);
    assertThat(shown.path("kept").asInt()).isEqualTo(20);
  }

  @Test
  void anArrayThatIsCutOffIsReadAsFarAsItGoes() throws IOException {
    var array = "[" + lines(6).strip().replace("\n", ",\n") + "";
    var log = file("array.json", array);
    var built = home.run("dataset", "build", log.toString(), "--name", "counted", "--base", "tiny");
    assertThat(built.done().out())
        .contains(
            "6 conversations read", "1 entries broken", "the array cannot be read from here on")
        .doesNotContain("Source");
  }

  @Test
  void aLineOfFiftyMegabytesIsOneBrokenLine() throws IOException {
    var log = file("long.jsonl", lines(3));
    Files.writeString(
        log,
        "{\"messages\":[{\"role\":\"user\",\"content\":\""
            + "x".repeat(50_000_000)
            + "\"}]}\n"
            + lines(2),
        StandardOpenOption.APPEND);
    var built = home.run("dataset", "build", log.toString(), "--name", "counted", "--base", "tiny");
    assertThat(built.done().out()).contains("1 entries broken", "line 4: ");
  }

  @Test
  void anEmptyDatasetIsNotMade() throws IOException {
    assertThat(build(file("empty.jsonl", "")).refused().err()).contains("empty.jsonl");
    assertThat(build(file("blank.jsonl", "\n \n\n")).refused().err()).contains("blank.jsonl");
    var voted = lines(3).replace("\"id\"", "\"feedback\":0,\"id\"");
    assertThat(build(file("voted.jsonl", voted)).refused().err())
        .contains("the dataset would be empty", "down-voted");
  }

  @Test
  void aDatasetWithoutALabelledTokenIsNotMade() throws IOException {
    var unlearned = lines(3).replace("\"assistant\",", "\"assistant\",\"weight\":0,");
    assertThat(build(file("weights.jsonl", unlearned)).refused().err())
        .contains("would be empty", "bad", "no-assistant 3");
    assertThat(build(good, "--set", "maxLength=4").refused().err())
        .contains("no labelled token", "bad", "no-label 30");
  }

  @Test
  void aDatasetIsBoundToItsTokenizer() throws IOException {
    var other = folder.resolve("other");
    copyOf("tiny", other);
    var tokenizer = other.resolve("tokenizer.json");
    Files.writeString(tokenizer, Files.readString(tokenizer).replaceFirst("\\{", "{ "));
    home.run("pull", other.toString()).done();
    for (var command :
        new String[] {
          "train --base other --dataset desk@1 --name m", "eval other --dataset desk@1"
        }) {
      assertThat(home.run(command.split(" ")).refused().err())
          .contains("bound to another tokenizer", "desk@1", "--base other");
    }
    home.run("bases", "remove", "other").done();
  }

  @Test
  void whatIsUnknownIsAnsweredWithTheNearest() {
    var log = good.toString();
    assertThat(
            home.run("dataset", "build", log, "--name", "bad", "--base", "tinny").refused().err())
        .contains("tinny", "Did you mean 'tiny'?");
    assertThat(home.run("bases", "show", "tinny").refused().err()).contains("Did you mean 'tiny'?");
    assertThat(home.run("pull", "smollm2-135m-instrut").refused().err())
        .contains("Did you mean 'smollm2-135m-instruct'?");
    assertThat(home.run("dataset", "show", "dsek").refused().err())
        .contains("Did you mean 'desk'?");
    assertThat(home.run("dataset", "show", "desk@9").refused().err()).contains("desk@1");
    assertThat(home.run("eval", "tinny", "--dataset", "desk").refused().err())
        .contains("Did you mean 'tiny'?");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --by source,lenght          | Did you mean 'length'?
          --by colour                 | metadata.KEY
          --worst -1                  | between 0 and 100
          --worst some                | some
          --answers 2001              | between 0 and 2000
          --answers 3 --answer-tokens 0 | between 1 and 4096
          --answers 3 --turn lats     | Did you mean 'last'?
          --answers 3 --turn call --split train | can be asked
          --schema no-such-file.json  | cannot be read
          --split tests               | train, validation or test
          """)
  void whatAnEvaluationCannotTellIsSaidBeforeAModelIsLoaded(String options, String says) {
    var words = "eval tiny --dataset desk@1 " + options.strip();
    assertThat(home.run(words.split(" +")).refused().err()).contains(says);
  }

  @Test
  void whatAnswersCannotBeHeldToIsRefused() throws IOException {
    var file = folder.resolve("schema.json");
    for (var schema : List.of("{", "[]", "{\"properties\": {\"a\": 3}}")) {
      Files.writeString(file, schema);
      var words = "eval tiny --dataset desk@1 --answers 2 --schema " + file;
      assertThat(home.run(words.split(" ")).refused().err()).contains("chema");
    }
    Files.writeString(file, "{\"type\": \"object\"}");
    assertThat(
            home.run("eval", "tiny", "--dataset", "desk@1", "--schema", file.toString())
                .refused()
                .err())
        .contains("--answers N");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          maxLenght=5         | Did you mean 'maxLength'?
          dedupe=nearly       | Did you mean 'near'?
          redact=emial        | Did you mean 'email'?
          maxLength=-1        | maxLength: -1 lies outside
          maxLength=1e99      | maxLength: 1e99 lies outside
          maxLength=2.5       | 2.5 is not a whole number
          validation=NaN      | validation: NaN
          validation=Infinity | validation: Infinity lies outside
          validation=-0.1     | validation: -0.1 lies outside
          validation=half     | 'half' is not a number
          seed=99999999999    | seed: 99999999999 lies outside
          date=2026-02-30     | 2026-02-30
          template=/no/where  | /no/where
          """)
  void aRecipesKeysAndValuesAreHeldToWhatTheyMayBe(String set, String said) {
    assertThat(build(good, "--set", set).refused().err()).contains(said);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          learningrate=1    | Did you mean 'learningRate'?
          schedule=cosin    | Did you mean 'cosine'?
          targets=q_porj    | Did you mean 'q_proj'?
          steps=-4          | steps: -4
          learningRate=NaN  | learningRate: NaN
          rank=0            | rank: 0
          rank=1e12         | rank: 1e12
          precision=fp31    | Did you mean 'fp32'?
          initFrom=/nowhere | /nowhere
          """)
  void soAreATrainingRecipes(String set, String said) {
    var ran =
        home.run("train", "--base", "tiny", "--dataset", "desk@1", "--name", "m", "--set", set);
    assertThat(ran.refused().err()).contains(said);
    assertThat(home.run("runs", "list", "--json").json().path("items").size()).isZero();
  }

  @Test
  void anExportGoesIntoAFileAndNowhereElse() throws Exception {
    var pipe = folder.resolve("pipe");
    new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor();
    for (var out : new String[] {pipe.toString(), "/nowhere/x", folder.toString()}) {
      home.run("dataset", "export", "desk", "--format", "tokens", "--out", out).refused();
    }
    assertThat(Files.isRegularFile(pipe)).isFalse();
    var out = folder.resolve("out.jsonl").toString();
    assertThat(
            home.run("dataset", "export", "desk", "--format", "tokns", "--out", out)
                .refused()
                .err())
        .contains("tokens");
    home.run("dataset", "export", "desk", "--format", "tokens", "--split", "tain", "--out", out)
        .refused();
    assertThat(folder.resolve("out.jsonl")).doesNotExist();
  }

  @Test
  void aRecipeFileIsReadWithCare() throws IOException {
    var tabs = file("tabs.yaml", "validation:\t0.1\n\tseed: 3\n");
    assertThat(build(good, "--recipe", tabs.toString()).refused().err()).contains("tabs.yaml");
    var list = file("list.yaml", "- a\n- b\n");
    assertThat(build(good, "--recipe", list.toString()).refused().err()).contains("list.yaml");
    var nested = file("nested.yaml", "validation: {share: 0.1}\n");
    assertThat(build(good, "--recipe", nested.toString()).refused().err()).contains("validation");
    var binary = file("binary.yaml", new byte[] {0, 1, 2, (byte) 0xff, (byte) 0xfe});
    assertThat(build(good, "--recipe", binary.toString()).refused().err()).contains("binary.yaml");
    assertThat(build(good, "--recipe", folder.toString()).refused().err())
        .contains("no such recipe");
    for (var recipe : new Path[] {tabs, list, binary, folder}) {
      home.run(
              "train",
              "--base",
              "tiny",
              "--dataset",
              "desk",
              "--name",
              "m",
              "--recipe",
              recipe.toString())
          .refused();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../up", "a/b", "..", ".", "", " ", "grüße", "-x", "a b", "A", "x\ny", "desk@1"})
  void aNameOfADatasetIsAFoldersName(String name) {
    var log = good.toString();
    var ran = home.run("dataset", "build", log, "--name=" + name, "--base", "tiny");
    assertThat(ran.refused().err()).contains("not a name for a dataset");
    assertThat(folder.resolve("up")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"../tiny", "..", "", "a/b", "%2e%2e", "grüße", "tiny\u0000"})
  void soIsAReference(String name) {
    home.run("bases", "show", name).refused();
    home.run("bases", "remove", name).refused();
    home.run("dataset", "show", name).refused();
    home.run("runs", "show", name).refused();
    home.run("bases", "verify", "tiny").done();
  }

  @Test
  void aCorruptGgufFileIsRefused() throws IOException {
    var junk = new byte[5000];
    new Random(3).nextBytes(junk);
    assertThat(home.run("pull", file("junk.gguf", junk).toString()).refused().err())
        .contains("junk.gguf", "GGUF")
        .doesNotContain(".pull-");
    var header = Arrays.copyOf(new byte[] {'G', 'G', 'U', 'F', 3, 0, 0, 0, -1, -1, -1, -1}, 40);
    assertThat(home.run("pull", file("huge.gguf", header).toString()).refused().err())
        .contains("huge.gguf");
    assertThat(home.run("pull", file("empty.gguf", new byte[0]).toString()).refused().err())
        .contains("empty.gguf");
    assertThat(home.run("bases", "list").done().out()).doesNotContain("junk", "huge", "empty");
  }

  @Test
  void corruptSafetensorsAreRefusedOnTheWayInAndFoundAfterwards() throws IOException {
    var cut = folder.resolve("cut");
    copyOf("tiny", cut);
    var weights = cut.resolve("model.safetensors");
    var bytes = Files.readAllBytes(weights);
    Files.write(weights, Arrays.copyOf(bytes, bytes.length / 2));
    assertThat(home.run("pull", cut.toString()).refused().err()).contains("model.safetensors");
    bytes[3] = 0x7f; // the header's length
    Files.write(weights, bytes);
    assertThat(home.run("pull", cut.toString()).refused().err()).contains("model.safetensors");
    assertThat(home.run("bases", "list").done().out()).doesNotContain("cut");

    var later = folder.resolve("later");
    copyOf("tiny", later);
    home.run("pull", later.toString()).done();
    var pulled = home.folder().resolve("bases/later/model.safetensors");
    pulled.toFile().setWritable(true);
    Files.write(pulled, Arrays.copyOf(bytes, bytes.length - 100));
    assertThat(home.run("bases", "verify", "later").refused().err())
        .contains("later", "model.safetensors");
    home.run("eval", "later", "--dataset", "desk@1").refused();
    home.run("train", "--base", "later", "--dataset", "desk@1", "--name", "m").refused();
    home.run("bases", "remove", "later").done();
  }

  private static void copyOf(String base, Path to) throws IOException {
    Files.createDirectories(to);
    for (var name :
        new String[] {
          "config.json",
          "model.safetensors",
          "tokenizer.json",
          "tokenizer_config.json",
          "chat_template.jinja"
        }) {
      Files.write(
          to.resolve(name),
          Files.readAllBytes(home.folder().resolve("bases/" + base + "/" + name)));
    }
  }

  private static String lines(int n) {
    return IntStream.range(0, n)
        .mapToObj(
            i ->
                """
                {"id":"c%d","messages":[{"role":"user","content":"Where is parcel %d?"},{"role":"assistant","content":"Parcel %d is %d miles away."}]}
                """
                    .formatted(i, i * 7919, i * 7919, i * i * 17))
        .collect(Collectors.joining());
  }
}

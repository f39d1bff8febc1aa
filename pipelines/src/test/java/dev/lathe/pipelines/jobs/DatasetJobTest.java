package dev.lathe.pipelines.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.statistics.DatasetStatistics;
import dev.lathe.datasets.store.DatasetDiff;
import dev.lathe.datasets.store.DatasetExport;
import dev.lathe.datasets.store.DatasetRecipe;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.Preview;
import dev.lathe.datasets.store.Split;
import dev.lathe.datasets.tokens.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.batch.core.launch.JobOperator;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.PlatformTransactionManager;

class DatasetJobTest {
  private static ConfigurableApplicationContext context;
  private static Base tiny;

  @TempDir static Path shared;
  @TempDir Path home;
  private DatasetStore store;
  private DatasetJob job;

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  static class Database {}

  @BeforeAll
  static void start() {
    context =
        new SpringApplicationBuilder(Database.class)
            .web(WebApplicationType.NONE)
            .properties(
                "spring.datasource.url=jdbc:h2:" + shared.resolve("db") + ";WRITE_DELAY=0",
                "spring.batch.job.enabled=false",
                "spring.batch.jdbc.initialize-schema=always",
                "spring.main.banner-mode=off",
                "logging.level.root=warn")
            .run();
    tiny = TinyBase.create(new BaseStore(shared.resolve("bases")));
  }

  @AfterAll
  static void stop() {
    context.close();
  }

  @BeforeEach
  void fresh() {
    store = new DatasetStore(home.resolve("datasets"));
    job = job(Clock.systemUTC());
  }

  private DatasetJob job(Clock clock) {
    return new DatasetJob(
        context.getBean(JobRepository.class),
        context.getBean(JobOperator.class),
        context.getBean(PlatformTransactionManager.class),
        store,
        clock);
  }

  @Test
  void logsBecomeAVersionWhoseCountsAddUp() throws IOException {
    var log = log("a.jsonl", 200, 1);
    Files.writeString(
        log,
        Files.readString(log)
            + "{\"broken\n"
            + line("dup", "unlike 1 any other", "the answer of a kind")
            + line("dup2", "unlike 1 any other", "the answer of a kind")
            + line("down", "was it good?", "no").replace("\"id\"", "\"feedback\":0,\"id\"")
            + line("mail", "write to me@example.org", "I wrote to me@example.org at once"));
    var stages = new ArrayList<String>();
    var version = job.build(request(List.of(log), Map.of()), p -> stages.add(p.stage()));

    assertThat(version.dataset()).isEqualTo("desk@1");
    assertThat(version.conversations()).isEqualTo(204);
    assertThat(version.broken()).isEqualTo(1);
    assertThat(version.sources().getFirst().firstBroken().getFirst()).startsWith("line 201: ");
    assertThat(version.dropped())
        .containsEntry("exact-duplicate", 1L)
        .containsEntry("down-voted", 1L);
    assertThat(version.kept() + version.dropped().values().stream().mapToLong(n -> n).sum())
        .isEqualTo(204);
    assertThat(version.redactions()).isEqualTo(Map.of("email", 2L));
    assertThat(
            version.splits().values().stream().mapToLong(DatasetVersion.Part::conversations).sum())
        .isEqualTo(version.kept());
    assertThat(new HashSet<>(stages)).contains("read", "tokenize", "publish");

    var folder = store.folder(version);
    assertThat(Files.readAllLines(folder.drops()))
        .hasSize(2)
        .anyMatch(d -> d.contains("\"dup2\"") && d.contains("the same as dup"));
    assertThat(Files.readString(folder.card()))
        .contains("# desk@1", "| exact-duplicate | 1 |", "email");
    assertThat(store.list()).containsExactly(version);
    try (var examples = folder.examples(Split.TRAIN)) {
      assertThat(examples.size()).isEqualTo(version.part(Split.TRAIN).examples());
      assertThat(examples.labelTokens()).isPositive().isLessThan(examples.tokens());
    }
    assertThat(
            new JdbcTemplate(context.getBean(javax.sql.DataSource.class))
                .queryForList(
                    "select step_name from batch_step_execution where status = 'COMPLETED'",
                    String.class))
        .contains("read", "split", "tokenize", "publish");
  }

  @Test
  void theSameInputsGiveTheSameVersionAndOtherRecipesAnother() {
    var log = log("a.jsonl", 60, 1);
    var first = job.build(request(List.of(log), Map.of()), p -> {});
    assertThat(job.build(request(List.of(log), Map.of()), p -> {})).isEqualTo(first);
    var second = job.build(request(List.of(log), Map.of("validation", "0.2")), p -> {});
    assertThat(second.dataset()).isEqualTo("desk@2");
    assertThat(second.id()).isNotEqualTo(first.id());

    var diff = DatasetDiff.between(store, first, second);
    assertThat(diff.added()).isEmpty();
    assertThat(diff.moved()).isNotEmpty();
    assertThat(diff.recipe()).isEqualTo(Map.of("validation", List.of(0.05, 0.2)));
  }

  @Test
  void appendedLogsMoveNobodyToAnotherSplit() throws IOException {
    var log = log("a.jsonl", 150, 1);
    var before = splits(job.build(request(List.of(log), Map.of()), p -> {}));
    Files.writeString(log, Files.readString(log) + Files.readString(log("b.jsonl", 50, 2)));
    var after = splits(job.build(request(List.of(log), Map.of()), p -> {}));
    assertThat(after.size()).isGreaterThan(before.size());
    assertThat(after).containsAllEntriesOf(before);
  }

  @Test
  void aTemplateThatWritesTheDateGivesTheSameDatasetOnEveryDay() throws IOException {
    var template =
        write(
            "dated.jinja",
            "{{ strftime_now('%d %b %Y') }}\n" + Files.readString(tiny.chatTemplate()));
    var log = log("a.jsonl", 12, 1);
    var set = Map.of("template", template.toString());
    var friday = job(Clock.fixed(Instant.parse("2026-11-20T23:30:00Z"), ZoneOffset.UTC));
    var saturday = job(Clock.fixed(Instant.parse("2026-11-21T08:00:00Z"), ZoneOffset.UTC));

    var first = friday.build(request(List.of(log), set), p -> {});
    assertThat(first.recipe()).containsEntry("date", "2026-11-20");
    assertThat(text(first)).startsWith("20 Nov 2026\n");
    assertThat(saturday.build(request(List.of(log), set), p -> {})).isEqualTo(first);

    var longer = List.of(log, log("b.jsonl", 3, 2));
    var second = saturday.build(request(longer, set), p -> {});
    assertThat(text(second)).startsWith("21 Nov 2026\n");
    var dated = Map.of("template", template.toString(), "date", "2026-11-20");
    var third = saturday.build(request(longer, dated), p -> {});
    assertThat(text(third)).startsWith("20 Nov 2026\n");
    assertThat(third.id()).isNotEqualTo(second.id());

    store.discard(store.folder(first));
    var again = saturday.build(request(List.of(log), dated), p -> {});
    assertThat(again.id()).isEqualTo(first.id());
    assertThat(text(again)).startsWith("20 Nov 2026\n");
    assertThat(job.build(request(List.of(log), Map.of()), p -> {}).recipe())
        .doesNotContainKey("date");
  }

  private String text(DatasetVersion version) {
    try (var tokenizer = Tokenizer.open(tiny.tokenizer())) {
      return Preview.of(store, version, Split.TRAIN, tokenizer, 1)
          .conversations()
          .getFirst()
          .tokens()
          .stream()
          .map(Preview.Token::text)
          .collect(Collectors.joining());
    }
  }

  @Test
  void examplesCanBeSeenAndExported() throws IOException {
    var version = job.build(request(List.of(log("a.jsonl", 30, 1)), Map.of()), p -> {});
    try (var tokenizer = Tokenizer.open(tiny.tokenizer())) {
      var preview = Preview.of(store, version, Split.TRAIN, tokenizer, 2);
      assertThat(preview.conversations()).hasSize(2);
      var shown = preview.conversations().getFirst();
      var text = shown.tokens().stream().map(Preview.Token::text).collect(Collectors.joining());
      assertThat(text).contains("<|im_start|>user\n").contains("question");
      var learned =
          shown.tokens().stream()
              .filter(Preview.Token::labelled)
              .map(Preview.Token::text)
              .collect(Collectors.joining());
      assertThat(learned).startsWith("answer").endsWith("<|im_end|>");
    }
    var out = home.resolve("out.jsonl");
    long lines =
        DatasetExport.write(store.folder(version), DatasetExport.Format.TOKENS, Split.TRAIN, out);
    assertThat(Files.readAllLines(out))
        .hasSize((int) lines)
        .allMatch(l -> l.startsWith("{\"input_ids\": ["));
    lines = DatasetExport.write(store.folder(version), DatasetExport.Format.OPENAI, null, out);
    assertThat(Files.readAllLines(out)).hasSize((int) lines).hasSize((int) version.kept());
  }

  @Test
  void decontaminationTakesOutOfTrainingWhatTheOtherPartsSay() {
    var log = log("a.jsonl", 300, 1);
    var shared = new HashSet<String>();
    var version =
        job.build(
            request(List.of(log), Map.of("decontaminate", "3", "validation", "0.1")), p -> {});
    assertThat(version.dropped().get("contaminated")).isPositive();
    store
        .folder(version)
        .forEach(Split.VALIDATION, c -> shared.addAll(runs(c.messages().getLast().content())));
    store
        .folder(version)
        .forEach(Split.TEST, c -> shared.addAll(runs(c.messages().getLast().content())));
    store
        .folder(version)
        .forEach(
            Split.TRAIN,
            c -> assertThat(runs(c.messages().getLast().content())).noneMatch(shared::contains));
  }

  @Test
  void whatCannotBecomeADatasetIsRefusedAndLeavesNothing() throws IOException {
    var down = write("down.jsonl", line("a", "q", "a").replace("\"id\"", "\"feedback\":0,\"id\""));
    assertThatThrownBy(() -> job.build(request(List.of(down), Map.of()), p -> {}))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("empty")
        .hasMessageContaining("down-voted 1");
    assertThatThrownBy(
            () -> job.build(request(List.of(home.resolve("no.jsonl")), Map.of()), p -> {}))
        .isInstanceOf(BadInput.class);
    var broken = write("broken.jsonl", "{\"messages\":[]}\n{\"messages\":7}");
    assertThatThrownBy(() -> job.build(request(List.of(broken), Map.of()), p -> {}))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("nothing in this log could be read");
    assertThat(store.list()).isEmpty();
    try (var left = Files.list(home.resolve("datasets"))) {
      assertThat(left).isEmpty();
    }
    assertThatThrownBy(() -> store.require("desk")).hasMessageContaining("dataset build");
    assertThatThrownBy(
            () -> new DatasetRequest(List.of(down), null, "../x", tiny, DatasetRecipe.defaults()))
        .isInstanceOf(BadInput.class);
  }

  @Test
  void aBuildThatDiedIsSweptAwayAndCanBeRunAgain() throws IOException {
    Files.createDirectories(home.resolve("datasets/.building-1-dead/examples"));
    Files.writeString(home.resolve("datasets/.building-1-dead/examples/train.shard"), "half");
    job.recoverAbandoned();
    assertThat(home.resolve("datasets/.building-1-dead")).doesNotExist();
    assertThat(job.build(request(List.of(log("a.jsonl", 20, 1)), Map.of()), p -> {}).version())
        .isEqualTo(1);
  }

  @Test
  void aDatasetIsBoundToItsTokenizer() {
    var version = job.build(request(List.of(log("a.jsonl", 20, 1)), Map.of()), p -> {});
    version.requireFor(tiny);
    var v = version;
    var other =
        new DatasetVersion(
            v.dataset(),
            v.name(),
            v.version(),
            v.id(),
            v.base(),
            "00",
            v.templateSha256(),
            false,
            v.sources(),
            v.recipe(),
            v.conversations(),
            v.kept(),
            v.dropped(),
            v.broken(),
            v.changes(),
            v.redactions(),
            v.toolPolicy(),
            v.truncated(),
            v.preferences(),
            v.tokens(),
            v.labelTokens(),
            v.splits(),
            v.seconds(),
            v.createdAt());
    assertThatThrownBy(() -> other.requireFor(tiny))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("another tokenizer");
  }

  @Test
  void turnsWithToolsAreRenderedAndCounted() {
    var log =
        write(
            "tools.jsonl",
            """
            {"id":"t","messages":[{"role":"user","content":"weather?"},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"look","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"sun"},{"role":"assistant","content":"Sunny."}]}
            """);
    var version = job.build(request(List.of(log), Map.of()), p -> {});
    assertThat(version.toolPolicy()).containsEntry("calls", 1L).containsEntry("results", 1L);
    var statistics = DatasetStatistics.of(store, version);
    assertThat(statistics.roles())
        .hasEntrySatisfying("tool", t -> assertThat(t.turns()).isEqualTo(1));
    assertThat(statistics.lengths())
        .hasEntrySatisfying(
            "tokens", d -> assertThat(d.max()).isEqualTo((double) version.tokens()));
    assertThat(statistics.splits())
        .singleElement()
        .extracting(s -> s.conversations())
        .isEqualTo(1L);
    assertThat(statistics.csv())
        .startsWith("section,name,figure,value")
        .contains("lengths,tokens,mean,");
  }

  private Map<String, Split> splits(DatasetVersion version) {
    var splits = new java.util.HashMap<String, Split>();
    for (var split : Split.values()) {
      store.folder(version).forEach(split, c -> splits.put(c.id(), split));
    }
    return splits;
  }

  private static List<String> runs(String text) {
    var words = text.split(" ");
    return IntStream.rangeClosed(0, words.length - 3)
        .mapToObj(i -> words[i] + " " + words[i + 1] + " " + words[i + 2])
        .toList();
  }

  private DatasetRequest request(List<Path> logs, Map<String, String> set) {
    return new DatasetRequest(logs, null, "desk", tiny, DatasetRecipe.read(null, set));
  }

  private Path log(String name, int lines, long seed) {
    var random = new Random(seed);
    var text = new StringBuilder();
    for (int i = 0; i < lines; i++) {
      text.append(
          line(seed + "-" + i, "question" + words(random, 12), "answer" + words(random, 12)));
    }
    return write(name, text.toString());
  }

  private static String words(Random random, int n) {
    return random.ints(n, 0, 40).mapToObj(w -> " w" + w * 7919).collect(Collectors.joining());
  }

  private static String line(String id, String question, String answer) {
    return """
        {"id":"%s","messages":[{"role":"user","content":"%s"},{"role":"assistant","content":"%s"}]}
        """
        .formatted(id, question, answer);
  }

  private Path write(String name, String text) {
    try {
      return Files.writeString(home.resolve(name), text);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}

package dev.lathe.app.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.app.CommandLineHome;
import dev.lathe.app.CommandLineHome.Ran;
import dev.lathe.app.Schemas;
import dev.lathe.app.owner.Home;
import dev.lathe.app.owner.Ownership;
import dev.lathe.checkpoints.adapters.AdapterConfig;
import dev.lathe.checkpoints.adapters.LoraPair;
import dev.lathe.checkpoints.adapters.Matrix;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.models.NewVersion;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.flywaydb.core.Flyway;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;

/** Exports over HTTP and on the command line. */
class ExportApiTest {
  @TempDir static Path folder;
  private static Ownership owner;

  @BeforeAll
  static void anOwnerWithVersions() throws Exception {
    var home = new Home(folder.resolve("home"));
    home.prepare();
    var base = TinyBase.create(new BaseStore(home.bases()));
    var pool = JdbcConnectionPool.create(Database.of(Map.of(), home).url(), "sa", "");
    Flyway.configure().dataSource(pool).load().migrate();
    var transactions = new JdbcTransactionManager(pool);
    var models =
        new ModelRegistry(JdbcClient.create(pool), transactions, home.models(), Clock.systemUTC());
    register(models, base, "support", base.weightsSha256(), base.templateSha256());
    register(models, base, "other-weights", "ab".repeat(32), base.templateSha256());
    register(models, base, "other-template", base.weightsSha256(), "ef".repeat(32));
    var damaged = register(models, base, "damaged", base.weightsSha256(), base.templateSha256());
    Files.writeString(Path.of(damaged.folder()).resolve("adapter/adapter_config.json"), "{}");
    pool.dispose();
    owner = Ownership.take(home, new ApiServer(), 0).orElseThrow();
  }

  @AfterAll
  static void close() {
    owner.close();
  }

  private static ModelVersion register(
      ModelRegistry models, Base base, String name, String weights, String template)
      throws Exception {
    var aside = models.aside("run-" + name);
    Files.createDirectories(aside);
    var values = new float[128];
    java.util.Arrays.fill(values, 0.1f);
    var pair = new LoraPair(new Matrix(2, 64, values), new Matrix(64, 2, values));
    var modules = new LinkedHashMap<>(Map.of("model.layers.0.self_attn.q_proj", pair));
    var targets = new TreeSet<>(Set.of("q_proj"));
    var config = new AdapterConfig(2, 4, false, 0, targets, "tiny", base.weightsSha256());
    new PeftAdapter(config, modules).write(aside.resolve("adapter"));
    return models.register(
        new NewVersion(
            name,
            "run-" + name,
            "desk@1",
            "cd".repeat(32),
            "tiny",
            weights,
            template,
            List.of(new ModelVersion.Source("desk.jsonl", "01".repeat(32))),
            Map.of("rank", 2),
            Map.of("evalLoss", 1.5),
            aside,
            "0.1.0"));
  }

  @Test
  void aVersionIsWrittenInEveryFormat() {
    for (var format : List.of("peft", "safetensors", "gguf", "gguf-adapter", "ollama")) {
      var out = folder.resolve("out-" + format);
      var ran = run("support@1", "--format", format, "--out", out.toString(), "--json");
      assertThat(ran.status()).as(ran.err()).isZero();
      assertThat(Schemas.problems("models-export", ran.json())).isEmpty();
      assertThat(ran.json().path("model").asString()).isEqualTo("support@1");
      assertThat(ran.json().path("format").asString()).isEqualTo(format);
      for (var file : ran.json().path("files")) {
        assertThat(out.resolve(file.path("path").asString())).hasSize(file.path("bytes").asLong());
        assertThat(file.path("sha256").asString()).hasSize(64);
      }
    }
    var again = folder.resolve("small");
    var told = run("support", "--format", "gguf", "--quantize", "q8_0", "--out", again.toString());
    assertThat(told.out()).contains("support@1 is in " + again, "support-1.Q8_0.gguf");
  }

  @Test
  void badInputSaysWhatToDo() throws Exception {
    refused("suport", "gguf", "Did you mean 'support'?");
    refused("support", "ggfu", "Did you mean 'gguf'?");
    refused("other-weights", "peft", "the base has another set of weights");
    refused("other-template", "peft", "the base has another chat template");
    refused("damaged", "peft", "not as they were registered");
    Files.createDirectories(folder.resolve("refused-gguf/mine"));
    refused("support", "gguf", "the folder is in use");
  }

  private static void refused(String ref, String format, String why) {
    var out = folder.resolve("refused-" + format);
    var ran = run(ref, "--format", format, "--out", out.toString());
    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err()).contains(why);
  }

  private static Ran run(String... arguments) {
    var line = new ArrayList<>(List.of("models", "export"));
    line.addAll(List.of(arguments));
    return CommandLineHome.run(new Home(folder.resolve("home")), line.toArray(String[]::new));
  }
}

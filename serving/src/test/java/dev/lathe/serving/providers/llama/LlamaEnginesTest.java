package dev.lathe.serving.providers.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.adapters.AdapterConfig;
import dev.lathe.checkpoints.adapters.GgufAdapter;
import dev.lathe.checkpoints.adapters.LoraPair;
import dev.lathe.checkpoints.adapters.Matrix;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.checkpoints.gguf.GgufFile;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.providers.LocalEngines.EngineUnavailable;
import dev.lathe.serving.providers.LocalModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LlamaEnginesTest {
  @TempDir Path folder;

  @Test
  void aModelIsLoadedOnceAndShared() {
    try (var engines = engines();
        var one = engines.lease(tiny());
        var other = engines.lease(tiny())) {
      assertThat(one.address()).isEqualTo(other.address());
      assertThat(engines.loaded())
          .singleElement()
          .satisfies(
              e -> {
                assertThat(e.id()).isEqualTo("tiny@1");
                assertThat(e.claims()).isEqualTo(2);
                assertThat(e.port()).isEqualTo(one.address().getPort());
                assertThat(e.threads()).isEqualTo(1);
              });
      assertThat(folder.resolve("engines/tiny@1.log")).isNotEmptyFile();
    }
  }

  @Test
  void aKilledProcessIsReplacedByTheNextClaim() throws Exception {
    try (var engines = engines()) {
      long pid;
      try (var lease = engines.lease(tiny())) {
        pid = engines.loaded().getFirst().pid();
        ProcessHandle.of(pid).orElseThrow().destroyForcibly();
        ProcessHandle.of(pid).ifPresent(p -> p.onExit().join());
        lease.broken();
      }
      try (var lease = engines.lease(tiny())) {
        assertThat(new Child(lease.address()).get("/health").statusCode()).isEqualTo(200);
        var now = engines.loaded().getFirst();
        assertThat(now.pid()).isNotEqualTo(pid);
        assertThat(now.deaths()).isEqualTo(1);
      }
    }
  }

  @Test
  void aProcessThatDoesNotAnswerIsReplaced() throws Exception {
    try (var engines = engines()) {
      long pid;
      try (var lease = engines.lease(tiny())) {
        pid = engines.loaded().getFirst().pid();
        assertThat(new ProcessBuilder("kill", "-STOP", Long.toString(pid)).start().waitFor())
            .isZero();
        lease.broken();
      }
      try (var lease = engines.lease(tiny())) {
        assertThat(new Child(lease.address()).get("/health").statusCode()).isEqualTo(200);
        assertThat(engines.loaded().getFirst().pid()).isNotEqualTo(pid);
      }
    }
  }

  @Test
  void aProcessThatKeepsDyingIsLeftAloneWithTheReason() {
    var stop = new AtomicBoolean();
    var killer =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!stop.get()) {
                    ProcessHandle.current()
                        .children()
                        .filter(LlamaEnginesTest::runsAnEngine)
                        .forEach(ProcessHandle::destroyForcibly);
                    pause();
                  }
                });
    try (var engines = engines()) {
      assertThatThrownBy(() -> engines.lease(tiny()))
          .isInstanceOf(EngineUnavailable.class)
          .hasMessageContaining("3 times in a row")
          .hasMessageContaining("137");
      assertThat(engines.loaded()).isEmpty();
    } finally {
      stop.set(true);
      join(killer);
    }
  }

  /**
   * A child that is still being started is none: until it has become its program it looks like this
   * process, and killing it then makes the start itself fail.
   */
  private static boolean runsAnEngine(ProcessHandle child) {
    try {
      var line = Files.readString(Path.of("/proc/" + child.pid() + "/cmdline"));
      return line.contains(LlamaMain.class.getName());
    } catch (IOException e) {
      return false; // it has ended
    }
  }

  @Test
  void unloadingWaitsForWhoeverClaimsIt() {
    try (var engines = engines()) {
      var lease = engines.lease(tiny());
      long pid = engines.loaded().getFirst().pid();
      engines.unload("tiny@1");
      assertThat(new Child(lease.address()).get("/health").statusCode()).isEqualTo(200);
      lease.close();
      assertGone(pid);
    }
  }

  @Test
  void anIdleModelIsUnloadedAndComesBackWhenClaimed() {
    var defaults = Child.settings(1, 4);
    var settings =
        new EngineSettings(
            1,
            4,
            1,
            4,
            Duration.ofMillis(100),
            defaults.start(),
            defaults.quick(),
            3,
            defaults.pause(),
            defaults.rest(),
            1 << 20);
    try (var engines = new LlamaEngines(folder.resolve("engines"), settings)) {
      long pid;
      try (var lease = engines.lease(tiny())) {
        assertThat(lease.address()).isNotNull();
        pid = engines.loaded().getFirst().pid();
      }
      assertGone(pid);
      assertThat(engines.loaded()).isEmpty();
      try (var lease = engines.lease(tiny())) {
        assertThat(new Child(lease.address()).get("/health").statusCode()).isEqualTo(200);
      }
    }
  }

  @Test
  void closingEndsEveryProcess() {
    long pid;
    try (var engines = engines()) {
      engines.lease(tiny());
      pid = engines.loaded().getFirst().pid();
    }
    assertGone(pid);
  }

  @Test
  void aProcessIsGivenNoKeys() throws IOException {
    try (var engines = engines();
        var lease = engines.lease(tiny())) {
      assertThat(lease.address()).isNotNull();
      var environment =
          Files.readString(Path.of("/proc/" + engines.loaded().getFirst().pid() + "/environ"));
      assertThat(
              Stream.of(environment.split("\0"))
                  .map(v -> v.substring(0, Math.max(0, v.indexOf('='))))
                  .collect(Collectors.toSet()))
          .isSubsetOf(
              Set.of(
                  "PATH",
                  "HOME",
                  "LANG",
                  "LC_ALL",
                  "LC_CTYPE",
                  "TZ",
                  "TMPDIR",
                  "LD_LIBRARY_PATH",
                  "DJL_CACHE_DIR",
                  "GOMP_SPINCOUNT",
                  "PWD"));
    }
  }

  @Test
  void noProcessOutlivesAnOwnerThatIsKilled() throws Exception {
    var owner =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Owner.class.getName(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (var said =
        new BufferedReader(new InputStreamReader(owner.getInputStream(), StandardCharsets.UTF_8))) {
      long pid = Long.parseLong(said.readLine());
      assertThat(ProcessHandle.of(pid)).isPresent();
      owner.destroyForcibly().waitFor();
      assertGone(pid);
    } finally {
      owner.destroyForcibly();
    }
  }

  /** A process that owns an engine until it is killed. */
  static final class Owner {
    private Owner() {}

    public static void main(String[] arguments) throws InterruptedException {
      var folder = Path.of(arguments[0]);
      var engines = new LlamaEngines(folder.resolve("engines"), Child.settings(1, 4));
      engines.lease(Child.tiny(folder, "owned", 256));
      System.out.println(engines.loaded().getFirst().pid());
      Thread.sleep(TimeUnit.MINUTES.toMillis(5));
    }
  }

  @Test
  void anotherModelOfTheSameNameTakesItsPlace() {
    try (var engines = engines()) {
      long pid;
      try (var lease = engines.lease(tiny())) {
        assertThat(lease.address()).isNotNull();
        pid = engines.loaded().getFirst().pid();
      }
      try (var lease = engines.lease(Child.tiny(folder, "tiny@1", 128))) {
        assertThat(lease.address()).isNotNull();
        assertThat(engines.loaded()).singleElement().matches(e -> e.pid() != pid);
      }
      assertGone(pid);
    }
  }

  @Test
  void filesThatCannotBeLoadedAreBadInput() throws IOException {
    var good = tiny();
    var broken = folder.resolve("broken.gguf");
    var bytes = Files.readAllBytes(good.gguf());
    Files.write(broken, java.util.Arrays.copyOf(bytes, bytes.length / 2));
    try (var engines = engines()) {
      assertThatThrownBy(() -> engines.lease(new LocalModel("x", broken, null, good.base(), 256)))
          .isInstanceOf(BadInput.class);
      assertThatThrownBy(
              () ->
                  engines.lease(
                      new LocalModel("y", folder.resolve("none.gguf"), null, good.base(), 256)))
          .isInstanceOf(BadInput.class);
      assertThatThrownBy(() -> engines.lease(new LocalModel("z", good.gguf(), null, folder, 256)))
          .isInstanceOf(BadInput.class);
      assertThatThrownBy(
              () -> engines.lease(new LocalModel("w", good.gguf(), good.gguf(), good.base(), 256)))
          .isInstanceOf(BadInput.class)
          .hasMessageContaining("no LoRA adapter");
      assertThat(engines.loaded()).isEmpty();
    }
  }

  @Test
  void anAdapterIsLaidOnItsBase() {
    var base = TinyBase.create(new BaseStore(folder.resolve("bases")));
    var file = folder.resolve("adapter.gguf");
    GgufAdapter.write(adapter(base, 0.5f), base.config(), "tiny", file);
    var request = "{\"prompt\": \"the order\", \"n_predict\": 30, \"temperature\": 0}";
    try (var engines = engines();
        var plain = engines.lease(tiny());
        var adapted =
            engines.lease(new LocalModel("support@1", tiny().gguf(), file, base.folder(), 256))) {
      assertThat(new Child(adapted.address()).json("/completion", request).path("content"))
          .isNotEqualTo(new Child(plain.address()).json("/completion", request).path("content"));
      assertThat(engines.loaded())
          .extracting(LoadedEngine::id)
          .containsExactly("support@1", "tiny@1");
    }
  }

  @Test
  void anAdapterWithNumbersThatAreNoneIsRefused() throws IOException {
    var base = TinyBase.create(new BaseStore(folder.resolve("bases")));
    var file = folder.resolve("adapter.gguf");
    GgufAdapter.write(adapter(base, 0.5f), base.config(), "tiny", file);
    long offset;
    try (var gguf = GgufFile.open(file)) {
      offset = gguf.tensors().firstEntry().getValue().offset();
    }
    try (var out = FileChannel.open(file, StandardOpenOption.WRITE)) {
      var nan = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(Float.NaN).flip();
      assertThat(out.write(nan, offset + 8)).isEqualTo(4);
    }
    var model = new LocalModel("support@1", tiny().gguf(), file, base.folder(), 256);
    try (var engines = engines()) {
      assertThatThrownBy(() -> engines.lease(model))
          .isInstanceOf(BadInput.class)
          .hasMessageContaining("NaN");
    }
  }

  private static PeftAdapter adapter(Base base, float size) {
    var random = new Random(3);
    int hidden = base.config().hiddenSize();
    int queries = base.config().heads() * base.config().headDim();
    var pair = new LoraPair(matrix(random, 4, hidden, 1), matrix(random, queries, 4, size));
    var modules = new LinkedHashMap<>(Map.of("model.layers.0.self_attn.q_proj", pair));
    var targets = new TreeSet<>(Set.of("q_proj"));
    var config = new AdapterConfig(4, 8, false, 0, targets, base.name(), base.weightsSha256());
    return new PeftAdapter(config, modules);
  }

  private static Matrix matrix(Random random, int rows, int columns, float size) {
    var values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (size * random.nextGaussian());
    }
    return new Matrix(rows, columns, values);
  }

  private LlamaEngines engines() {
    return new LlamaEngines(folder.resolve("engines"), Child.settings(1, 4));
  }

  private LocalModel tiny() {
    return Child.tiny(folder, "tiny@1", 256);
  }

  private static void assertGone(long pid) {
    var handle = ProcessHandle.of(pid);
    try {
      if (handle.isPresent()) {
        handle.get().onExit().get(10, TimeUnit.SECONDS);
      }
    } catch (Exception e) {
      throw new AssertionError("process " + pid + " still runs", e);
    }
    assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();
  }

  private static void pause() {
    try {
      Thread.sleep(2);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}

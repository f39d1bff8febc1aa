package dev.lathe.checkpoints.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointStoreTest {
  /** In memory where there is such a place: forcing thousands of files to a disk takes a while. */
  static final class InMemory implements TempDirFactory {
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    @Override
    public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext context)
        throws IOException {
      return Files.isWritable(SHARED_MEMORY)
          ? Files.createTempDirectory(SHARED_MEMORY, "lathe")
          : Files.createTempDirectory("lathe");
    }
  }

  @TempDir(factory = InMemory.class)
  Path temporary;

  private Path folder() {
    return temporary.resolve("checkpoints");
  }

  private static Map<String, MemorySegment> files(long step) {
    var adapter = new byte[100];
    Arrays.fill(adapter, (byte) step);
    return Map.of(
        "optimizer.bin", MemorySegment.ofArray(new byte[] {(byte) step, 2, 3}),
        "adapter/adapter.safetensors", MemorySegment.ofArray(adapter),
        "empty", MemorySegment.ofArray(new byte[0]));
  }

  private static Map<String, Object> state(long step) {
    return Map.of(
        "loss",
        0.1 + step,
        "seed",
        42L + step,
        "order",
        List.of(1L, 2L),
        "cpu",
        "zen",
        "eval",
        Double.NaN);
  }

  private static void write(CheckpointStore store, long step) {
    store.write(step, files(step), state(step));
  }

  private static void isWhole(Checkpoint checkpoint) throws IOException {
    assertThat(checkpoint.manifest()).isEqualTo(state(checkpoint.step()));
    assertThat(Files.readAllBytes(checkpoint.file("optimizer.bin")))
        .containsExactly((int) checkpoint.step(), 2, 3);
    assertThat(Files.readAllBytes(checkpoint.file("adapter/adapter.safetensors")))
        .hasSize(100)
        .containsOnly((byte) checkpoint.step());
    assertThat(checkpoint.files())
        .containsExactly("adapter/adapter.safetensors", "empty", "optimizer.bin");
  }

  private List<String> names() throws IOException {
    try (var entries = Files.list(folder())) {
      return entries.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void givesBackTheNewest() throws IOException {
    var store = new CheckpointStore(folder(), 3);
    assertThat(store.newestValid()).isEmpty();
    write(store, 10);
    write(store, 20);
    var newest = store.newestValid().orElseThrow();
    assertThat(newest.step()).isEqualTo(20);
    assertThat(newest.folder()).isEqualTo(folder().resolve("step-00000020"));
    isWhole(newest);
    isWhole(new CheckpointFolder(folder()).newestValid().orElseThrow());
    assertThatThrownBy(() -> newest.file("other")).hasMessageContaining("has no other");
  }

  @Test
  void keepsTheLastOnes() throws IOException {
    var store = new CheckpointStore(folder(), 2);
    for (long step = 1; step <= 5; step++) {
      write(store, step);
    }
    assertThat(names()).containsExactly("step-00000004", "step-00000005");
    assertThat(new CheckpointFolder(folder()).steps()).containsExactly(5L, 4L);
  }

  @Test
  void damagedOnesDoNotCountAsKept() throws IOException {
    var store = new CheckpointStore(folder(), 2);
    write(store, 1);
    write(store, 2);
    Files.delete(folder().resolve("step-00000002/empty"));
    write(new CheckpointStore(folder(), 2), 3);
    assertThat(names()).containsExactly("step-00000001", "step-00000002", "step-00000003");
    write(new CheckpointStore(folder(), 2), 4);
    assertThat(names()).containsExactly("step-00000003", "step-00000004");
  }

  @Test
  void replacesOneOfTheSameStep() throws IOException {
    var store = new CheckpointStore(folder(), 2);
    write(store, 1);
    Files.writeString(folder().resolve("step-00000001/optimizer.bin"), "bad");
    write(store, 1);
    assertThat(names()).containsExactly("step-00000001");
    isWhole(store.newestValid().orElseThrow());
  }

  @Test
  void skipsOneThatIsCutOffOrFlippedAnywhereAndSaysWhy() throws IOException {
    var store = new CheckpointStore(folder(), 2);
    write(store, 1);
    write(store, 2);
    var newest = folder().resolve("step-00000002");
    for (var name :
        List.of(
            "manifest.json", "manifest.sha256", "optimizer.bin", "adapter/adapter.safetensors")) {
      var file = newest.resolve(name);
      byte[] whole = Files.readAllBytes(file);
      for (int i = 0; i < whole.length; i += 5) {
        Files.write(file, Arrays.copyOf(whole, i));
        fallsBackTo1(name.replace("sha256", ""));
        byte[] flipped = whole.clone();
        flipped[i] ^= (byte) (1 << i % 8);
        Files.write(file, flipped);
        fallsBackTo1("manifest.sha256".equals(name) ? "manifest.json" : name);
      }
      Files.write(file, Arrays.copyOf(whole, whole.length + 1));
      fallsBackTo1("");
      Files.delete(file);
      fallsBackTo1(name + " is missing");
      Files.write(file, whole);
      assertThat(store.newestValid().orElseThrow().step()).isEqualTo(2);
    }
  }

  private void fallsBackTo1(String reason) {
    var skipped = new ArrayList<Skipped>();
    var found = new CheckpointFolder(folder()).newestValid(skipped::add).orElseThrow();
    assertThat(found.step()).isEqualTo(1);
    assertThat(skipped).hasSize(1);
    assertThat(skipped.getFirst().folder().getFileName()).hasToString("step-00000002");
    assertThat(skipped.getFirst().reason()).contains(reason);
  }

  /** What kill -9 leaves: nothing after it runs, no clean-up either. */
  private static final class Killed extends Error {
    private static final long serialVersionUID = 1L;
  }

  private static CheckpointStore.Progress dyingAt(int change, List<String> seen) {
    return name -> {
      seen.add(name);
      if (seen.size() == change) {
        throw new Killed();
      }
    };
  }

  @Test
  void survivesDeathBetweenAnyTwoChanges() throws IOException {
    survivesDeath(3, List.of(1L, 2L));
  }

  @Test
  void survivesDeathBetweenAnyTwoChangesWhenItReplacesOne() throws IOException {
    survivesDeath(2, List.of(1L, 2L));
  }

  private void survivesDeath(long writing, List<Long> earlier) throws IOException {
    boolean died = true;
    for (int change = 1; died; change++) {
      Durable.deleteTree(folder());
      var first = new CheckpointStore(folder(), 2);
      earlier.forEach(step -> write(first, step));
      var seen = new ArrayList<String>();
      var store = new CheckpointStore(folder(), 2, dyingAt(change, seen));
      died = false;
      try {
        write(store, writing);
      } catch (Killed e) {
        died = true;
      }
      var reopened = new CheckpointStore(folder(), 2);
      var found = reopened.newestValid().orElseThrow();
      assertThat(found.step()).as("%s", seen).isIn(2L, writing);
      isWhole(found);
      boolean renamed = seen.stream().anyMatch(s -> s.startsWith("delete the old"));
      assertThat(found.step()).isEqualTo(renamed || !died ? writing : 2L);
      assertThat(names()).allMatch(n -> n.startsWith("step-"));
      write(reopened, writing + 1);
      assertThat(reopened.newestValid().orElseThrow().step()).isEqualTo(writing + 1);
      assertThat(names()).hasSize(2);
      assertThat(change).isLessThan(40);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {2, 3})
  void leavesNothingHalfDoneWhenTheDiskIsFullAtAnyChange(long step) throws IOException {
    int change = 1;
    for (var seen = new ArrayList<String>();
        seen.stream().noneMatch(s -> s.contains("delete the"));
        change++) {
      Durable.deleteTree(folder());
      write(new CheckpointStore(folder(), 2), 2);
      seen.clear();
      int full = change;
      var store =
          new CheckpointStore(
              folder(),
              2,
              name -> {
                seen.add(name);
                if (seen.size() == full) {
                  throw new IOException("No space left on device");
                }
              });
      var before = contents();
      try {
        write(store, step);
      } catch (BadInput e) {
        assertThat(e).hasMessageContainingAll("disk is full", folder().toString(), "Free space");
        assertThat(contents()).as("%s", seen).isEqualTo(before);
      } catch (UncheckedIOException e) {
        assertThat(e).hasMessageContaining("is written, but old ones cannot be deleted");
        isWhole(store.newestValid().orElseThrow());
        assertThat(store.newestValid().orElseThrow().step()).isEqualTo(step);
      }
    }
    assertThat(change).isGreaterThan(12);
  }

  private Map<String, String> contents() throws IOException {
    var result = new TreeMap<String, String>();
    try (var walk = Files.walk(folder())) {
      for (var p : (Iterable<Path>) walk::iterator) {
        var content = Files.isDirectory(p) ? "" : Arrays.toString(Files.readAllBytes(p));
        result.put(folder().relativize(p).toString(), content);
      }
    }
    return result;
  }

  @Test
  void readersLeaveAWriteInProgressAlone() throws IOException {
    write(new CheckpointStore(folder(), 2), 1);
    Files.createDirectory(folder().resolve(".writing-step-00000002"));
    assertThat(new CheckpointFolder(folder()).newestValid().orElseThrow().step()).isEqualTo(1);
    assertThat(names()).contains(".writing-step-00000002");
    assertThat(new CheckpointFolder(temporary.resolve("none")).newestValid()).isEmpty();
  }

  @Test
  void refusesNamesThatLeaveTheDirectory() {
    var store = new CheckpointStore(folder(), 1);
    for (var name : List.of("../x", "/x", "a//b", "", "a/..", ".hidden", "manifest.json", "a\\b")) {
      assertThatThrownBy(
              () -> store.write(1, Map.of(name, MemorySegment.ofArray(new byte[0])), Map.of()))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(store.newestValid()).isEmpty();
  }
}

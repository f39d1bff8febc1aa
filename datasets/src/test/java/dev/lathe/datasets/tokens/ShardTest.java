package dev.lathe.datasets.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.preference.Pairing.Pair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShardTest {
  private static final String TOKENIZER = Sha256.of("tokenizer");
  private static final String TEMPLATE = Sha256.of("template");

  @TempDir Path folder;

  @Test
  void whatIsWrittenIsReadInAnyOrder() throws IOException {
    var examples = examples(3000);
    var file = write(examples);
    try (var reader = ShardReader.open(file)) {
      assertThat(reader).containsExactlyElementsOf(examples);
      assertThat(reader.size()).isEqualTo(3000);
      assertThat(reader.tokens()).isEqualTo(examples.stream().mapToLong(Example::length).sum());
      assertThat(reader.labelTokens())
          .isEqualTo(examples.stream().mapToLong(Example::labelCount).sum());
      assertThat(reader.longest())
          .isEqualTo(examples.stream().mapToInt(Example::length).max().orElseThrow());
      assertThat(reader.tokenizer()).isEqualTo(TOKENIZER);
      assertThat(reader.template()).isEqualTo(TEMPLATE);
      assertThat(reader.example(1234)).isEqualTo(examples.get(1234));
      assertThat(reader.length(17)).isEqualTo(examples.get(17).length());
      assertThat(reader.labelCount(17)).isEqualTo(examples.get(17).labelCount());
      assertThatThrownBy(() -> reader.example(3000)).isInstanceOf(IndexOutOfBoundsException.class);
    }
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void equalExamplesGiveEqualBytes() {
    var once = Sha256.of(write(examples(50)));
    assertThat(Sha256.of(write(examples(50)))).isEqualTo(once);
  }

  @Test
  void whatWasSaidOfTheExamplesIsReadBack() {
    var file = folder.resolve("judged.shard");
    var examples = examples(70);
    var liked = new BitSet();
    liked.set(3);
    liked.set(69);
    var said = new Preferences(liked, List.of(new Pair(3, 4), new Pair(69, 0)));
    try (var writer = new ShardWriter(file, TOKENIZER, TEMPLATE)) {
      examples.forEach(writer::add);
      writer.finish(said);
    }
    try (var reader = ShardReader.open(file)) {
      assertThat(reader.preferences()).contains(said);
      assertThat(reader).containsExactlyElementsOf(examples);
    }
    try (var reader = ShardReader.open(write(examples))) {
      assertThat(reader.preferences()).isEmpty();
    }
  }

  @Test
  void anEmptyShardIsAShard() {
    try (var reader = ShardReader.open(write(List.of()))) {
      assertThat(reader).isEmpty();
    }
  }

  @Test
  void aWriterClosedBeforeItsEndLeavesNothing() throws IOException {
    try (var writer = new ShardWriter(folder.resolve("train.shard"), TOKENIZER, TEMPLATE)) {
      writer.add(examples(1).getFirst());
    }
    try (var files = Files.list(folder)) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void changedAndMissingBytesAreNoticedOnOpen() throws IOException {
    var file = write(examples(5));
    byte[] good = Files.readAllBytes(file);
    for (int i = 0; i < good.length; i += i < 200 ? 1 : 7) {
      byte[] bad = good.clone();
      bad[i] ^= 0x10;
      Files.write(file, bad);
      assertThatThrownBy(() -> ShardReader.open(file))
          .as("byte %d", i)
          .isInstanceOf(BadInput.class);
    }
    for (int length : new int[] {0, 7, 159, 160, good.length - 1}) {
      Files.write(file, java.util.Arrays.copyOf(good, length));
      assertThatThrownBy(() -> ShardReader.open(file)).isInstanceOf(BadInput.class);
    }
    assertThatThrownBy(() -> ShardReader.open(folder.resolve("none"))).isInstanceOf(BadInput.class);
  }

  private Path write(List<Example> examples) {
    var file = folder.resolve("train.shard");
    try (var writer = new ShardWriter(file, TOKENIZER, TEMPLATE)) {
      examples.forEach(writer::add);
      writer.finish();
    }
    return file;
  }

  static List<Example> examples(int count) {
    var random = new Random(7);
    var out = new ArrayList<Example>();
    for (int n = 0; n < count; n++) {
      int[] ids = random.ints(1 + random.nextInt(300), 0, 49_152).toArray();
      var labelled = new BitSet();
      for (int i = 1; i < ids.length; i++) {
        labelled.set(i, random.nextInt(3) == 0);
      }
      var source = n % 3 == 0 ? "desk.jsonl" : "ルーター.jsonl.gz";
      out.add(
          new Example("conversation-" + n + "é", ids, labelled, source, n % 2 == 0 ? "" : "ja"));
    }
    return out;
  }
}

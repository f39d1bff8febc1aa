package dev.lathe.checkpoints.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsShardsTest {
  @TempDir Path folder;

  @BeforeEach
  void twoShards() {
    shard("model-00001-of-00002.safetensors", "a", 1);
    shard("model-00002-of-00002.safetensors", "b", 2);
  }

  private void shard(String file, String tensor, float value) {
    var tensors = new LinkedHashMap<>(Map.of(tensor, Tensor.of(new float[] {value}, 1)));
    SafetensorsWriter.write(folder.resolve(file), Map.of(), tensors);
  }

  private void index(String json) throws IOException {
    Files.writeString(folder.resolve(SafetensorsShards.INDEX), json.replace('\'', '"'));
  }

  private void refused(String... why) {
    assertThatThrownBy(() -> SafetensorsShards.open(folder))
        .isInstanceOf(BadInput.class)
        .hasMessageContainingAll(why);
  }

  @Test
  void findsEveryTensorInTheShardThatTheIndexNames() throws IOException {
    index(
        "{'metadata':{},'weight_map':{'b':'model-00002-of-00002.safetensors',"
            + "'a':'model-00001-of-00002.safetensors'}}");
    try (var shards = SafetensorsShards.open(folder)) {
      assertThat(shards.tensors().keySet()).containsExactly("b", "a");
      assertThat(shards.bytes("b").get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0)).isEqualTo(2);
      assertThatThrownBy(() -> shards.bytes("c")).isInstanceOf(BadInput.class);
    }
    assertThat(SafetensorsShards.files(folder))
        .containsExactly(
            folder.resolve("model-00001-of-00002.safetensors"),
            folder.resolve("model-00002-of-00002.safetensors"));
  }

  @Test
  void takesTheSingleFileWithoutAnIndex() {
    shard(SafetensorsShards.SINGLE, "a", 3);
    try (var shards = SafetensorsShards.open(folder)) {
      assertThat(shards.bytes("a").get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0)).isEqualTo(3);
    }
    assertThat(SafetensorsShards.files(folder)).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../model.safetensors",
        "/etc/model.safetensors",
        "x/model.safetensors",
        "..\\\\model.safetensors",
        ".hidden.safetensors",
        "model.bin",
        "",
        "a\\u0000.safetensors"
      })
  void refusesShardsThatAreNoPlainFileBesideTheIndex(String shard) throws IOException {
    index("{'weight_map':{'a':'" + shard + "'}}");
    refused("a is said to lie in");
  }

  @Test
  void refusesAnIndexThatDoesNotFitItsShards() throws IOException {
    refused("no safetensors weights");
    index("{'weight_map':{'a':'model-00002-of-00002.safetensors'}}");
    refused("not in it: a");
    index("{'weight_map':{'a':'model-00003-of-00002.safetensors'}}");
    refused("no such file", "model-00003-of-00002.safetensors");
    index("{'weight_map':{'a':7}}");
    refused("a is said to lie in 7");
    index("{'weight_map':{}}");
    refused("no weight_map");
    index("[]");
    refused("no JSON object");
    index("{'weight_map':");
    refused("no valid JSON");
    index("{'weight_map':{'a':'x.safetensors','a':'y.safetensors'}}");
    refused("Duplicate");
  }
}

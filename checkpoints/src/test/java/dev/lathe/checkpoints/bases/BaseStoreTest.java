package dev.lathe.checkpoints.bases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BaseStoreTest {
  @TempDir Path home;
  private BaseStore store;

  @BeforeEach
  void open() {
    var noon = Clock.fixed(Instant.parse("2026-11-21T12:00:00Z"), ZoneOffset.UTC);
    store = new BaseStore(home.resolve("bases"), noon);
  }

  @Test
  void anEmptyHomeHasNoBases() {
    assertThat(store.list()).isEmpty();
    assertThat(store.find("tiny")).isEmpty();
  }

  @Test
  void theTinyBaseIsTheSameEverywhere() {
    var tiny = TinyBase.create(store);
    var other = TinyBase.create(new BaseStore(home.resolve("other")));

    assertThat(tiny.weightsSha256())
        .isEqualTo(other.weightsSha256())
        .isEqualTo("d64cdb46a56071805f23c99d0aee561a36d4442dcde3deb48e20c4b8c2ec98b2");
    assertThat(tiny.tokenizerSha256()).isEqualTo(other.tokenizerSha256());
    assertThat(tiny.config().vocabSize()).isEqualTo(336);
    assertThat(tiny.config().endTokens()).containsExactly(2);
    assertThat(tiny.chatTemplate()).content().contains("<|im_start|>");
    assertThat(store.record("tiny").pulledAt()).isEqualTo("2026-11-21T12:00:00Z");
    assertThat(TinyBase.create(store)).isEqualTo(tiny);
  }

  @Test
  void listsVerifiesAndRemoves() {
    TinyBase.create(store);

    assertThat(store.list()).extracting(Base::name).containsExactly("tiny");
    assertThat(store.verify("tiny").name()).isEqualTo("tiny");
    store.remove("tiny");
    assertThat(store.list()).isEmpty();
    assertThat(home.resolve("bases")).isEmptyDirectory();
  }

  @Test
  void aTruncatedFileIsSeenAtOpening() throws Exception {
    var tiny = TinyBase.create(store);
    try (var file =
        java.nio.channels.FileChannel.open(
            tiny.folder().resolve("model.safetensors"), StandardOpenOption.WRITE)) {
      file.truncate(100);
    }

    assertThatThrownBy(() -> store.require("tiny"))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("model.safetensors has 100 bytes instead of")
        .hasMessageContaining("./lathe pull tiny");
    assertThat(store.list()).isEmpty();
    assertThat(store.damaged()).hasSize(1);
    store.remove("tiny");
    assertThat(TinyBase.create(store).name()).isEqualTo("tiny");
  }

  @Test
  void aChangedFileIsSeenByVerify() throws Exception {
    var tiny = TinyBase.create(store);
    var weights = tiny.folder().resolve("model.safetensors");
    var bytes = Files.readAllBytes(weights);
    bytes[bytes.length - 1] ^= 1;
    Files.write(weights, bytes);

    assertThatThrownBy(() -> store.verify("tiny"))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("model.safetensors: expected " + tiny.weightsSha256() + ", found ");
  }

  @Test
  void anAbsentBaseComesWithTheCommandThatFetchesIt() {
    assertThatThrownBy(() -> store.require("smollm2-135m-instruct"))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("./lathe pull smollm2-135m-instruct");
    assertThatThrownBy(() -> store.require("smolm2-135m-instruct"))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("Did you mean 'smollm2-135m-instruct'?");
  }

  @Test
  void noNameLeadsOutOfTheFolder() {
    assertThat(store.find("../bases")).isEmpty();
    assertThatThrownBy(() -> store.remove("..")).isInstanceOf(BadInput.class);
    assertThatThrownBy(() -> store.aside("../x")).isInstanceOf(BadInput.class);
  }
}

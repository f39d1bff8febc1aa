package dev.lathe.serving.providers.llama.decoding;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnswerTextTest {
  @Test
  void aCharacterSplitOverTokensComesOutWhole() {
    var text = new AnswerText(List.of());
    var bytes = "a😀é".getBytes(StandardCharsets.UTF_8);
    var parts = new ArrayList<String>();
    for (byte b : bytes) {
      parts.add(text.append(new byte[] {b}));
    }
    assertThat(parts).containsExactly("a", "", "", "", "😀", "", "é");
    assertThat(text.finish()).isEmpty();
  }

  @Test
  void aCharacterThatIsNeverCompletedDoesNotComeOut() {
    var text = new AnswerText(List.of());
    assertThat(text.append(new byte[] {'x', (byte) 0xF0, (byte) 0x9F})).isEqualTo("x");
    assertThat(text.finish()).isEmpty();
  }

  @Test
  void bytesThatAreNoTextAreReplaced() {
    var text = new AnswerText(List.of());
    assertThat(text.append(new byte[] {(byte) 0xFF, 'a'})).isEqualTo("\uFFFDa");
  }

  @Test
  void nothingOfAStopStringComesOut() {
    var text = new AnswerText(List.of("STOP"));
    assertThat(text.append(bytes("one S"))).isEqualTo("one ");
    assertThat(text.append(bytes("T"))).isEmpty();
    assertThat(text.append(bytes("OP two"))).isEmpty();
    assertThat(text.stopped()).isEqualTo("STOP");
    assertThat(text.finish()).isEmpty();
  }

  @Test
  void whatOnlyLookedLikeAStopStringComesOutLater() {
    var text = new AnswerText(List.of("STOP", "\n\n"));
    assertThat(text.append(bytes("S"))).isEmpty();
    assertThat(text.append(bytes("Tone"))).isEqualTo("STone");
    assertThat(text.append(bytes("\n"))).isEmpty();
    assertThat(text.finish()).isEqualTo("\n");
    assertThat(text.stopped()).isNull();
  }

  @Test
  void theFirstOfSeveralStopStringsCounts() {
    var text = new AnswerText(List.of("later", "soon"));
    assertThat(text.append(bytes("x soon y later"))).isEqualTo("x ");
    assertThat(text.stopped()).isEqualTo("soon");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}

package dev.lathe.serving.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventsTest {
  /** Gives so many bytes a read, as a network does. */
  private static List<String> all(String stream, int atOnce) throws IOException {
    var bytes = new ByteArrayInputStream(stream.getBytes(StandardCharsets.UTF_8));
    var events =
        new Events(
            new InputStream() {
              @Override
              public int read() {
                return bytes.read();
              }

              @Override
              public int read(byte[] b, int off, int len) {
                return bytes.read(b, off, Math.min(len, atOnce));
              }
            });
    var all = new ArrayList<String>();
    for (var e = events.next(); e != null; e = events.next()) {
      all.add(new String(e, StandardCharsets.UTF_8));
    }
    return all;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 100_000})
  void eventsComeOutWhateverPiecesTheyCameIn(int atOnce) throws IOException {
    var stream =
        ": a comment\n\ndata: {\"a\":1}\n\nevent: x\r\ndata:{\"b\":\r\ndata: 2}\r\n\r\nid: 7\n\n"
            + "data: "
            + "é".repeat(20_000)
            + "\n\ndata: [DONE]\n\ndata: cut off";
    assertThat(all(stream, atOnce))
        .containsExactly("{\"a\":1}", "{\"b\": 2}", "é".repeat(20_000), "[DONE]");
  }

  @Test
  void tellsWhetherAnotherEventIsHereAlready() throws IOException {
    var events =
        new Events(
            new ByteArrayInputStream(
                "data: 1\n\ndata: 2\r\n\r\ndata: 3\n".getBytes(StandardCharsets.US_ASCII)));
    assertThat(events.next()).containsExactly('1');
    assertThat(events.hasNext()).isTrue();
    assertThat(events.next()).containsExactly('2');
    assertThat(events.hasNext()).isFalse();
  }

  @Test
  void doneIsTheWholeData() {
    assertThat(Events.isDone("[DONE]".getBytes(StandardCharsets.US_ASCII))).isTrue();
    assertThat(Events.isDone("[DONE]}".getBytes(StandardCharsets.US_ASCII))).isFalse();
  }
}

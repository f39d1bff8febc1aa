package dev.lathe.serving.providers.llama.decoding;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An answer's text as its tokens come. A character whose bytes lie in several tokens comes out
 * whole, or not at all when the answer breaks off inside it; nothing of a stop string comes out.
 */
final class AnswerText {
  private final List<String> stops;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private final StringBuilder held = new StringBuilder();
  private byte[] incomplete = new byte[0];
  private @Nullable String stopped;

  AnswerText(List<String> stops) {
    this.stops = List.copyOf(stops);
  }

  /** Adds a token's bytes; returns the text that may go out now. */
  String append(byte[] piece) {
    held.append(whole(piece));
    int at = -1;
    for (var stop : stops) {
      int found = held.indexOf(stop);
      if (found >= 0 && (at < 0 || found < at)) {
        at = found;
        stopped = stop;
      }
    }
    if (at >= 0) {
      var text = held.substring(0, at);
      held.setLength(0);
      return text;
    }
    int safe = held.length() - begun();
    var text = held.substring(0, safe);
    held.delete(0, safe);
    return text;
  }

  /** What was held back for a stop string that did not come. */
  String finish() {
    var text = held.toString();
    held.setLength(0);
    return text;
  }

  /** The stop string that ended the answer. */
  @Nullable String stopped() {
    return stopped;
  }

  /** The length of the longest end of the text that could be the beginning of a stop string. */
  private int begun() {
    int longest = 0;
    for (var stop : stops) {
      for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
        if (stop.startsWith(held.substring(held.length() - n))) {
          longest = n;
        }
      }
    }
    return longest;
  }

  private String whole(byte[] piece) {
    var in = ByteBuffer.allocate(incomplete.length + piece.length);
    in.put(incomplete).put(piece).flip();
    var out = CharBuffer.allocate(in.remaining() + 1);
    decoder.decode(in, out, false);
    incomplete = new byte[in.remaining()];
    in.get(incomplete);
    return out.flip().toString();
  }
}

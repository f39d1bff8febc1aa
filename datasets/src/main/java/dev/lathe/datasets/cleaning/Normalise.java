package dev.lathe.datasets.cleaning;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Map;

/**
 * Unicode NFC and plain whitespace: one kind of line end and of space, no control or invisible
 * characters, no runs of spaces, no trailing ones, at most one blank line. Code between back-ticks
 * keeps its spaces, lines keep their indentation, and what tools say is left as it is.
 */
public final class Normalise implements Rule {
  @Override
  public String name() {
    return "normalise";
  }

  @Override
  public Outcome apply(Conversation conversation) {
    int changed = 0;
    var messages = new ArrayList<Message>(conversation.messages().size());
    for (var message : conversation.messages()) {
      var text = message.role() == Role.TOOL ? message.content() : normalised(message.content());
      boolean same = text.equals(message.content());
      messages.add(same ? message : message.withContent(text));
      changed += same ? 0 : 1;
    }
    return changed == 0
        ? Rule.kept(conversation)
        : new Outcome.Kept(conversation.withMessages(messages), Map.of("turn", changed));
  }

  static String normalised(String text) {
    if (isPlain(text)) {
      return text;
    }
    var composed = isAscii(text) ? text : Normalizer.normalize(text, Normalizer.Form.NFC);
    var out = new StringBuilder(composed.length());
    boolean fenced = false;
    for (var line : composed.replace("\r\n", "\n").replace('\r', '\n').split("\n", -1)) {
      boolean fence = line.stripLeading().startsWith("```");
      if (fence) {
        fenced = !fenced;
      }
      int start = out.length();
      if (fenced || fence) {
        out.append(line);
      } else {
        spaced(line, out);
      }
      trimEnd(out, start);
      boolean blank = out.length() == start;
      boolean second = blank && start >= 2 && out.charAt(start - 2) == '\n';
      if (fenced || !second) {
        out.append('\n');
      }
    }
    return stripped(out);
  }

  /** Nothing to do: printable ASCII, single spaces and line ends, none at the ends of lines. */
  private static boolean isPlain(String text) {
    char before = '\n';
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean space = c == ' ' || c == '\n';
      boolean spaceBefore = before == ' ' || before == '\n';
      if (c > '~' || (c < ' ' && c != '\n') || (space && spaceBefore)) {
        return false;
      }
      before = c;
    }
    return before != ' ' && before != '\n';
  }

  private static boolean isAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) > 127) {
        return false;
      }
    }
    return true;
  }

  /** One line outside of fences; spaces between single back-ticks stay. */
  private static void spaced(String line, StringBuilder out) {
    boolean code = false;
    boolean words = false;
    boolean space = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (c == '`' && (code || line.indexOf('`', i + 1) > 0)) {
        code = !code;
      }
      boolean blank = c == '\t' || Character.getType(c) == Character.SPACE_SEPARATOR;
      if (!code && invisible(c)) {
        continue;
      }
      if (blank && !code) {
        if (!words) {
          out.append(c == '\t' ? '\t' : ' ');
        } else if (!space) {
          out.append(' ');
        }
        space = true;
        continue;
      }
      out.append(c);
      words = true;
      space = false;
    }
  }

  /**
   * Control characters, the byte-order mark, zero-width spaces. Joiners stay: emoji and scripts.
   */
  private static boolean invisible(char c) {
    return (Character.isISOControl(c) && c != '\t')
        || c == '\u200B'
        || c == '\u2060'
        || c == '\uFEFF'
        || c == '\u00AD';
  }

  private static void trimEnd(StringBuilder out, int start) {
    int end = out.length();
    while (end > start && (out.charAt(end - 1) == ' ' || out.charAt(end - 1) == '\t')) {
      end--;
    }
    out.setLength(end);
  }

  /** Blank lines at both ends go; the first line keeps its indentation only inside of code. */
  private static String stripped(StringBuilder out) {
    return out.toString().strip();
  }
}

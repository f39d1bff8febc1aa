package dev.lathe.datasets.logs;

import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.datasets.conversation.Message;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;

/** The id of a conversation whose log gives none: 20 hexadecimal digits of what was said. */
final class ContentId {
  private ContentId() {}

  static String of(List<Message> messages, List<String> tools) {
    var digest = Sha256.digest();
    for (var message : messages) {
      add(digest, message);
    }
    tools.forEach(tool -> add(digest, tool));
    return "c-" + HexFormat.of().formatHex(digest.digest(), 0, 10);
  }

  static void add(MessageDigest digest, Message message) {
    add(digest, message.role().wire());
    add(digest, message.content());
    for (var call : message.toolCalls()) {
      add(digest, call.name());
      add(digest, call.arguments());
    }
  }

  /** Each piece ends with a byte that UTF-8 never holds, so that no two lists of pieces agree. */
  private static void add(MessageDigest digest, String piece) {
    digest.update(piece.getBytes(StandardCharsets.UTF_8));
    digest.update((byte) 0xFF);
  }
}

package dev.lathe.engine.program;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * Writes the one pickle that a TorchScript archive needs: an object of a named class whose state is
 * a dictionary. Protocol 2, as {@code torch.jit.save} writes it.
 */
final class Pickle {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** The bytes of an object {@code module.name} with the given attributes. */
  static byte[] object(String module, String name, Map<String, Object> state) {
    var pickle = new Pickle();
    pickle.raw("\u0080\u0002c" + module + "\n" + name + "\n)\u0081}(");
    state.forEach(
        (key, value) -> {
          pickle.string(key);
          pickle.value(value);
        });
    pickle.raw("ub.");
    return pickle.out.toByteArray();
  }

  /** An empty tuple: an archive without constants. */
  static byte[] emptyTuple() {
    var pickle = new Pickle();
    pickle.raw("\u0080\u0002).");
    return pickle.out.toByteArray();
  }

  private void value(Object value) {
    switch (value) {
      case Boolean b -> raw(b ? "\u0088" : "\u0089");
      case Integer i ->
          number('J', ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(i));
      case Double d -> number('G', ByteBuffer.allocate(8).order(ByteOrder.BIG_ENDIAN).putDouble(d));
      case List<?> integers -> {
        raw("ctorch.jit._pickle\nbuild_intlist\n](");
        integers.forEach(this::value);
        raw("e\u0085R");
      }
      default -> throw new IllegalArgumentException("no pickle form for " + value.getClass());
    }
  }

  private void string(String text) {
    var bytes = text.getBytes(StandardCharsets.UTF_8);
    number('X', ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.length));
    out.writeBytes(bytes);
  }

  private void number(char opcode, ByteBuffer bytes) {
    out.write(opcode);
    out.writeBytes(bytes.array());
  }

  private void raw(String opcodes) {
    out.writeBytes(opcodes.getBytes(StandardCharsets.ISO_8859_1));
  }
}

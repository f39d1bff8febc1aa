package dev.lathe.pipelines.training;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A protocol buffer in the making, field by field, and what one says: as much of the encoding as
 * trackers' files need. Field numbers are those of their .proto files.
 */
final class ProtoMessage {
  private static final int VARINT = 0;
  private static final int EIGHT_BYTES = 1;
  private static final int PIECE = 2;
  private static final int FOUR_BYTES = 5;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  ProtoMessage number(int field, long value) {
    key(field, VARINT);
    varint(value);
    return this;
  }

  ProtoMessage real(int field, double value) {
    key(field, EIGHT_BYTES);
    return add(little(8).putDouble(value));
  }

  ProtoMessage real(int field, float value) {
    key(field, FOUR_BYTES);
    return add(little(4).putFloat(value));
  }

  ProtoMessage text(int field, String value) {
    return piece(field, value.getBytes(StandardCharsets.UTF_8));
  }

  ProtoMessage message(int field, ProtoMessage value) {
    return piece(field, value.bytes());
  }

  ProtoMessage piece(int field, byte[] content) {
    key(field, PIECE);
    varint(content.length);
    out.writeBytes(content);
    return this;
  }

  byte[] bytes() {
    return out.toByteArray();
  }

  private void key(int field, int type) {
    varint((long) field << 3 | type);
  }

  private void varint(long value) {
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      out.write((int) (rest & 0x7f | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }

  private ProtoMessage add(ByteBuffer number) {
    out.writeBytes(number.array());
    return this;
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * A field that was read.
   *
   * @param number of a varint; 0 for any other
   * @param content of a text, a message or bytes; empty for any other
   */
  @SuppressWarnings("ArrayRecordComponent") // read once, never compared
  record Field(int field, long number, byte[] content) {
    String text() {
      return new String(content, StandardCharsets.UTF_8);
    }
  }

  /**
   * The fields of a message, in order.
   *
   * @throws java.nio.BufferUnderflowException when it ends within a field
   */
  static List<Field> read(byte[] message) {
    var in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
    var fields = new ArrayList<Field>();
    while (in.hasRemaining()) {
      long key = varint(in);
      int field = (int) (key >>> 3);
      switch ((int) key & 7) {
        case VARINT -> fields.add(new Field(field, varint(in), new byte[0]));
        case EIGHT_BYTES -> fields.add(new Field(field, 0, piece(in, 8)));
        case PIECE -> fields.add(new Field(field, 0, piece(in, (int) varint(in))));
        case FOUR_BYTES -> fields.add(new Field(field, 0, piece(in, 4)));
        default -> throw new IllegalArgumentException("no wire type of protocol buffers: " + key);
      }
    }
    return fields;
  }

  /** The last field of a number, which is the one that counts. */
  static Optional<Field> last(List<Field> fields, int number) {
    return fields.stream().filter(f -> f.field() == number).reduce((a, b) -> b);
  }

  private static byte[] piece(ByteBuffer in, int length) {
    var content = new byte[length];
    in.get(content);
    return content;
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = in.get();
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
  }
}

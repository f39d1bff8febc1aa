package dev.lathe.checkpoints.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** Builds GGUF files for tests, broken ones too. */
public final class GgufBytes {
  private final Out metadata = new Out();
  private final Out infos = new Out();
  private final List<byte[]> data = new ArrayList<>();
  private int version = 3;
  private long metadataCount;
  private long tensorCount;
  private long offset;

  public GgufBytes version(int v) {
    version = v;
    return this;
  }

  public GgufBytes text(String key, String value) {
    return raw(key, 8, o -> o.string(value));
  }

  public GgufBytes uint32(String key, long value) {
    return raw(key, 4, o -> o.int32((int) value));
  }

  public GgufBytes float32(String key, float value) {
    return raw(key, 6, o -> o.int32(Float.floatToRawIntBits(value)));
  }

  public GgufBytes bool(String key, boolean value) {
    return raw(key, 7, o -> o.int8(value ? 1 : 0));
  }

  public GgufBytes texts(String key, List<String> values) {
    return raw(
        key,
        9,
        o -> {
          o.int32(8).int64(values.size());
          values.forEach(o::string);
        });
  }

  public GgufBytes int32s(String key, int... values) {
    return raw(
        key,
        9,
        o -> {
          o.int32(5).int64(values.length);
          for (int v : values) {
            o.int32(v);
          }
        });
  }

  /** A metadata entry of any type, its value written by hand. */
  public GgufBytes raw(String key, int type, Consumer<Out> value) {
    metadataCount++;
    value.accept(metadata.string(key).int32(type));
    return this;
  }

  /** The next tensor, aligned to 32 bytes; {@code shape} outermost first. */
  public GgufBytes tensor(String name, int type, long[] shape, byte[] bytes) {
    tensorAt(name, type, shape, offset);
    int padded = (bytes.length + 31) / 32 * 32;
    data.add(Arrays.copyOf(bytes, padded));
    offset += padded;
    return this;
  }

  /** An entry without bytes of its own. */
  public GgufBytes tensorAt(String name, int type, long[] shape, long at) {
    tensorCount++;
    infos.string(name).int32(shape.length);
    for (int i = shape.length - 1; i >= 0; i--) {
      infos.int64(shape[i]);
    }
    infos.int32(type).int64(at);
    return this;
  }

  public byte[] bytes() {
    return bytes(tensorCount, metadataCount);
  }

  byte[] bytes(long announcedTensors, long announcedMetadata) {
    var out = new Out();
    out.bytes("GGUF".getBytes(StandardCharsets.US_ASCII)).int32(version);
    out.int64(announcedTensors).int64(announcedMetadata);
    out.bytes(metadata.toByteArray()).bytes(infos.toByteArray());
    out.bytes(new byte[(32 - out.size() % 32) % 32]);
    data.forEach(out::bytes);
    return out.toByteArray();
  }

  public static byte[] floats(float... values) {
    var b = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    for (float v : values) {
      b.putFloat(v);
    }
    return b.array();
  }

  /** Little-endian output. */
  public static final class Out {
    private final ByteArrayOutputStream to = new ByteArrayOutputStream();

    public Out int8(int v) {
      to.write(v);
      return this;
    }

    public Out int16(int v) {
      return int8(v & 255).int8(v >> 8 & 255);
    }

    public Out int32(int v) {
      return int16(v).int16(v >> 16);
    }

    public Out int64(long v) {
      return int32((int) v).int32((int) (v >> 32));
    }

    public Out bytes(byte[] b) {
      to.writeBytes(b);
      return this;
    }

    public Out string(String s) {
      byte[] b = s.getBytes(StandardCharsets.UTF_8);
      return int64(b.length).bytes(b);
    }

    int size() {
      return to.size();
    }

    byte[] toByteArray() {
      return to.toByteArray();
    }
  }
}

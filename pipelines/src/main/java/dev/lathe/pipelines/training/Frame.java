package dev.lathe.pipelines.training;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * What a run process and its replicas tell each other through a pipe.
 *
 * @param kind see the constants
 * @param text of a failure, else empty
 */
@SuppressWarnings("ArrayRecordComponent") // passed on once, never compared
record Frame(byte kind, long[] numbers, double[] reals, float[] values, String text) {
  /** A step to compute: {@link #at}, and the adapter. */
  static final byte STEP = 1;

  /** What came of it: numbers tell how many losses there are among the reals; the gradient. */
  static final byte GRADIENT = 2;

  /** A replica has read the base. */
  static final byte READY = 3;

  /** A replica cannot: bad input, or anything else. */
  static final byte REFUSED = 4;

  static final byte FAILED = 5;

  /** A library that writes to the pipe by itself would be taken for a frame without it. */
  private static final int MAGIC = 0x4c54_4831;

  private static final int MOST_BYTES = 1 << 20;
  private static final long[] NO_NUMBERS = {};
  private static final double[] NO_REALS = {};
  private static final float[] NO_VALUES = {};

  static Frame step(StepAt at, float[] values) {
    return new Frame(
        STEP,
        new long[] {at.step(), at.position().epoch(), at.position().batch(), at.parts()},
        new double[] {at.enlarged()},
        values,
        "");
  }

  /** Of a {@link #STEP}. */
  StepAt at() {
    var position = new DataOrder.Position(Math.toIntExact(numbers[1]), Math.toIntExact(numbers[2]));
    return new StepAt(numbers[0], position, Math.toIntExact(numbers[3]), reals[0]);
  }

  static Frame gradient(double[] losses, double[] tally, float[] values) {
    var reals = new double[losses.length + tally.length];
    System.arraycopy(losses, 0, reals, 0, losses.length);
    System.arraycopy(tally, 0, reals, losses.length, tally.length);
    return new Frame(GRADIENT, new long[] {losses.length}, reals, values, "");
  }

  static Frame ready() {
    return new Frame(READY, NO_NUMBERS, NO_REALS, NO_VALUES, "");
  }

  static Frame failure(byte kind, String text) {
    return new Frame(kind, NO_NUMBERS, NO_REALS, NO_VALUES, text);
  }

  void write(OutputStream to) throws IOException {
    var out = new DataOutputStream(to);
    var said = text.getBytes(StandardCharsets.UTF_8);
    var head =
        ByteBuffer.allocate(21 + 8 * (numbers.length + reals.length) + said.length)
            .putInt(MAGIC)
            .put(kind)
            .putInt(numbers.length)
            .putInt(reals.length)
            .putInt(values.length)
            .putInt(said.length);
    for (long number : numbers) {
      head.putLong(number);
    }
    for (double real : reals) {
      head.putDouble(real);
    }
    out.write(head.put(said).array());
    var piece = ByteBuffer.allocate(Math.min(MOST_BYTES, 4 * values.length));
    for (int at = 0; at < values.length; at += piece.capacity() / 4) {
      int count = Math.min(piece.capacity() / 4, values.length - at);
      piece.clear().asFloatBuffer().put(values, at, count);
      out.write(piece.array(), 0, 4 * count);
    }
    out.flush();
  }

  /**
   * @throws EOFException when the other end is gone
   */
  static Frame read(InputStream from) throws IOException {
    var in = new DataInputStream(from);
    int magic = in.readInt();
    if (magic != MAGIC) {
      throw new IOException("something else than a frame came: 0x%08x".formatted(magic));
    }
    byte kind = in.readByte();
    var numbers = new long[in.readInt()];
    var reals = new double[in.readInt()];
    var values = new float[in.readInt()];
    var said = new byte[in.readInt()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = in.readLong();
    }
    for (int i = 0; i < reals.length; i++) {
      reals[i] = in.readDouble();
    }
    in.readFully(said);
    var piece = ByteBuffer.allocate(Math.min(MOST_BYTES, 4 * values.length));
    for (int at = 0; at < values.length; at += piece.capacity() / 4) {
      int count = Math.min(piece.capacity() / 4, values.length - at);
      in.readFully(piece.array(), 0, 4 * count);
      piece.clear().asFloatBuffer().get(values, at, count);
    }
    return new Frame(kind, numbers, reals, values, new String(said, StandardCharsets.UTF_8));
  }
}

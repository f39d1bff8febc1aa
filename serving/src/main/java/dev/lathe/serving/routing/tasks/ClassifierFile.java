package dev.lathe.serving.routing.tasks;

import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A trained classifier as a file: the magic {@code lathe-tc}, version, buckets, classes; then for
 * each class a scale and a signed byte a bucket; a CRC-32C over all before it. Numbers are
 * big-endian.
 */
final class ClassifierFile {
  private static final byte[] MAGIC = "lathe-tc".getBytes(StandardCharsets.US_ASCII);

  /** Goes up with every change of {@link Features}, which the weights are only good for. */
  private static final int VERSION = 1;

  private static final String REMEDY =
      "'./lathe router train --from FILE.jsonl --out FILE' makes one.";
  private static final long MOST = 16L << 20;

  private ClassifierFile() {}

  static byte[] bytes(TrainedClassifier classifier) {
    var parts = new Regression[] {classifier.tasks(), classifier.bands()};
    int size = MAGIC.length + 8 + 4;
    for (var part : parts) {
      size += 4 + part.classes() * (4 + Features.BUCKETS);
    }
    var out = ByteBuffer.allocate(size).put(MAGIC).putInt(VERSION).putInt(Features.BUCKETS);
    for (var part : parts) {
      out.putInt(part.classes());
      for (int c = 0; c < part.classes(); c++) {
        write(part, c, out);
      }
    }
    return out.putInt(crc(out.array(), out.position())).array();
  }

  private static void write(Regression part, int c, ByteBuffer out) {
    float largest = 0;
    for (int b = 0; b < Features.BUCKETS; b++) {
      largest = Math.max(largest, Math.abs(part.weights()[b * part.classes() + c]));
    }
    float scale = largest / Byte.MAX_VALUE;
    out.putFloat(scale);
    for (int b = 0; b < Features.BUCKETS; b++) {
      float weight = part.weights()[b * part.classes() + c];
      out.put((byte) (scale == 0 ? 0 : Math.round(weight / scale)));
    }
  }

  static TrainedClassifier read(Path file) {
    byte[] bytes;
    try {
      if (Files.isRegularFile(file) && Files.size(file) > MOST) {
        throw foreign(file);
      }
      bytes = Files.readAllBytes(file);
    } catch (IOException e) {
      throw new BadInput("the trained classifier cannot be read", file.toString(), REMEDY, e);
    }
    if (bytes.length < MAGIC.length || !Arrays.equals(MAGIC, Arrays.copyOf(bytes, MAGIC.length))) {
      throw foreign(file);
    }
    try {
      return read(ByteBuffer.wrap(bytes).position(MAGIC.length), file);
    } catch (BufferUnderflowException e) {
      throw damaged(file, "it ends early", e);
    }
  }

  private static TrainedClassifier read(ByteBuffer in, Path file) {
    int version = in.getInt();
    if (version != VERSION) {
      throw new BadInput(
          "the trained classifier has another version",
          file + " has version " + version + ", not " + VERSION,
          "Train it again: " + REMEDY);
    }
    if (in.getInt() != Features.BUCKETS) {
      throw damaged(file, "its size is none that is written", null);
    }
    var tasks = part(in, TaskClass.values().length, file);
    var bands = part(in, Band.values().length, file);
    int end = in.position();
    if (in.getInt() != crc(in.array(), end)) {
      throw damaged(file, "its checksum is another", null);
    }
    if (in.hasRemaining()) {
      throw damaged(file, "something follows its end", null);
    }
    return new TrainedClassifier(tasks, bands);
  }

  private static Regression part(ByteBuffer in, int classes, Path file) {
    if (in.getInt() != classes) {
      throw damaged(file, "its classes are not those of this version", null);
    }
    var weights = new float[Features.BUCKETS * classes];
    for (int c = 0; c < classes; c++) {
      float scale = in.getFloat();
      for (int b = 0; b < Features.BUCKETS; b++) {
        weights[b * classes + c] = scale * in.get();
      }
    }
    return new Regression(classes, weights);
  }

  private static int crc(byte[] bytes, int length) {
    var crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }

  private static BadInput foreign(Path file) {
    return new BadInput("this is no trained classifier", file.toString(), REMEDY);
  }

  private static BadInput damaged(Path file, String why, @Nullable Throwable cause) {
    return new BadInput(
        "the trained classifier is damaged", file + ": " + why, "Train it again: " + REMEDY, cause);
  }
}

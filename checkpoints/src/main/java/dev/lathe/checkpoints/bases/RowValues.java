package dev.lathe.checkpoints.bases;

import java.util.List;

/**
 * Some rows of a matrix, in float32.
 *
 * @param ids which, rising; each once
 * @param values one row behind the other
 */
@SuppressWarnings("ArrayRecordComponent") // large, and never compared
public record RowValues(List<Integer> ids, float[] values) {
  public RowValues {
    ids = List.copyOf(ids);
    if (ids.isEmpty() || values.length % ids.size() != 0) {
      throw new IllegalArgumentException(values.length + " values are no " + ids.size() + " rows");
    }
    for (int i = 1; i < ids.size(); i++) {
      if (ids.get(i) <= ids.get(i - 1)) {
        throw new IllegalArgumentException("rows do not rise: " + ids);
      }
    }
  }

  /** Values of one. */
  public int width() {
    return values.length / ids.size();
  }

  /** Writes those of {@code count} rows from {@code first} on over what stands in {@code to}. */
  void over(long first, int count, float[] to) {
    for (int i = 0; i < ids.size(); i++) {
      long row = ids.get(i) - first;
      if (row >= 0 && row < count) {
        System.arraycopy(values, i * width(), to, Math.toIntExact(row) * width(), width());
      }
    }
  }
}

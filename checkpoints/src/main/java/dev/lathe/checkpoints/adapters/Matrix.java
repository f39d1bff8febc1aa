package dev.lathe.checkpoints.adapters;

import java.util.Arrays;

/** Row-major float32; equal when its elements are, bit for bit. */
@SuppressWarnings("ArrayRecordComponent") // large; equality is by content
public record Matrix(int rows, int columns, float[] values) {
  public Matrix {
    if (rows < 1 || columns < 1 || values.length != (long) rows * columns) {
      throw new IllegalArgumentException(
          values.length + " values are no matrix of " + rows + " x " + columns);
    }
  }

  /** Rows for columns. */
  Matrix transposed() {
    var turned = new float[values.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        turned[j * rows + i] = values[i * columns + j];
      }
    }
    return new Matrix(columns, rows, turned);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Matrix m
        && rows == m.rows
        && columns == m.columns
        && Arrays.equals(values, m.values);
  }

  @Override
  public int hashCode() {
    return 31 * rows + Arrays.hashCode(values);
  }

  @Override
  public String toString() {
    return rows + " x " + columns;
  }
}

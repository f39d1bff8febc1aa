package dev.lathe.datasets.statistics;

import tech.tablesaw.api.NumericColumn;

/** One figure over many conversations; percentiles between values are interpolated. */
public record Distribution(
    long count,
    double mean,
    double deviation,
    double min,
    double p5,
    double p25,
    double median,
    double p75,
    double p95,
    double p99,
    double max) {

  static Distribution of(NumericColumn<?> column) {
    if (column.isEmpty()) {
      return new Distribution(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }
    return new Distribution(
        column.size(),
        column.mean(),
        column.size() < 2 ? 0 : column.standardDeviation(),
        column.min(),
        column.percentile(5),
        column.percentile(25),
        column.median(),
        column.percentile(75),
        column.percentile(95),
        column.percentile(99),
        column.max());
  }
}

package dev.lathe.serving.accounting;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import org.jspecify.annotations.Nullable;

/** Rows as the table has them. */
final class RequestRows {
  private RequestRows() {}

  static RequestRow read(ResultSet row, int number) throws SQLException {
    return new RequestRow(
        row.getString("id"),
        row.getObject("at", OffsetDateTime.class).toInstant(),
        row.getString("asked"),
        row.getString("target"),
        row.getString("alias"),
        row.getString("version"),
        row.getString("run_id"),
        row.getString("dataset"),
        row.getString("base"),
        row.getString("experiment"),
        whole(row, "phase"),
        whole(row, "arm"),
        row.getString("subject"),
        row.getBoolean("streamed"),
        row.getInt("status"),
        row.getString("error"),
        real(row, "first_byte_ms"),
        row.getDouble("latency_ms"),
        whole(row, "prompt_tokens"),
        whole(row, "completion_tokens"),
        whole(row, "cached_tokens"),
        row.getBigDecimal("cost"),
        row.getString("provider"),
        row.getString("key_name"),
        row.getBigDecimal("held"));
  }

  private static @Nullable Integer whole(ResultSet row, String column) throws SQLException {
    int value = row.getInt(column);
    return row.wasNull() ? null : Integer.valueOf(value);
  }

  private static @Nullable Double real(ResultSet row, String column) throws SQLException {
    double value = row.getDouble(column);
    return row.wasNull() ? null : Double.valueOf(value);
  }
}

package dev.lathe.app.openai;

import org.jspecify.annotations.Nullable;

/** A job that cannot come to a model; what is told of it stands in the job's {@code error}. */
final class JobFailed extends Exception {
  private static final long serialVersionUID = 1L;

  private final String code;
  private final @Nullable String param;

  JobFailed(String code, @Nullable String param, String message) {
    super(message);
    this.code = code;
    this.param = param;
  }

  String code() {
    return code;
  }

  @Nullable String param() {
    return param;
  }
}

package dev.lathe.app.api;

import dev.lathe.checkpoints.files.DiskFull;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.registry.promotion.AliasMoved;
import dev.lathe.registry.promotion.GatesRefused;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.TypeMismatchException;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.web.ErrorResponse;
import tools.jackson.core.JacksonException;

/**
 * An error as users see it: what was wrong, the value, the remedy.
 *
 * @param status as in HTTP; below 500 the user can mend it
 */
record Problem(int status, String what, @Nullable String value, String remedy) {
  /** The one place that turns exceptions into HTTP. */
  static Problem of(Throwable thrown) {
    return switch (cause(thrown)) {
      case BadInput e -> new Problem(400, e.what(), e.value(), e.remedy());
      case Refusal e -> e.problem();
      case AliasMoved e ->
          new Problem(
              409,
              "the alias stands on another version than expected",
              e.alias() + ": expected " + e.expected() + ", found " + e.found(),
              "Somebody else promoted meanwhile: see './lathe models history', then try again.");
      case GatesRefused e ->
          new Problem(
              409,
              e.version() + " may not become " + e.alias(),
              e.words(),
              e.guarded()
                  ? "The alias is protected: no force opens it."
                  : "'--force --reason …' promotes nonetheless; the history keeps both.");
      case HttpMessageNotReadableException e ->
          new Problem(400, "the request is not understood", reason(e), "See docs/api.md.");
      case TypeMismatchException e ->
          new Problem(
              400,
              "'" + e.getPropertyName() + "' is of another kind",
              String.valueOf(e.getValue()),
              "See docs/api.md.");
      case ErrorResponse e ->
          new Problem(
              e.getStatusCode().value(),
              "the request is not understood",
              e.getBody().getDetail(),
              "See docs/api.md.");
      case FileSystemException e when DiskFull.is(e) ->
          new Problem(
              507,
              "the disk is full",
              e.getFile(),
              "Free some space and run the command again: what was complete is kept.");
      case Throwable e ->
          new Problem(
              500,
              "something broke that should not",
              e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage()),
              "The log tells more.");
    };
  }

  /** Wrappers hide what happened: a bad input or a full disk may lie some causes deep. */
  private static Throwable cause(Throwable thrown) {
    var chain = new ArrayDeque<Throwable>();
    for (Throwable t = thrown; t != null && chain.size() < 20; t = t.getCause()) {
      chain.add(t);
    }
    for (var t : chain) {
      if (t instanceof BadInput
          || t instanceof Refusal
          || t instanceof AliasMoved
          || t instanceof GatesRefused
          || t instanceof TypeMismatchException
          || t instanceof ErrorResponse
          || t instanceof HttpMessageNotReadableException) {
        return t;
      }
      if (t instanceof IOException io && DiskFull.is(io)) {
        return new FileSystemException(fileOf(io), null, "No space left on device");
      }
    }
    return thrown;
  }

  private static @Nullable String fileOf(IOException e) {
    return e instanceof FileSystemException f ? f.getFile() : null;
  }

  private static @Nullable String reason(HttpMessageNotReadableException e) {
    return e.getCause() instanceof JacksonException json
        ? json.getOriginalMessage()
        : e.getMessage();
  }
}

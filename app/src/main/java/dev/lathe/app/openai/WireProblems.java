package dev.lathe.app.openai;

import dev.lathe.checkpoints.files.DiskFull;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.wire.WireError;
import jakarta.servlet.http.HttpServletResponse;
import java.io.EOFException;
import java.io.IOException;
import java.util.UUID;
import org.apache.catalina.connector.ClientAbortException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** Every refusal of this room's controllers in OpenAI's form. */
@RestControllerAdvice(basePackageClasses = WireProblems.class)
@Order(Ordered.HIGHEST_PRECEDENCE)
class WireProblems {
  private static final Logger log = LoggerFactory.getLogger(WireProblems.class);

  @ExceptionHandler(Exception.class)
  @Nullable ResponseEntity<byte[]> answer(Exception e, HttpServletResponse response) {
    var error = error(e);
    if (response.isCommitted()) {
      return null; // what was being read out broke off, or its reader has gone
    }
    return ResponseEntity.status(error.status())
        .contentType(MediaType.APPLICATION_JSON)
        .body(error.json());
  }

  static WireError error(Throwable thrown) {
    if (thrown instanceof WireError e) {
      return e;
    }
    for (Throwable t = thrown; t != null; t = t.getCause()) {
      if (t instanceof IOException io && DiskFull.is(io)) {
        return full();
      }
      if (t instanceof ClientAbortException || t instanceof EOFException) {
        log.debug("a client broke off", thrown);
        return WireError.invalid(null, "incomplete_body", "The body broke off.");
      }
    }
    if (thrown instanceof BadInput e) {
      return WireError.invalid(null, "invalid_value", String.valueOf(e.getMessage()));
    }
    var mark = UUID.randomUUID().toString();
    log.error("a request failed ({})", mark, thrown);
    return new WireError(
        500,
        "server_error",
        null,
        "internal_error",
        "Something broke that should not. The log tells more under " + mark + ".",
        null);
  }

  private static WireError full() {
    return new WireError(
        507,
        "server_error",
        null,
        "disk_full",
        "The disk is full; nothing was kept. Free some space and send it again.",
        null);
  }
}

package dev.lathe.app.api;

import jakarta.servlet.http.HttpServletResponse;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** Answers exceptions of every controller; the stack traces go to the log, never to users. */
@RestControllerAdvice
class Problems {
  private static final Logger log = LoggerFactory.getLogger(Problems.class);

  @ExceptionHandler(Exception.class)
  @Nullable ResponseEntity<Map<String, Problem>> answer(Exception e, HttpServletResponse response) {
    var problem = logged(e);
    if (response.isCommitted()) {
      return null; // the stream has told, or its reader has gone
    }
    return ResponseEntity.status(problem.status()).body(Map.of("error", problem));
  }

  /** The problem of an exception; what users cannot mend is logged with its trace. */
  static Problem logged(Throwable e) {
    var problem = Problem.of(e);
    if (problem.status() >= 500) {
      log.error("{}", problem.what(), e);
    } else {
      log.info("{}: {}", problem.what(), problem.value());
    }
    return problem;
  }
}

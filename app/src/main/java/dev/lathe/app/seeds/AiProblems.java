package dev.lathe.app.seeds;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.lathe.checkpoints.input.BadInput;
import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** Errors of this package in its own form. */
@RestControllerAdvice(basePackageClasses = AiProblems.class)
@Order(Ordered.HIGHEST_PRECEDENCE)
class AiProblems {
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Told(String error, @Nullable String note) {}

  @ExceptionHandler
  ResponseEntity<Told> told(AiProblem e) {
    return ResponseEntity.status(e.status()).body(new Told(e.error(), e.note()));
  }

  @ExceptionHandler
  ResponseEntity<Told> told(BadInput e) {
    return ResponseEntity.badRequest().body(new Told(String.valueOf(e.getMessage()), null));
  }

  @ExceptionHandler
  ResponseEntity<Told> told(HttpMessageNotReadableException e) {
    return ResponseEntity.badRequest()
        .body(new Told("The body cannot be read as JSON", "See docs/migration.md"));
  }
}

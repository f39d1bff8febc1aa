package dev.lathe.app.api;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Counts the requests that change something. A short command that happens to own the home waits for
 * them before it ends, so that it does not cut off a long one of another terminal. Reading is not
 * waited for: whoever reads can ask the next owner.
 */
@Component
class WorkInHand extends OncePerRequestFilter {
  /** The one party registered from the start is whoever awaits. */
  private final Phaser requests = new Phaser(1);

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    if ("GET".equals(request.getMethod())) {
      chain.doFilter(request, response);
      return;
    }
    requests.register();
    try {
      chain.doFilter(request, response);
    } finally {
      requests.arriveAndDeregister();
    }
  }

  /** Returns when none is left. */
  void await() {
    requests.arriveAndAwaitAdvance();
  }

  /** Returns when none is left, or after a while. */
  void await(Duration most) {
    try {
      requests.awaitAdvanceInterruptibly(requests.arrive(), most.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      // Whoever still works is cut off now.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

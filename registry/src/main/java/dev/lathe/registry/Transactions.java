package dev.lathe.registry;

import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import org.springframework.dao.ConcurrencyFailureException;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Changes that are made whole or not at all. One that loses a race with another (a lock that came
 * too late, a row that somebody else inserted first) is made again from its beginning, so it must
 * read what it decides upon within itself.
 */
public final class Transactions {
  private static final int ATTEMPTS = 12;

  private final TransactionTemplate template;

  public Transactions(PlatformTransactionManager manager) {
    this.template = new TransactionTemplate(manager);
  }

  /** Makes a change; what it throws undoes it. */
  public <T> T change(Supplier<T> change) {
    for (int attempt = 1; ; attempt++) {
      try {
        return Objects.requireNonNull(template.execute(status -> change.get()));
      } catch (ConcurrencyFailureException | DuplicateKeyException e) {
        if (attempt == ATTEMPTS) {
          throw e;
        }
        pause(attempt, e);
      }
    }
  }

  /** As {@link #change(Supplier)}, for a change that has nothing to tell. */
  public void run(Runnable change) {
    change(
        () -> {
          change.run();
          return true;
        });
  }

  private static void pause(int attempt, RuntimeException why) {
    try {
      Thread.sleep(ThreadLocalRandom.current().nextLong(5L << Math.min(attempt, 6)));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw why;
    }
  }
}

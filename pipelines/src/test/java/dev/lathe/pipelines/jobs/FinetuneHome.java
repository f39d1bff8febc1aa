package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.pipelines.supervision.ProcessIdentity;
import dev.lathe.pipelines.supervision.RunCommand;
import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.pipelines.supervision.RunSpec;
import dev.lathe.pipelines.supervision.StandInRun;
import dev.lathe.pipelines.sweeps.SweepParts;
import dev.lathe.pipelines.sweeps.Sweeps;
import dev.lathe.registry.runs.RunImport;
import dev.lathe.registry.runs.RunRegistry;
import dev.lathe.registry.runs.RunView;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.h2.jdbcx.JdbcConnectionPool;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.repository.support.JdbcJobRepositoryFactoryBean;
import org.springframework.core.io.ClassPathResource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.init.ResourceDatabasePopulator;
import org.springframework.jdbc.support.JdbcTransactionManager;

/** A home with real database, real Spring Batch and real processes, trained by the stand-in. */
public final class FinetuneHome implements AutoCloseable {
  static final Duration SOON = Duration.ofSeconds(30);

  public final Path folder;
  public final RunRegistry registry;
  public final JobRepository batch;
  public final Finetunes finetunes;
  public final Sweeps sweeps;
  final AtomicLong memoryKills = new AtomicLong();
  final List<RunDirectory> completed = new CopyOnWriteArrayList<>();

  /** The best run of every sweep that is complete, as often as it is told. */
  public final List<RunDirectory> best = new CopyOnWriteArrayList<>();

  private final JdbcConnectionPool pool;

  public FinetuneHome(Path folder) {
    this(folder, new FinetunePatience(SOON, SOON, SOON, Duration.ofMillis(20)));
  }

  FinetuneHome(Path folder, FinetunePatience patience) {
    this(
        folder,
        patience,
        (id, request, now) ->
            new RunSpec(
                id,
                request.model(),
                new RunSpec.BaseRef(request.base(), "ab", "/bases/tiny"),
                new RunSpec.DatasetRef(request.dataset(), "cd", "/datasets/desk/1"),
                recipe(request.overrides()),
                now,
                "test"),
        StandInRun.command());
  }

  /** The same with what really plans and trains. */
  FinetuneHome(Path folder, FinetunePatience patience, FinetunePlan plan, RunCommand command) {
    this.folder = folder;
    var me = ProcessIdentity.current();
    Durable.write(
        folder.resolve("owner.json"),
        "{\"pid\":%d,\"startedAt\":%d}".formatted(me.pid(), me.startedAt()));
    pool =
        JdbcConnectionPool.create(
            "jdbc:h2:file:"
                + folder.resolve("database/lathe")
                + ";WRITE_DELAY=0;RETENTION_TIME=0;DB_CLOSE_ON_EXIT=FALSE",
            "sa",
            "");
    Flyway.configure().dataSource(pool).load().migrate();
    var transactions = new JdbcTransactionManager(pool);
    batch = batch(pool, transactions);
    registry = new RunRegistry(JdbcClient.create(pool));
    finetunes =
        new Finetunes(
            folder.resolve("runs"),
            plan,
            new FinetuneParts(
                new RunImport(new JdbcTemplate(pool), transactions, Clock.systemUTC()),
                registry,
                batch,
                transactions,
                completed::add,
                command,
                patience,
                memoryKills::get,
                1,
                Clock.systemUTC()));
    finetunes.recover();
    sweeps =
        new Sweeps(
            folder.resolve("sweeps"),
            new SweepParts(
                finetunes, plan, registry, batch, transactions, best::add, 1, Clock.systemUTC()));
    sweeps.recover();
  }

  String start(String... settings) {
    var set = new LinkedHashMap<String, String>();
    for (int i = 0; i < settings.length; i += 2) {
      set.put(settings[i], settings[i + 1]);
    }
    return finetunes.start(new FinetuneRequest("tiny", "desk@1", "support", null, set)).id();
  }

  void awaitOver(String id) throws InterruptedException {
    long deadline = System.nanoTime() + SOON.toNanos();
    while (finetunes.active(id)) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("still " + finetunes.show(id));
      }
      Thread.sleep(20);
    }
  }

  public void awaitStep(String id, long step) throws InterruptedException {
    long deadline = System.nanoTime() + SOON.toNanos();
    while (registry.show(id).map(RunView::step).orElse(-1L) < step) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("still " + registry.show(id));
      }
      Thread.sleep(20);
    }
  }

  @Override
  public void close() {
    sweeps.close();
    finetunes.close();
    pool.dispose();
  }

  private static Map<String, Object> recipe(Map<String, String> set) {
    var recipe = new LinkedHashMap<String, Object>();
    set.forEach(
        (k, v) ->
            recipe.put(k, v.matches("-?\\d+") ? (Object) Integer.valueOf(v) : v.equals("true")));
    return recipe;
  }

  private static JobRepository batch(DataSource source, JdbcTransactionManager transactions) {
    try {
      if (new JdbcTemplate(source)
          .queryForList(
              "SELECT 1 FROM information_schema.tables WHERE table_name = 'BATCH_STEP_EXECUTION'")
          .isEmpty()) {
        new ResourceDatabasePopulator(
                new ClassPathResource("org/springframework/batch/core/schema-h2.sql"))
            .execute(source);
      }
      var factory = new JdbcJobRepositoryFactoryBean();
      factory.setDataSource(source);
      factory.setTransactionManager(transactions);
      factory.afterPropertiesSet();
      return factory.getObject();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}

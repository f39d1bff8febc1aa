package dev.lathe.pipelines.sweeps;

import dev.lathe.pipelines.jobs.FinetunePlan;
import dev.lathe.pipelines.jobs.Finetunes;
import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.registry.runs.RunRegistry;
import java.time.Clock;
import java.util.function.Consumer;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.transaction.PlatformTransactionManager;

/**
 * What {@link Sweeps} works with.
 *
 * @param transactions of the database that holds Spring Batch's tables
 * @param best told of the best run of every sweep that is complete, at least once
 * @param atOnce how many runs train at the same time
 */
public record SweepParts(
    Finetunes finetunes,
    FinetunePlan plan,
    RunRegistry registry,
    JobRepository batch,
    PlatformTransactionManager transactions,
    Consumer<RunDirectory> best,
    int atOnce,
    Clock clock) {}

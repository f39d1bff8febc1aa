package dev.lathe.pipelines.jobs;

import dev.lathe.pipelines.supervision.RunCommand;
import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.registry.runs.RunImport;
import dev.lathe.registry.runs.RunRegistry;
import java.time.Clock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.transaction.PlatformTransactionManager;

/**
 * What {@link Finetunes} works with.
 *
 * @param transactions of the database that holds both the registry and Spring Batch's tables
 * @param completed told of every completed run, at least once; it throws nothing
 * @param command starts a run process
 * @param memoryKills how many processes the system has killed so far because memory ran out
 * @param atOnce how many runs train at the same time; the others wait
 */
public record FinetuneParts(
    RunImport imports,
    RunRegistry registry,
    JobRepository batch,
    PlatformTransactionManager transactions,
    Consumer<RunDirectory> completed,
    RunCommand command,
    FinetunePatience patience,
    LongSupplier memoryKills,
    int atOnce,
    Clock clock) {}

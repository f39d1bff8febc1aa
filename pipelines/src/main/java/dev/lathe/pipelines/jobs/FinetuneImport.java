package dev.lathe.pipelines.jobs;

import dev.lathe.pipelines.supervision.JournalPosition;
import dev.lathe.pipelines.supervision.JournalRecord;
import dev.lathe.pipelines.supervision.JournalTail;
import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.pipelines.supervision.RunSpec;
import dev.lathe.pipelines.supervision.RunStatus;
import dev.lathe.registry.runs.RunDescription;
import dev.lathe.registry.runs.RunFold;
import dev.lathe.registry.runs.RunImport;
import dev.lathe.registry.runs.RunRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Follows one run's journal into the registry. For one thread. */
final class FinetuneImport {
  private static final Logger log = LoggerFactory.getLogger(FinetuneImport.class);
  private static final int BATCH = 1_000;

  private final RunDirectory run;
  private final RunImport registry;
  private final JournalTail tail;
  private RunFold fold;
  private boolean toldOfDamage;

  /** Begins where the last import ended, or anew when the journal is no longer the one it read. */
  FinetuneImport(RunDirectory run, RunImport registry) {
    this.run = run;
    this.registry = registry;
    registry.describe(description(run.readSpec()), JournalPosition.START.toString());
    var known = imported();
    var position = JournalPosition.parse(known.position());
    if (!JournalTail.holds(run.journal(), position)) {
      log.warn("run {}: its journal went on otherwise; importing it anew", run.id());
      registry.forget(run.id(), JournalPosition.START.toString());
      position = JournalPosition.START;
      known = imported();
    }
    this.fold = known;
    this.tail = new JournalTail(run.journal(), position);
  }

  /** Imports what was added; returns what the journal says so far. */
  RunFold catchUp() {
    for (var records = tail.poll(BATCH); !records.isEmpty(); records = tail.poll(BATCH)) {
      fold =
          registry.take(
              run.id(),
              records.stream().map(FinetuneImport::record).toList(),
              tail.position().toString());
    }
    if (tail.damaged() && !toldOfDamage) {
      toldOfDamage = true;
      log.warn("run {}: its journal is damaged behind record {}", run.id(), fold.seq());
    }
    return fold;
  }

  /** Writes down where the run stands, and returns it. */
  RunStatus observe() {
    var status = RunStatus.of(run, fold);
    var peak = run.supervised().map(s -> s.peakRssMiB()).filter(p -> p > 0).orElse(null);
    registry.observe(run.id(), status.state(), status.error(), peak);
    return status;
  }

  private RunFold imported() {
    var known = registry.imported(run.id());
    if (known == null) {
      throw new IllegalStateException("the registry forgot run " + run.id());
    }
    return known;
  }

  private static RunDescription description(RunSpec spec) {
    var trial = spec.trial();
    return new RunDescription(
        spec.id(),
        spec.model(),
        spec.base().name(),
        spec.base().weightsSha256(),
        spec.dataset().ref(),
        spec.recipe(),
        spec.createdAt(),
        trial == null ? null : trial.sweep());
  }

  private static RunRecord record(JournalRecord r) {
    return new RunRecord(r.seq(), r.at(), r.type(), r.fields());
  }
}

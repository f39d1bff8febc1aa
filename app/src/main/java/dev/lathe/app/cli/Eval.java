package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import dev.lathe.checkpoints.input.BadInput;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Measures a base, a version or what a run made on a dataset, or any target by a suite. */
@Command(
    name = "eval",
    description =
        "loss and token accuracy on a dataset's validation part, by slice, the worst conversations"
            + " and how right answers are; or answers by a suite")
public final class Eval extends HomeCommand {
  @Parameters(
      paramLabel = "TARGET",
      description =
          "a base, a version (name@number or name@alias), a run, or with --suite PROVIDER:MODEL")
  String target;

  @Option(names = "--dataset", paramLabel = "D@V", description = "see 'dataset list'")
  @Nullable String dataset;

  @Option(
      names = "--answers",
      arity = "0..1",
      fallbackValue = "20",
      paramLabel = "N",
      description =
          "with --dataset: let it answer N conversations itself (${FALLBACK-VALUE}): exact match,"
              + " JSON, tool calls; with --suite: print every answer too")
  @Nullable Integer answers;

  @Mixin DatasetOptions onDataset = new DatasetOptions();

  @Mixin SuiteOptions suite = new SuiteOptions();

  public Eval(Session session) {
    super(session);
  }

  @Override
  protected int run(OwnerClient owner) {
    boolean bySuite = suite.asked();
    if (bySuite == (dataset != null)) {
      throw new BadInput(
          bySuite ? "a dataset and a suite are measured apart" : "there is nothing to measure on",
          target,
          "Name a dataset (--dataset D@V) or a suite (--suite factual).");
    }
    if (dataset == null) {
      onDataset.requireNothing();
      print(
          suite.evaluate(owner, target, terminal()),
          r -> SuiteFigures.tell(r, answers != null, terminal()));
    } else {
      print(
          onDataset.evaluate(owner, target, dataset, answers, terminal()),
          r -> EvalFigures.tell(r, onDataset.by != null, terminal()));
    }
    return ExitStatus.DONE;
  }
}

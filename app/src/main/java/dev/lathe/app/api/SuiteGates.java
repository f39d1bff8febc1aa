package dev.lathe.app.api;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.suites.Respondent;
import dev.lathe.pipelines.suites.Suite;
import dev.lathe.pipelines.suites.SuiteEvaluation;
import dev.lathe.pipelines.suites.SuiteGate;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.promotion.GateResult;
import dev.lathe.serving.settings.StandingGates;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Suites as gates before an alias, for who asks for them. */
final class SuiteGates {
  private final Respondents respondents;
  private final Supplier<StandingGates> standing;

  /**
   * @param standing what every promotion must pass
   */
  SuiteGates(Respondents respondents, Supplier<StandingGates> standing) {
    this.respondents = respondents;
    this.standing = standing;
  }

  /**
   * @throws BadInput when one of the standing gates is none
   */
  void check() {
    standing.get().suites().forEach(SuiteGate::parse);
  }

  /** Gates and who grades; found to be right before anything is measured. */
  record Wanted(List<SuiteGate> gates, @Nullable Respondent judge) {}

  /**
   * The standing gates and those asked for now.
   *
   * @param judge instead of the one that {@code lathe.yaml} names
   * @throws BadInput when one of them is no gate, or nothing answers under the judge's name
   */
  Wanted wanted(@Nullable List<String> gates, @Nullable String judge) {
    var always = standing.get();
    var parsed =
        Stream.concat(always.suites().stream(), gates == null ? Stream.of() : gates.stream())
            .map(SuiteGate::parse)
            .distinct()
            .toList();
    if (judge != null && parsed.isEmpty()) {
      throw new BadInput(
          "a judge without a gate to grade for", judge, "Add --gate, such as suite:safety>=0.9.");
    }
    var grader = judge == null ? always.judge() : judge;
    return new Wanted(parsed, grader == null ? null : respondents.of(grader));
  }

  /** Every gate; what cannot be measured does not pass. A suite is asked once. */
  List<GateResult> judge(Wanted wanted, ModelVersion candidate, Consumer<String> progress) {
    var results = new ArrayList<GateResult>();
    var bySuite = new LinkedHashMap<Suite, List<SuiteGate>>();
    wanted.gates().forEach(g -> bySuite.computeIfAbsent(g.suite(), s -> new ArrayList<>()).add(g));
    bySuite.forEach(
        (suite, gates) -> results.addAll(judge(suite, gates, wanted, candidate, progress)));
    return results;
  }

  private List<GateResult> judge(
      Suite suite,
      List<SuiteGate> gates,
      Wanted wanted,
      ModelVersion candidate,
      Consumer<String> progress) {
    progress.accept("the suite " + suite.name());
    try {
      var target = respondents.of(candidate.version());
      var result =
          new SuiteEvaluation(
                  suite,
                  target,
                  null,
                  wanted.judge(),
                  s -> {
                    if (s.done() == 0) {
                      progress.accept(s.stage());
                    }
                  })
              .run();
      return gates.stream().map(g -> g.judge(result)).toList();
    } catch (NdJson.ReaderGone e) {
      throw e; // nobody waits any more
    } catch (RuntimeException e) {
      return gates.stream().map(g -> g.failed(String.valueOf(e.getMessage()))).toList();
    }
  }
}

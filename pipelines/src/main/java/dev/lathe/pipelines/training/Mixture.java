package dev.lathe.pipelines.training;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What a run is made of, as it is told: every dataset with its share of what is learnt and how
 * often it is passed over from the run's first step to its last.
 */
public record Mixture(List<Portion> portions) {
  /**
   * @param dataset the version
   * @param share of the label tokens, pairs or answers that are learnt
   * @param passes over its training split
   */
  public record Portion(String dataset, double share, double passes) {
    private String told() {
      return String.format(
          Locale.ROOT,
          "%s %.3g %% (%.2f %s)",
          dataset,
          100 * share,
          passes,
          passes == 1 ? "pass" : "passes");
    }
  }

  static Mixture of(Setup setup) {
    var order = setup.order();
    var names = setup.spec().dataset().parts().stream().map(p -> p.ref()).toList();
    long microBatches = setup.steps() * setup.recipe().accumulate();
    var passes = order.passes((double) microBatches / order.epoch(0).size());
    var shares = order.shares();
    return new Mixture(
        IntStream.range(0, names.size())
            .mapToObj(p -> new Portion(names.get(p), shares[p], passes[p]))
            .toList());
  }

  boolean several() {
    return portions.size() > 1;
  }

  /** For people. */
  String told(Recipe.Objective objective) {
    var of =
        switch (objective) {
          case SFT -> "label tokens";
          case DPO -> "pairs";
          case KTO -> "answers";
        };
    return "A mixture; of the "
        + of
        + ": "
        + portions.stream().map(Portion::told).collect(Collectors.joining(", "))
        + ".";
  }

  /** For the journal. */
  List<Map<String, Object>> toList() {
    return portions.stream()
        .map(
            p -> {
              var m = new LinkedHashMap<String, Object>();
              m.put("dataset", p.dataset());
              m.put("share", p.share());
              m.put("passes", p.passes());
              return (Map<String, Object>) m;
            })
        .toList();
  }
}

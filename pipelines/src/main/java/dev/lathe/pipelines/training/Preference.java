package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.input.Settings;
import java.util.Map;

/**
 * How preferences are learnt from.
 *
 * @param beta how closely the model is held to the one that the run began with
 * @param labelSmoothing DPO's share of pairs taken to be the wrong way round
 * @param sftWeight of the chosen answers' own loss a token beside DPO's (RPO)
 * @param desirableWeight KTO's of liked answers, undesirableWeight of disliked ones
 */
public record Preference(
    double beta,
    double labelSmoothing,
    double sftWeight,
    double desirableWeight,
    double undesirableWeight) {
  private static final Preference DEFAULT = new Preference(0.1, 0, 0, 1, 1);

  static Preference of(Settings s, Recipe.Objective objective) {
    var p =
        new Preference(
            s.number("beta", 0.1, 1e-6, 1000),
            s.number("labelSmoothing", 0, 0, 0.5),
            s.number("sftWeight", 0, 0, 1000),
            s.number("desirableWeight", 1, 0, 1000),
            s.number("undesirableWeight", 1, 0, 1000));
    if (objective == Recipe.Objective.SFT && p.beta != DEFAULT.beta) {
      s.problem("beta: objective=sft has none; dpo and kto do");
    }
    if (objective != Recipe.Objective.DPO && (p.labelSmoothing != 0 || p.sftWeight != 0)) {
      s.problem("labelSmoothing and sftWeight: only objective=dpo has them");
    }
    if (objective != Recipe.Objective.KTO && (p.desirableWeight != 1 || p.undesirableWeight != 1)) {
      s.problem("desirableWeight and undesirableWeight: only objective=kto has them");
    }
    return p;
  }

  void into(Map<String, Object> m) {
    m.put("beta", beta);
    m.put("labelSmoothing", labelSmoothing);
    m.put("sftWeight", sftWeight);
    m.put("desirableWeight", desirableWeight);
    m.put("undesirableWeight", undesirableWeight);
  }
}

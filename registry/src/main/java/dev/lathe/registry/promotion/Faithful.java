package dev.lathe.registry.promotion;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The gate that asks whether what is served is what was trained: the serving engine's greedy
 * answers, scored by the trainer token by token with the engine's own tokens before them.
 *
 * <p>Two correct computations of one model differ by rounding, so that near ties may fall either
 * way; a wrong one (rows not permuted, another scale, template or end) soon chooses a token that
 * the trainer finds unlikely.
 */
public final class Faithful {
  public static final String NAME = "faithful";

  /** Nats that a token may lie below the trainer's best. */
  public static final double MOST_BELOW = 0.5;

  /** Nats within which two tokens are a tie, which rounding may turn either way. */
  public static final double TIE = 0.05;

  /** The share of tokens that must be the trainer's best, or tie with it. */
  public static final double SAME = 0.95;

  /** Prompts, and positions that their answers have together at least, unless they end early. */
  public static final int PROMPTS = 16;

  public static final int POSITIONS = 256;

  private Faithful() {}

  /**
   * A token of an answer, or the stop token after it.
   *
   * @param token the trainer's log-probability of what the engine chose, in nats
   * @param best that of the trainer's best
   * @param same whether they are the same token
   */
  public record Position(double token, double best, boolean same) {
    double below() {
      return best - token;
    }

    /** Whether it is the trainer's best token, or as good. */
    boolean asGood() {
      return same || below() <= TIE;
    }
  }

  /**
   * One answer.
   *
   * @param positions in their order, the stop token last where the engine stopped
   * @param stopped whether the engine ended it with a stop token
   * @param wentOn whether a stop token stands amid it
   */
  public record Answer(String prompt, List<Position> positions, boolean stopped, boolean wentOn) {
    public Answer {
      positions = List.copyOf(positions);
    }
  }

  /** What the gate asks for. */
  public static String expected() {
    return String.format(
        Locale.ROOT,
        "of the serving engine's greedy answers to %d prompts (%d positions or more, stop tokens"
            + " included) each token within %.1f nat of the trainer's best, %.0f %% of them the"
            + " same or a tie (%.2f nat)",
        PROMPTS,
        POSITIONS,
        MOST_BELOW,
        100 * SAME,
        TIE);
  }

  /**
   * @param engine what answered, in words
   */
  public static GateResult judge(String engine, List<Answer> answers) {
    long positions = answers.stream().mapToLong(a -> a.positions().size()).sum();
    long same =
        answers.stream().flatMap(a -> a.positions().stream()).filter(Position::same).count();
    long asGood =
        answers.stream().flatMap(a -> a.positions().stream()).filter(Position::asGood).count();
    long stopped = answers.stream().filter(Answer::stopped).count();
    long far = 0;
    double furthest = 0;
    var where = "";
    for (var answer : answers) {
      for (int i = 0; i < answer.positions().size(); i++) {
        double below = answer.positions().get(i).below();
        if (!(below <= MOST_BELOW)) { // a NaN is far
          far++;
        }
        if (!(below <= furthest)) {
          furthest = below;
          where = "position %d of the answer to '%s'".formatted(i + 1, answer.prompt());
        }
      }
    }
    var wentOn = answers.stream().filter(Answer::wentOn).map(Answer::prompt).toList();
    double share = positions == 0 ? 0 : (double) asGood / positions;
    var found = new ArrayList<String>();
    found.add(
        String.format(
            Locale.ROOT,
            "%s: %d of %d positions the same (%.1f %%)%s",
            engine,
            same,
            positions,
            positions == 0 ? 0 : 100.0 * same / positions,
            asGood == same
                ? ""
                : String.format(Locale.ROOT, ", %d with ties (%.1f %%)", asGood, 100 * share)));
    found.add(
        far == 0
            ? String.format(Locale.ROOT, "the furthest %.2f nat below", furthest)
            : String.format(
                Locale.ROOT,
                "%d more than %.1f nat below, the furthest %.2f (%s)",
                far,
                MOST_BELOW,
                furthest,
                where));
    found.add("%d of %d answers reached their stop token".formatted(stopped, answers.size()));
    if (!wentOn.isEmpty()) {
      found.add(
          "%d went on after a stop token (the first to '%s')"
              .formatted(wentOn.size(), wentOn.getFirst()));
    }
    boolean passed = far == 0 && share >= SAME && wentOn.isEmpty() && positions > 0;
    return new GateResult(NAME, passed, expected(), String.join("; ", found));
  }
}

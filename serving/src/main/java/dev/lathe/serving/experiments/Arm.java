package dev.lathe.serving.experiments;

import dev.lathe.checkpoints.input.BadInput;

/**
 * One side of an experiment.
 *
 * @param target what answers: {@code support@champion}, a base's name, {@code provider:model}
 * @param weight its share of the subjects is weight / sum of the weights; positive
 */
public record Arm(String target, double weight) {
  static final int LONGEST_TARGET = 255;
  private static final double LEAST = 1e-6;
  private static final double MOST = 1e6;

  public Arm {
    if (target.isBlank()
        || target.length() > LONGEST_TARGET
        || !target.equals(target.strip())
        || target.chars().anyMatch(Character::isISOControl)) {
      throw new BadInput(
          "an arm's target cannot be this",
          target,
          "Name MODEL@ALIAS, a base or provider:model, in at most "
              + LONGEST_TARGET
              + " characters.");
    }
    if (!(weight >= LEAST && weight <= MOST)) {
      throw new BadInput(
          "an arm's weight must be a positive number",
          target + "=" + weight,
          "Give a share such as 1 or 0.1; an arm without traffic is left out.");
    }
  }
}

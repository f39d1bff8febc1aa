package dev.lathe.pipelines.training;

import java.util.List;

/**
 * A serving engine's answer as the trainer scores it. The loop's room sees no registry, so this is
 * what the gate is given to judge, not its own record.
 *
 * @param prompt in words
 * @param positions the answer's tokens, the stop token last where the engine stopped
 * @param stopped whether a stop token ended it
 * @param wentOn whether the engine went on after a stop token
 */
public record ScoredAnswer(
    String prompt, List<Position> positions, boolean stopped, boolean wentOn) {
  public ScoredAnswer {
    positions = List.copyOf(positions);
  }

  /**
   * One token.
   *
   * @param token the trainer's log-probability of the engine's token, in nats
   * @param best that of the trainer's likeliest
   * @param same whether they are the same token
   */
  public record Position(double token, double best, boolean same) {}
}

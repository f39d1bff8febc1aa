package dev.lathe.pipelines.training;

import dev.lathe.engine.Decoder;
import dev.lathe.engine.generation.Greedy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/** Greedy answers to any number of prompts, as many at once as memory likes. */
final class Answering {
  /** Prompts that are answered together; more of them only cost memory. */
  private static final int ROWS = 20;

  /** Tokens of the prompts that are read together. */
  private static final int BUDGET = 8192;

  private Answering() {}

  /**
   * @param prompts token ids, none empty
   * @param most new tokens of an answer
   * @param progress told how many are answered
   * @return the new tokens of each, without the end token
   */
  static List<int[]> of(Decoder decoder, List<int[]> prompts, int most, IntConsumer progress) {
    var answers = new ArrayList<int[]>();
    for (int from = 0; from < prompts.size(); from = answers.size()) {
      int start = from;
      var batch = prompts.subList(from, end(prompts, from));
      answers.addAll(Greedy.answers(decoder, batch, most, done -> progress.accept(start + done)));
    }
    return answers;
  }

  private static int end(List<int[]> prompts, int from) {
    int tokens = prompts.get(from).length;
    int end = from + 1;
    while (end < prompts.size()
        && end - from < ROWS
        && tokens + prompts.get(end).length <= BUDGET) {
      tokens += prompts.get(end++).length;
    }
    return end;
  }
}

package dev.lathe.pipelines.evaluation;

import dev.lathe.checkpoints.input.BadInput;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an evaluation is to tell.
 *
 * @param by kinds of slices
 * @param worst how many of the worst conversations
 * @param answers how many conversations the model is asked for an answer of; 0 for none
 * @param maxTokens of an answer
 * @param turn which answer of a conversation is asked for
 * @param schema what answers in JSON are held to besides
 */
public record Options(
    List<SliceBy> by,
    int worst,
    int answers,
    int maxTokens,
    Turn turn,
    @Nullable AnswerSchema schema) {
  public static final int WORST = 5;
  public static final int MAX_TOKENS = 256;
  private static final int MOST_WORST = 100;
  private static final int MOST_ANSWERS = 2000;
  private static final int MOST_TOKENS = 4096;

  /** Slices of every kind, a few of the worst, and no answers. */
  public static final Options PLAIN =
      new Options(SliceBy.ALL, WORST, 0, MAX_TOKENS, Turn.LAST, null);

  public Options {
    by = List.copyOf(by);
    within("worst: how many conversations to show", worst, 0, MOST_WORST);
    within("answers: how many to generate", answers, 0, MOST_ANSWERS);
    within("answerTokens: how long an answer may be", maxTokens, 1, MOST_TOKENS);
    if (schema != null && answers == 0) {
      throw new BadInput(
          "a schema is for answers, and none are asked for", null, "Add --answers N.");
    }
  }

  private static void within(String what, int value, int least, int most) {
    if (value < least || value > most) {
      throw new BadInput(
          what + " lies out of range",
          Integer.toString(value),
          "Choose between " + least + " and " + most + ".");
    }
  }
}

package dev.lathe.datasets.chat;

/**
 * What became of the turns of rendered conversations; adds up over partitions.
 *
 * @param conversations rendered
 * @param assistantTurns answers in them
 * @param notLearnt answers that a weight of 0 keeps from being labelled
 * @param toolCalls calls of functions
 * @param toolResults results of functions
 * @param toolCallsAsText those of the calls that the template does not render itself
 * @param toolResultsAsText those of the results that the template does not render itself
 * @param declarationsNotShown functions declared by the log that the template shows no model
 */
public record RenderCounts(
    long conversations,
    long assistantTurns,
    long notLearnt,
    long toolCalls,
    long toolResults,
    long toolCallsAsText,
    long toolResultsAsText,
    long declarationsNotShown) {
  public static final RenderCounts NONE = new RenderCounts(0, 0, 0, 0, 0, 0, 0, 0);

  public RenderCounts plus(RenderCounts o) {
    return new RenderCounts(
        conversations + o.conversations,
        assistantTurns + o.assistantTurns,
        notLearnt + o.notLearnt,
        toolCalls + o.toolCalls,
        toolResults + o.toolResults,
        toolCallsAsText + o.toolCallsAsText,
        toolResultsAsText + o.toolResultsAsText,
        declarationsNotShown + o.declarationsNotShown);
  }
}

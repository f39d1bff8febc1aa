package dev.lathe.app.cli;

import dev.lathe.app.demo.Voice;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * What the demo tells at the end, and what {@code --json} prints.
 *
 * @param baseReason why this base
 * @param reused whether a run of before was taken, since it would train the same again
 * @param eval validation loss of the base and of the tuned model
 * @param voice share of the answers that bear every mark
 * @param marks share of the answers that bear one mark
 * @param version what the run became
 * @param promotion as {@code models promote} has it; missing when the version before stayed
 * @param experiment as {@code experiment show} has it: both sides with scripted users
 * @param stages seconds a stage
 */
record DemoOutcome(
    String base,
    String baseReason,
    String dataset,
    String run,
    boolean reused,
    String version,
    Pair eval,
    Pair voice,
    Map<String, Pair> marks,
    JsonNode promotion,
    JsonNode experiment,
    List<Answer> answers,
    Map<String, Double> stages,
    double seconds) {

  /** A figure of the base and of the tuned model. */
  record Pair(double base, double tuned) {}

  record Answer(String prompt, String base, String tuned) {}

  static Map<String, Pair> marks(Voice voice, List<String> before, List<String> after) {
    var tuned = voice.shares(after);
    var marks = new LinkedHashMap<String, Pair>();
    voice
        .shares(before)
        .forEach((mark, share) -> marks.put(mark, new Pair(share, tuned.getOrDefault(mark, 0.0))));
    return marks;
  }

  static List<Answer> answers(List<String> prompts, List<String> before, List<String> after) {
    var answers = new ArrayList<Answer>();
    for (int i = 0; i < prompts.size(); i++) {
      answers.add(new Answer(prompts.get(i), before.get(i), after.get(i)));
    }
    return answers;
  }

  void tell(Terminal terminal) {
    var out = terminal.out();
    var first = answers().getFirst();
    out.println();
    out.println(terminal.styled("1", first.prompt()));
    out.println(terminal.styled("90", "before: ") + indented(first.base()));
    out.println(terminal.styled("32", "after:  ") + indented(first.tuned()));
    out.println();
    out.printf(Locale.ROOT, "validation loss  %.3f -> %.3f%n", eval().base(), eval().tuned());
    out.printf(
        Locale.ROOT,
        "in the voice     %.0f %% -> %.0f %% of %d unseen prompts%n",
        100 * voice().base(),
        100 * voice().tuned(),
        answers().size());
    marks()
        .forEach(
            (mark, share) ->
                out.printf(
                    Locale.ROOT,
                    "  %-14s %.0f %% -> %.0f %%%n",
                    mark,
                    100 * share.base(),
                    100 * share.tuned()));
    for (var arm : experiment().path("arms")) {
      out.printf(
          Locale.ROOT,
          "users' votes     %-24s %3d users, %.0f %% for it%n",
          arm.path("target").asString(""),
          arm.path("subjects").asInt(),
          100 * arm.path("mean").asDouble(0));
    }
    out.println("verdict          " + experiment().path("verdict").asString(""));
    out.println();
    stages().forEach((stage, s) -> out.printf(Locale.ROOT, "%-20s %6.1f s%n", stage, s));
    out.printf(Locale.ROOT, "%-20s %6.1f s%n", "in all", seconds());
    out.println();
    out.println("Go on:");
    out.println(
        "  ./lathe serve                 the page with all of this at http://127.0.0.1:8080/");
    out.println("  ./lathe chat demo@champion");
    out.println("  ./lathe models show demo@champion");
    out.println("  ./lathe models history demo");
    out.println("  ./lathe experiment show " + experiment().path("id").asString(""));
    out.println("  ./lathe dataset preview " + dataset());
    out.println("  ./lathe dataset build YOUR-LOG.jsonl --name mine --base " + base());
    out.println("  ./lathe train --base " + base() + " --dataset mine --name mine");
  }

  private static String indented(String answer) {
    return Text.printable(answer).strip().replace("\n", "\n        ");
  }
}

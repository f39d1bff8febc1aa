package dev.lathe.app.cli;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.routing.tasks.Assessment;
import dev.lathe.serving.routing.tasks.ClassifierTraining;
import dev.lathe.serving.routing.tasks.ClassifierTraining.HeldOut;
import dev.lathe.serving.routing.tasks.LabelledRequest;
import dev.lathe.serving.routing.tasks.RuleClassifier;
import dev.lathe.serving.routing.tasks.TrainedClassifier;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.WireError;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** {@code router …}: what the router makes of a request, and how it learns to. */
@Command(name = "router", description = "how requests are told apart: classify one, train on many")
public final class RouterCommand implements Runnable {
  @Spec CommandSpec spec;

  /** The subcommands. */
  public static Object[] parts(Session session) {
    return new Object[] {new Classify(session), new Train(session)};
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "which one: " + String.join(", ", spec.subcommands().keySet()) + "?");
  }

  /** {@code router classify TEXT}. Needs no owner: classifiers know nothing of a home. */
  @Command(
      name = "classify",
      description = "what kind of work a request is, and how hard, as each classifier sees it",
      footer = {"", "./lathe router classify \"Prove that there are infinitely many primes.\""})
  public static final class Classify extends LatheCommand implements Callable<Integer> {
    @Parameters(paramLabel = "TEXT", arity = "0..1", description = "what a user says")
    @Nullable String text;

    @Option(
        names = "--request",
        paramLabel = "FILE",
        description = "instead of TEXT: the body of a chat completion, with its tools and turns")
    @Nullable Path request;

    @Option(
        names = "--classifier",
        paramLabel = "FILE",
        description = "a trained classifier, asked beside the rules")
    @Nullable Path classifier;

    public Classify(Session session) {
      super(session);
    }

    /** As {@code --json} prints it. */
    record Verdict(String task, double complexity, String band, List<String> because) {
      static Verdict of(Assessment a) {
        return new Verdict(a.task().wireName(), a.complexity(), a.band().wireName(), a.because());
      }
    }

    @Override
    public Integer call() {
      var asked = asked();
      Map<String, @Nullable Object> verdicts = new LinkedHashMap<>();
      verdicts.put("rules", Verdict.of(new RuleClassifier().assess(asked)));
      verdicts.put(
          "trained",
          classifier == null ? null : Verdict.of(TrainedClassifier.load(classifier).assess(asked)));
      print(verdicts, this::tell);
      return ExitStatus.DONE;
    }

    private ChatRequest asked() {
      if ((text == null) == (request == null)) {
        throw new BadInput(
            text == null ? "nothing to classify" : "two things to classify",
            null,
            "Give a text, or the body of a request: --request FILE.");
      }
      try {
        return request == null ? said(String.valueOf(text)) : body(Text.ofFile("request", request));
      } catch (WireError e) {
        throw new BadInput(
            "this is no chat completion", String.valueOf(e.getMessage()), "Mend the file.", e);
      }
    }

    private static ChatRequest said(String text) {
      var body = JsonMapper.shared().createObjectNode();
      body.putArray("messages").addObject().put("role", "user").put("content", text);
      return body(body.toString());
    }

    /** The model is whom to ask, and says nothing of the work. */
    private static ChatRequest body(String json) {
      try {
        if (JsonMapper.shared().readTree(json) instanceof ObjectNode body && !body.has("model")) {
          return ChatRequest.read(
              body.put("model", "any").toString().getBytes(StandardCharsets.UTF_8));
        }
      } catch (JacksonException e) {
        // ChatRequest says where it is broken
      }
      return ChatRequest.read(json.getBytes(StandardCharsets.UTF_8));
    }

    private void tell(Map<String, @Nullable Object> verdicts) {
      var table = new Table("BY", "TASK", "COMPLEXITY", "BECAUSE");
      verdicts.forEach(
          (by, verdict) -> {
            if (verdict instanceof Verdict v) {
              table.row(
                  by,
                  v.task(),
                  String.format(Locale.ROOT, "%.2f %s", v.complexity(), v.band()),
                  Text.printable(String.join(", ", v.because())).replace('\n', ' '));
            }
          });
      table.print(terminal().out());
    }
  }

  /** {@code router train}. */
  @Command(
      name = "train",
      description = "learn to tell requests apart from labelled ones",
      footer = {
        "",
        "A line of FILE: {\"messages\": […], \"tools\"?: […], \"task\": \"code\", \"complexity\": \"low\"}",
        "./lathe router train --from requests.jsonl --out classifier.bin"
      })
  public static final class Train extends LatheCommand implements Callable<Integer> {
    @Option(
        names = "--from",
        required = true,
        paramLabel = "FILE",
        description = "labelled requests, a JSON object a line")
    Path from = Path.of("");

    @Option(
        names = "--out",
        required = true,
        paramLabel = "FILE",
        description = "where the classifier goes; what is there is replaced")
    Path out = Path.of("");

    @Option(
        names = "--seed",
        paramLabel = "N",
        description = "of the order of learning and of the folds (default: ${DEFAULT-VALUE})",
        defaultValue = "7")
    long seed;

    public Train(Session session) {
      super(session);
    }

    /** As {@code --json} prints it. */
    record Trained(
        String file,
        long bytes,
        int requests,
        int folds,
        double taskAccuracy,
        double complexityAccuracy,
        Map<String, Map<String, Integer>> confused,
        double seconds) {}

    @Override
    public Integer call() {
      long start = System.nanoTime();
      var training = new ClassifierTraining(LabelledRequest.read(from), seed);
      var heldOut = training.crossValidate();
      long bytes = ClassifierTraining.write(training.train(), out);
      print(
          new Trained(
              out.toString(),
              bytes,
              heldOut.requests(),
              heldOut.folds(),
              rounded(heldOut.taskAccuracy()),
              rounded(heldOut.bandAccuracy()),
              confused(heldOut),
              Math.round((System.nanoTime() - start) / 1e8) / 10.0),
          this::tell);
      return ExitStatus.DONE;
    }

    private static Map<String, Map<String, Integer>> confused(HeldOut heldOut) {
      var all = new LinkedHashMap<String, Map<String, Integer>>();
      heldOut
          .confused()
          .forEach(
              (task, as) -> {
                var row = new LinkedHashMap<String, Integer>();
                as.forEach((other, n) -> row.put(other.wireName(), n));
                all.put(task.wireName(), row);
              });
      return all;
    }

    private static double rounded(double share) {
      return Math.round(share * 1e4) / 1e4;
    }

    private void tell(Trained trained) {
      var table = new Table("TASK", "REQUESTS", "RIGHT", "TAKEN FOR");
      trained
          .confused()
          .forEach(
              (task, as) -> {
                int all = as.values().stream().mapToInt(n -> n).sum();
                var others =
                    as.entrySet().stream()
                        .filter(e -> !e.getKey().equals(task))
                        .map(e -> e.getKey() + " " + e.getValue())
                        .toList();
                table.row(task, all, as.getOrDefault(task, 0), String.join(", ", others));
              });
      table.print(terminal().out());
      terminal()
          .out()
          .printf(
              Locale.ROOT,
              "%nheld out, %d folds of %d requests: tasks %.1f %%, complexity %.1f %%%n%s, %s%n",
              trained.folds(),
              trained.requests(),
              100 * trained.taskAccuracy(),
              100 * trained.complexityAccuracy(),
              trained.file(),
              Text.megabytes(trained.bytes()));
    }
  }
}

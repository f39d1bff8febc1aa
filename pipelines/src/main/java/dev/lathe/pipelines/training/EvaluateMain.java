package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.tokens.Tokenizer;
import dev.lathe.engine.Decoder;
import dev.lathe.engine.tensors.Precision;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A worker process that scores a base, or an adapter on it, on one split of a dataset, and lets it
 * answer some of the split's conversations itself.
 */
public final class EvaluateMain {
  private EvaluateMain() {}

  /**
   * @param bases the home's folder of bases
   * @param adapter a PEFT directory, or null for the base alone
   * @param shard the split's tokens
   * @param settings recipe keys that say how to compute: precision, device, threads, maxLength
   * @param worst examples of which every token's loss is told
   * @param questions to be answered
   * @param maxTokens of an answer
   */
  public record Request(
      String bases,
      String base,
      @Nullable String adapter,
      String shard,
      Map<String, Object> settings,
      int worst,
      List<Question> questions,
      int maxTokens) {
    /** The losses alone. */
    Request(
        String bases,
        String base,
        @Nullable String adapter,
        String shard,
        Map<String, Object> settings) {
      this(bases, base, adapter, shard, settings, 0, List.of(), 0);
    }
  }

  /**
   * @param prompt the text that the model is given
   * @param reference what was answered, as the template writes it
   */
  public record Question(String prompt, String reference) {}

  /**
   * @param loss mean over the labelled tokens, in nats
   * @param tokens labelled ones
   * @param precision of the losses
   * @param examples in the split's order
   * @param worst the worst first
   * @param answers in the questions' order
   */
  public record Result(
      double loss,
      double perplexity,
      double tokenAccuracy,
      long tokens,
      String precision,
      List<Scored> examples,
      List<Dear> worst,
      List<Answer> answers) {}

  /**
   * An example's sums.
   *
   * @param row its place in the shard
   * @param tokens used of it
   * @param labels learned ones
   * @param loss in nats, summed over them
   * @param right labels that the model ranks first
   */
  public record Scored(int row, int tokens, int labels, double loss, int right) {}

  /**
   * An example's labelled tokens, in order.
   *
   * @param losses in nats
   * @param likeliest the token that the model would have written
   */
  public record Dear(int row, List<Double> losses, List<Integer> likeliest) {
    public Dear {
      losses = List.copyOf(losses);
      likeliest = List.copyOf(likeliest);
    }

    /** Over the labelled tokens; what is no number counts as the worst. */
    double mean() {
      return losses.stream().mapToDouble(l -> l).average().orElse(0);
    }
  }

  /**
   * What the model wrote, beside what it was to write, both as the tokenizer reads them: without
   * end tokens and without white space around.
   *
   * @param cut whether it was cut off
   */
  public record Answer(String text, String reference, boolean cut) {}

  public static void main(String[] arguments) {
    WorkerIo.serve(Request.class, EvaluateMain::evaluate);
  }

  static Result evaluate(Request request) {
    var how = Recipe.of(request.settings());
    var base = new BaseStore(Path.of(request.bases())).require(request.base());
    SplitLosses losses;
    Precision precision;
    var answers = List.<Answer>of();
    try (var examples =
            new Examples(Path.of(request.shard()), how.maxLength(), base.config().vocabSize());
        var model = LoadedModel.open(base, request.adapter(), how)) {
      precision = model.precision();
      losses = SplitLosses.of(model.decoder(), examples, request.worst());
      if (losses.labels() == 0) {
        throw new BadInput(
            "The split has nothing to score", request.shard(), "Choose another split.");
      }
      if (precision == Precision.FP32) {
        answers = answers(model.decoder(), base, request);
      }
    }
    if (precision != Precision.FP32) {
      answers = answersExactly(base, request);
    }
    return new Result(
        losses.meanLoss(),
        Math.exp(losses.meanLoss()),
        losses.accuracy(),
        losses.labels(),
        precision.wire(),
        losses.examples(),
        losses.worst(),
        answers);
  }

  /**
   * In bfloat16 the best two tokens often tie: its logits are an eighth apart at 20. An answer
   * should be the model's, not the rounding's.
   */
  private static List<Answer> answersExactly(Base base, Request request) {
    if (request.questions().isEmpty()) {
      return List.of();
    }
    var settings = new LinkedHashMap<>(request.settings());
    settings.put("precision", "fp32");
    try (var model = LoadedModel.open(base, request.adapter(), Recipe.of(settings))) {
      return answers(model.decoder(), base, request);
    }
  }

  private static List<Answer> answers(Decoder decoder, Base base, Request request) {
    var questions = request.questions();
    if (questions.isEmpty()) {
      return List.of();
    }
    try (var tokenizer = Tokenizer.open(base.tokenizer())) {
      var prompts = questions.stream().map(q -> tokenizer.encode(q.prompt()).ids()).toList();
      var written =
          Answering.of(
              decoder,
              prompts,
              request.maxTokens(),
              done -> WorkerIo.progress("answering", done, prompts.size()));
      var ends = base.config().endTokens();
      var answers = new ArrayList<Answer>();
      for (int i = 0; i < prompts.size(); i++) {
        int[] ids = written.get(i);
        int[] wanted = withoutEnd(tokenizer.encode(questions.get(i).reference()).ids(), ends);
        answers.add(
            new Answer(
                tokenizer.decode(ids).strip(),
                tokenizer.decode(wanted).strip(),
                ids.length == request.maxTokens()));
      }
      return answers;
    }
  }

  /** Up to the first end token, as an answer is read. */
  private static int[] withoutEnd(int[] ids, List<Integer> ends) {
    int end =
        IntStream.range(0, ids.length)
            .filter(i -> ends.contains(ids[i]))
            .findFirst()
            .orElse(ids.length);
    return Arrays.copyOf(ids, end);
  }
}

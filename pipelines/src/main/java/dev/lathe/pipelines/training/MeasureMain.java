package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.datasets.tokens.Tokenizer;
import dev.lathe.engine.AdapterFiles;
import dev.lathe.engine.Decoder;
import dev.lathe.engine.MicroBatch;
import dev.lathe.engine.MicroBatch.Sequence;
import dev.lathe.engine.device.ComputeDevice;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A worker process that measures what promotion gates ask of several adapters on one base, the base
 * read once: losses conversation by conversation, the loss on plain text, and how a serving
 * engine's answers look to the trainer.
 */
public final class MeasureMain {
  /** Tokens of a forward pass. */
  private static final int BUDGET = 2048;

  /** Losses are computed as training computes them: noise is the same for all who are compared. */
  private static final Recipe FAST = Recipe.defaults();

  /** In bfloat16 the best two tokens often tie: its logits are an eighth apart at 20. */
  private static final Recipe EXACT = Recipe.of(Map.of("precision", "fp32"));

  private MeasureMain() {}

  /**
   * @param bases the home's folder of bases
   * @param subjects what to measure; answers are those of the first
   * @param test what is measured on, none where nothing is; losses come in its order
   * @param passages plain text
   */
  public record Request(
      String bases,
      String base,
      List<Subject> subjects,
      List<Part> test,
      List<String> passages,
      List<Probe> answers) {}

  /**
   * @param adapter a PEFT directory, or null for the base alone
   */
  public record Subject(String name, @Nullable String adapter, boolean onTest, boolean onText) {}

  /**
   * Some examples of a split.
   *
   * @param shard the split's tokens
   * @param examples their places in it
   * @param maxLength tokens used of an example, from its beginning
   */
  public record Part(String shard, List<Integer> examples, int maxLength) {}

  /**
   * What a serving engine answered.
   *
   * @param words the question, for people
   * @param prompt the text that the model was to be given, rendered by the trainer's template
   * @param ids the answer's tokens as the engine chose them; null where it tells only text
   * @param stopped whether it ended with a stop token
   */
  public record Probe(
      String words, String prompt, String answer, @Nullable List<Integer> ids, boolean stopped) {}

  /**
   * One subject's figures; empty and zero where they were not asked for.
   *
   * @param losses in nats, summed over an example's label tokens, in the request's order
   * @param text mean loss a token on the passages, in nats
   */
  public record Measured(
      String name, List<Double> losses, List<Integer> labels, double text, long textTokens) {}

  public record Result(List<Measured> subjects, List<ScoredAnswer> answers) {}

  public static void main(String[] arguments) {
    WorkerIo.serve(Request.class, request -> measure(request, WorkerIo::progress));
  }

  /** Told what is being measured. */
  interface Progress {
    void at(String stage, long done, long total);
  }

  static Result measure(Request request, Progress progress) {
    var base = new BaseStore(Path.of(request.bases())).require(request.base());
    var subjects = new ArrayList<Measured>();
    var answers = List.<ScoredAnswer>of();
    LoadedModel model = null;
    try (var tokenizer = Tokenizer.open(base.tokenizer())) {
      var test = request.test().stream().flatMap(part -> test(part, base)).toList();
      var text = request.passages().stream().map(p -> passage(tokenizer, p)).toList();
      if (!request.answers().isEmpty()) {
        var answering = request.subjects().getFirst();
        progress.at("answers by " + answering.name(), 0, 1);
        model = LoadedModel.open(base, answering.adapter(), EXACT);
        answers = new AnswerScoring(model.decoder(), tokenizer).score(request.answers());
      }
      for (var subject : request.subjects()) {
        if (!subject.onTest() && !subject.onText()) {
          continue;
        }
        model = with(model, base, subject.adapter());
        var decoder = model.decoder();
        subjects.add(
            measured(
                subject,
                sums(
                    decoder,
                    subject.onTest() ? test : List.of(),
                    at(progress, subject, "test set")),
                sums(decoder, subject.onText() ? text : List.of(), at(progress, subject, "text"))));
      }
      return new Result(subjects, answers);
    } finally {
      if (model != null) {
        model.close();
      }
    }
  }

  private static Measured measured(Subject subject, Sums onTest, Sums onText) {
    long tokens = onText.labels.stream().mapToLong(n -> n).sum();
    double text = onText.losses.stream().mapToDouble(l -> l).sum();
    return new Measured(
        subject.name(), onTest.losses, onTest.labels, tokens == 0 ? 0 : text / tokens, tokens);
  }

  /** The model with another adapter: in its place where the shapes are equal, else read anew. */
  private static LoadedModel with(@Nullable LoadedModel open, Base base, @Nullable String adapter) {
    if (open == null) {
      return LoadedModel.open(base, adapter, FAST);
    }
    if (open.precision() != FAST.precisionOn(ComputeDevice.open(FAST.device(), FAST.threads()))) {
      open.close();
      return LoadedModel.open(base, adapter, FAST);
    }
    if (open.whole() || LoadedModel.isWhole(adapter)) {
      open.close();
      return LoadedModel.open(base, adapter, FAST);
    }
    var worn = open.decoder().adapter();
    if (adapter == null) {
      // Adds exact zeros, with magnitudes that change nothing where there are some: the base alone.
      worn.begin(new float[worn.shape().size()]);
      return open;
    }
    var peft = LoadedModel.read(base, adapter);
    if (!peft.replaces() && AdapterFiles.shape(peft, base.config()).equals(worn.shape())) {
      worn.set(AdapterFiles.flat(peft, worn.shape()));
      return open;
    }
    open.close();
    return LoadedModel.open(base, adapter, FAST);
  }

  private static Stream<Sequence> test(Part part, Base base) {
    int most = Math.min(part.maxLength(), base.config().maxPositions());
    try (var examples = new Examples(Path.of(part.shard()), most, base.config().vocabSize())) {
      return part.examples().stream().map(examples::sequence).toList().stream();
    }
  }

  /** Every token of a passage but the first is predicted. */
  private static Sequence passage(Tokenizer tokenizer, String text) {
    int[] ids = tokenizer.encode(text).ids();
    return new Sequence(ids, ids);
  }

  /** Losses and labels, a sequence an entry. */
  private record Sums(List<Double> losses, List<Integer> labels) {}

  private static BiConsumer<Integer, Integer> at(Progress progress, Subject subject, String what) {
    return (done, total) -> progress.at(subject.name() + " on the " + what, done, total);
  }

  private static Sums sums(
      Decoder decoder, List<Sequence> all, BiConsumer<Integer, Integer> progress) {
    int[] lengths = all.stream().mapToInt(s -> s.ids().length).toArray();
    var batches = DataOrder.filled(IntStream.range(0, all.size()).toArray(), lengths, BUDGET);
    var losses = new ArrayList<Double>();
    var labels = new ArrayList<Integer>();
    for (int b = 0; b < batches.size(); b++) {
      progress.accept(b, batches.size());
      var sequences = IntStream.of(batches.get(b)).mapToObj(all::get).toList();
      var scores = decoder.scores(MicroBatch.of(sequences)).label();
      int at = 0;
      for (var sequence : sequences) {
        int n = MicroBatch.of(List.of(sequence)).labelled();
        losses.add(-IntStream.range(at, at + n).mapToDouble(i -> scores[i]).sum());
        labels.add(n);
        at += n;
      }
    }
    return new Sums(losses, labels);
  }
}

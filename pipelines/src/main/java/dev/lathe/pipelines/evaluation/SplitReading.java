package dev.lathe.pipelines.evaluation;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.chat.ChatTemplate;
import dev.lathe.datasets.tokens.Tokenizer;
import dev.lathe.pipelines.evaluation.Questions.Question;
import dev.lathe.pipelines.evaluation.Slices.Measured;
import dev.lathe.pipelines.training.EvaluateMain;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A split as an evaluation reads it: once before the model is loaded, for what its conversations
 * are and which of them are asked, and again when the model has been through its tokens.
 */
public final class SplitReading {
  private final Subject subject;
  private final Options options;
  private final ChatTemplate template;
  private final Map<String, Traits> traits = new HashMap<>();
  private List<Question> questions = List.of();
  private Map<String, Long> passedOver = Map.of();

  private SplitReading(Subject subject, Options options) {
    this.subject = subject;
    this.options = options;
    this.template = template(subject);
  }

  /**
   * Reads the conversations.
   *
   * @throws BadInput for a split with nothing to measure, or none that can be asked where answers
   *     are wanted
   */
  public static SplitReading of(Subject subject, Options options) {
    requireTokens(subject);
    var reading = new SplitReading(subject, options);
    reading.read();
    return reading;
  }

  private static void requireTokens(Subject subject) {
    var dataset = subject.dataset();
    if (dataset.part(subject.split()).labelTokens() > 0) {
      return;
    }
    var others = new TreeSet<String>();
    dataset
        .splits()
        .forEach(
            (name, part) -> {
              if (part.labelTokens() > 0) {
                others.add(name);
              }
            });
    throw new BadInput(
        "the " + subject.split().wire() + " split has nothing to measure",
        dataset.dataset(),
        "Choose --split "
            + String.join(" or ", others)
            + ", or build the dataset with --set "
            + subject.split().wire()
            + "=0.1.");
  }

  /** The one that rendered the dataset, on the day that it tells. */
  private static ChatTemplate template(Subject subject) {
    var date = subject.dataset().recipe().get("date");
    var day = date == null ? LocalDate.EPOCH : LocalDate.parse(date.toString());
    return ChatTemplate.readFor(day, subject.folder().template(), subject.base().folder());
  }

  private void read() {
    var words = new HashMap<String, String>();
    var config = subject.base().config();
    boolean judged = subject.dataset().holdsPreferences();
    try (var tokenizer = Tokenizer.open(subject.base().tokenizer())) {
      var asked =
          new Questions(
              options, template, tokenizer, config.isEncoderDecoder(), config.maxPositions());
      subject
          .folder()
          .forEach(
              subject.split(),
              c -> {
                var known = Traits.of(c, options.by(), words);
                traits.put(c.id(), known);
                var feedback = c.feedback();
                asked.offer(c, known, !judged || (feedback != null && feedback > 0.5));
              });
      questions = asked.asked();
      passedOver = asked.passedOver();
      if (options.answers() > 0 && questions.isEmpty()) {
        throw new BadInput(
            "no conversation of the " + subject.split().wire() + " split can be asked",
            subject.dataset().dataset() + ", passed over: " + passedOver,
            "Choose another --turn or --split, or fewer --answer-tokens.");
      }
    }
  }

  /** What the worker is to do. */
  public EvaluateMain.Request request(String bases) {
    var adapter = subject.adapter();
    return new EvaluateMain.Request(
        bases,
        subject.base().name(),
        adapter == null ? null : adapter.toString(),
        subject.folder().shard(subject.split()).toString(),
        subject.settings(),
        options.worst(),
        questions.stream()
            .map(q -> new EvaluateMain.Question(q.held().prompt(), q.held().reference()))
            .toList(),
        options.maxTokens());
  }

  /** What the worker's figures say of the conversations. */
  public Evaluation told(EvaluateMain.Result result) {
    var measured = new LinkedHashMap<String, Measured>();
    var worst = new ArrayList<WorstExample>();
    try (var shard = subject.folder().examples(subject.split());
        var tokenizer = Tokenizer.open(subject.base().tokenizer())) {
      for (var s : result.examples()) {
        var id = conversation(shard.example(s.row()).id());
        var one = new Measured(id, of(id), s.tokens(), s.labels(), s.loss(), s.right());
        measured.merge(id, one, Measured::plus);
      }
      for (var dear : result.worst()) {
        var example = shard.example(dear.row());
        worst.add(
            WorstExample.of(
                example,
                of(conversation(example.id())),
                dear.losses(),
                dear.likeliest(),
                Set.copyOf(subject.base().config().endTokens()),
                tokenizer));
      }
    }
    return new Evaluation(
        result.loss(),
        result.perplexity(),
        result.tokenAccuracy(),
        result.tokens(),
        measured.size(),
        result.precision(),
        Slices.of(measured.values(), options.by()),
        worst,
        answers(result.answers(), measured));
  }

  private Traits of(String conversation) {
    return traits.getOrDefault(conversation, Traits.NONE);
  }

  /**
   * Windows of a conversation, and an encoder-decoder's answers, are {@code id#1}, {@code id#2}.
   */
  private String conversation(String example) {
    return traits.containsKey(example) ? example : example.replaceFirst("#\\d+$", "");
  }

  /** A question with what became of it. */
  private record Marked(Question question, AnswerMark mark, long tokens) {}

  private @Nullable AnswersTold answers(
      List<EvaluateMain.Answer> answers, Map<String, Measured> measured) {
    if (options.answers() == 0) {
      return null;
    }
    Optional<ToolCallForm> form = ToolCallForm.of(template);
    var marked = new ArrayList<Marked>();
    var items = new ArrayList<AnswersTold.Item>();
    for (int i = 0; i < answers.size(); i++) {
      var question = questions.get(i);
      var answer = answers.get(i);
      var mark =
          AnswerMark.of(
              question.held().answer(), answer.reference(), answer.text(), form, options.schema());
      var one = measured.get(question.id());
      marked.add(new Marked(question, mark, one == null ? 0 : one.tokens()));
      items.add(
          new AnswersTold.Item(
              question.id(),
              question.words(),
              answer.reference(),
              answer.text(),
              answer.cut(),
              mark.exact()));
    }
    return new AnswersTold(
        options.turn().wire(),
        options.maxTokens(),
        answers.stream().filter(EvaluateMain.Answer::cut).count(),
        new TreeMap<>(passedOver),
        form.map(ToolCallForm::wire).orElse(null),
        figures(AnswerFigures.ALL, marked),
        Slices.grouped(
            marked,
            options.by(),
            (m, n) -> m.question().traits().slice(options.by(), n, m.tokens()),
            m -> 1,
            SplitReading::figures),
        items);
  }

  private static AnswerFigures figures(String name, List<Marked> marked) {
    return AnswerFigures.of(name, marked.stream().map(Marked::mark).toList());
  }
}

package dev.lathe.pipelines.training;

import dev.lathe.datasets.tokens.Tokenizer;
import dev.lathe.engine.Decoder;
import dev.lathe.engine.MicroBatch;
import dev.lathe.pipelines.training.MeasureMain.Probe;
import dev.lathe.pipelines.training.ScoredAnswer.Position;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A serving engine's answers as the trainer sees them: every token scored with the engine's own
 * tokens before it, and the stop token where the engine stopped.
 *
 * <p>An engine that tells only text is read by the tokenizer. A model may have spelled that text in
 * other tokens: where the trainer's best token is how the text goes on, it is taken instead. The
 * last token of a text that was cut off is left out, because the cut may go through it.
 */
final class AnswerScoring {
  private static final int BUDGET = 2048;

  /** What decoders write for bytes that are no character; the text behind it is not known. */
  private static final char UNREADABLE = '\uFFFD';

  /** Other spellings that are tried, an answer. */
  private static final int SPELLINGS = 12;

  private final Decoder decoder;
  private final Tokenizer tokenizer;
  private final List<Integer> ends;

  AnswerScoring(Decoder decoder, Tokenizer tokenizer) {
    this.decoder = decoder;
    this.tokenizer = tokenizer;
    this.ends = decoder.config().endTokens();
  }

  /**
   * An answer on its way to be scored.
   *
   * @param known whether the engine told its tokens
   * @param stopped whether the stop token after them is scored too
   */
  @SuppressWarnings("ArrayRecordComponent") // passed on, never compared
  private record Read(Probe probe, int[] prompt, int[] ids, boolean known, boolean stopped) {
    Read spelled(int[] other) {
      return new Read(probe, prompt, other, known, stopped);
    }

    int tokens() {
      return prompt.length + ids.length;
    }
  }

  /** What the trainer says of an answer's positions, the stop token's last. */
  @SuppressWarnings("ArrayRecordComponent")
  private record Said(List<Position> positions, int[] likeliest) {}

  List<ScoredAnswer> score(List<Probe> probes) {
    var read = new ArrayList<>(probes.stream().map(this::read).toList());
    var said = new ArrayList<>(said(read));
    for (int round = 0; round < SPELLINGS; round++) {
      var again = new ArrayList<Integer>();
      for (int i = 0; i < read.size(); i++) {
        var other = otherSpelling(read.get(i), said.get(i));
        if (other != null) {
          read.set(i, read.get(i).spelled(other));
          again.add(i);
        }
      }
      if (again.isEmpty()) {
        break;
      }
      var rescored = said(again.stream().map(read::get).toList());
      IntStream.range(0, again.size()).forEach(k -> said.set(again.get(k), rescored.get(k)));
    }
    return IntStream.range(0, read.size()).mapToObj(i -> answer(read.get(i), said.get(i))).toList();
  }

  private ScoredAnswer answer(Read read, Said said) {
    boolean wentOn = Arrays.stream(read.ids()).anyMatch(ends::contains);
    return new ScoredAnswer(read.probe().words(), said.positions(), read.stopped(), wentOn);
  }

  private Read read(Probe probe) {
    int[] prompt = tokenizer.encode(probe.prompt()).ids();
    var told = probe.ids();
    boolean stopped = probe.stopped();
    int[] ids;
    if (told != null) {
      ids = told.stream().mapToInt(i -> i).toArray();
    } else {
      int readable = probe.answer().indexOf(UNREADABLE);
      stopped = stopped && readable < 0;
      var text = readable < 0 ? probe.answer() : probe.answer().substring(0, readable);
      ids = tokenizer.encode(text).ids();
      if (!stopped && ids.length > 0) {
        ids = Arrays.copyOf(ids, ids.length - 1);
      }
    }
    if (stopped && ids.length > 0 && ends.contains(ids[ids.length - 1])) {
      ids = Arrays.copyOf(ids, ids.length - 1); // counted below, as the stop token
    }
    return new Read(probe, prompt, ids, told != null, stopped);
  }

  /** The answer's text in tokens of which one more is the trainer's best, or null. */
  private int @Nullable [] otherSpelling(Read read, Said said) {
    if (read.known()) {
      return null;
    }
    int[] ids = read.ids();
    for (int k = 0; k < ids.length; k++) {
      int best = said.likeliest()[k];
      if (best == ids[k] || ends.contains(best)) {
        continue;
      }
      var rest = tokenizer.decode(Arrays.copyOfRange(ids, k, ids.length));
      var piece = tokenizer.decode(new int[] {best});
      if (piece.isEmpty() || rest.indexOf(UNREADABLE) >= 0 || !rest.startsWith(piece)) {
        continue;
      }
      var spelled = IntStream.builder();
      Arrays.stream(ids, 0, k).forEach(spelled::add);
      spelled.add(best);
      Arrays.stream(tokenizer.encode(rest.substring(piece.length())).ids()).forEach(spelled::add);
      return spelled.build().toArray();
    }
    return null;
  }

  private List<Said> said(List<Read> answers) {
    int[] lengths = answers.stream().mapToInt(Read::tokens).toArray();
    var said = new ArrayList<Said>();
    for (int[] batch :
        DataOrder.filled(IntStream.range(0, answers.size()).toArray(), lengths, BUDGET)) {
      said.addAll(batch(IntStream.of(batch).mapToObj(answers::get).toList()));
    }
    return said;
  }

  private List<Said> batch(List<Read> answers) {
    var ids = IntStream.builder();
    var at = IntStream.builder();
    var labels = IntStream.builder();
    int start = 0;
    for (var answer : answers) {
      Arrays.stream(answer.prompt()).forEach(ids::add);
      Arrays.stream(answer.ids()).forEach(ids::add);
      int first = start + answer.prompt().length - 1;
      for (int i = 0; i < answer.ids().length; i++) {
        at.add(first + i);
        labels.add(answer.ids()[i]);
      }
      if (answer.stopped()) { // which of the end tokens it was is not told: all are scored
        for (int end : ends) {
          at.add(first + answer.ids().length);
          labels.add(end);
        }
      }
      start += answer.tokens();
    }
    var scores =
        decoder.scores(
            new MicroBatch(
                ids.build().toArray(),
                answers.stream().mapToInt(Read::tokens).toArray(),
                at.build().toArray(),
                labels.build().toArray()));
    var said = new ArrayList<Said>();
    int next = 0;
    for (var answer : answers) {
      int n = answer.ids().length;
      var positions = new ArrayList<Position>();
      for (int i = next; i < next + n; i++) {
        boolean same = scores.likeliest()[i] == answer.ids()[i - next];
        positions.add(new Position(scores.label()[i], scores.best()[i], same));
      }
      int[] likeliest = Arrays.copyOfRange(scores.likeliest(), next, next + n);
      next += n;
      if (answer.stopped()) {
        double end = Arrays.stream(scores.label(), next, next + ends.size()).max().getAsDouble();
        boolean same = ends.contains(scores.likeliest()[next]);
        positions.add(new Position(end, scores.best()[next], same));
        next += ends.size();
      }
      said.add(new Said(positions, likeliest));
    }
    return said;
  }
}

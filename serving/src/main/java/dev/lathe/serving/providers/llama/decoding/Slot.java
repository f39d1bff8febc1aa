package dev.lathe.serving.providers.llama.decoding;

import dev.lathe.serving.providers.llama.decoding.Generation.Alternative;
import dev.lathe.serving.providers.llama.decoding.Generation.Counts;
import dev.lathe.serving.providers.llama.decoding.Generation.Done;
import dev.lathe.serving.providers.llama.decoding.Generation.Ending;
import dev.lathe.serving.providers.llama.decoding.Generation.Likelihood;
import dev.lathe.serving.providers.llama.decoding.Generation.Piece;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A sequence of the model's cache and the answer that is made in it. Only the decoder's thread. */
final class Slot {
  final int sequence;
  private final int contextLength;
  private final Pieces pieces;

  /** The tokens whose positions are computed; the first {@code length} of them. */
  private int[] computed;

  private int length;
  private @Nullable Work work;
  long lastUsed = System.nanoTime();

  /** Where this slot's token with logits stands in the step's batch; -1 for none. */
  int logitsAt = -1;

  /** How many of its pending tokens stand there. */
  int batched;

  Slot(int sequence, int contextLength, Pieces pieces) {
    this.sequence = sequence;
    this.contextLength = contextLength;
    this.pieces = pieces;
    this.computed = new int[contextLength];
  }

  /** An answer under way. */
  private static final class Work {
    final Generation generation;
    final Sampler sampler;
    final AnswerText text;
    final int most;
    final int reused;
    int[] pending;
    int answered;
    long began;
    long firstToken;

    Work(Generation generation, Sampler sampler, int most, int reused) {
      this.generation = generation;
      this.sampler = sampler;
      this.text = new AnswerText(generation.prompted().stops());
      this.most = most;
      this.reused = reused;
      var prompt = generation.prompted().prompt();
      this.pending = Arrays.copyOfRange(prompt, reused, prompt.length);
      this.began = System.nanoTime();
    }
  }

  boolean free() {
    return work == null;
  }

  boolean empty() {
    return length == 0;
  }

  /** Whether only a token is to be computed, not a prompt. */
  boolean answering() {
    return work != null && work.answered > 0;
  }

  boolean cancelled() {
    return work != null && work.generation.cancelled();
  }

  @Nullable Generation generation() {
    return work == null ? null : work.generation;
  }

  /** How many of the prompt's tokens are computed here already; never all. */
  int shared(int[] prompt) {
    int most = Math.min(length, prompt.length - 1);
    int same = Arrays.mismatch(computed, 0, most, prompt, 0, most);
    return same < 0 ? most : same;
  }

  /** What this slot would keep less what it would lose by taking the prompt. */
  int gain(int[] prompt) {
    int shared = shared(prompt);
    return 2 * shared - length;
  }

  /** Begins an answer; the caller forgets the positions from the returned one on. */
  int begin(Generation generation) {
    var prompted = generation.prompted();
    int reused = prompted.reuse() ? shared(prompted.prompt()) : 0;
    length = reused;
    int most = Math.min(prompted.most(), contextLength - prompted.prompt().length);
    var sampler =
        new Sampler(prompted.sampling(), prompted.prompt(), pieces, prompted.constraint());
    work = new Work(generation, sampler, most, reused);
    return reused;
  }

  /** Tokens to compute, next ones first. */
  int[] pending() {
    return work == null ? new int[0] : work.pending;
  }

  int position() {
    return length;
  }

  /** Notes that its tokens in the batch are computed. */
  void computed() {
    if (work != null && batched > 0) {
      System.arraycopy(work.pending, 0, computed, length, batched);
      length += batched;
      work.pending = Arrays.copyOfRange(work.pending, batched, work.pending.length);
    }
    batched = 0;
  }

  /** Chooses the next token and tells of it; the slot is free when that ends the answer. */
  void answer(float[] logits) {
    var current = current();
    long now = System.nanoTime();
    if (current.answered == 0) {
      current.firstToken = now;
    }
    int alternatives = current.generation.prompted().alternatives();
    var raw = alternatives < 0 ? null : logits.clone();
    int token = current.sampler.next(logits);
    current.answered++;
    var text = current.text.append(pieces.of(token));
    current.generation.tell(
        new Piece(token, text, raw == null ? null : likelihood(raw, token, alternatives)));
    var ending =
        pieces.ends(token)
            ? Ending.END_TOKEN
            : current.text.stopped() != null
                ? Ending.STOP_STRING
                : current.answered >= current.most ? Ending.LENGTH : null;
    if (ending == null) {
      current.pending = new int[] {token};
      return;
    }
    var counts =
        new Counts(
            current.generation.prompted().prompt().length,
            current.reused,
            current.answered,
            current.firstToken - current.began,
            now - current.firstToken);
    current.generation.tell(
        new Done(current.text.finish(), ending, current.text.stopped(), counts));
    release();
  }

  /** Ends the work without a word; what is computed stays for a later prompt. */
  void release() {
    work = null;
    logitsAt = -1;
    lastUsed = System.nanoTime();
  }

  /** Notes that nothing is computed any more. */
  void forgotten() {
    length = 0;
  }

  private Work current() {
    if (work == null) {
      throw new IllegalStateException("slot " + sequence + " has no work");
    }
    return work;
  }

  private static Likelihood likelihood(float[] logits, int token, int alternatives) {
    float highest = logits[Sampler.likeliest(logits)];
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - highest);
    }
    double normaliser = highest + Math.log(sum);
    List<Alternative> best = new ArrayList<>();
    for (int n = 0; n < alternatives && n < logits.length; n++) {
      int at = Sampler.likeliest(logits);
      best.add(new Alternative(at, logits[at] - normaliser));
      if (at == token) {
        token = -1 - n;
      }
      logits[at] = Float.NEGATIVE_INFINITY;
    }
    double own = token < 0 ? best.get(-1 - token).logProbability() : logits[token] - normaliser;
    return new Likelihood(own, best);
  }
}

package dev.lathe.serving.providers.llama.decoding;

import dev.lathe.serving.providers.llama.library.Batch;
import dev.lathe.serving.providers.llama.library.LlamaModel;
import dev.lathe.serving.providers.llama.library.LlamaModel.Step;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Makes answers, several at a time: each step of the model computes the next token of every answer
 * under way and a stretch of the prompts that wait, so that a long prompt holds nobody up for long.
 * One thread does all of it; it is the only one that the model is used by.
 */
public final class Decoding implements AutoCloseable {
  /** Prompt tokens in a step while others are being answered, who wait for it. */
  private static final int POLITE = 64;

  /** Idle slots keep what they computed so long; it slows every step of the others. */
  private static final long KEPT_NANOS = TimeUnit.MINUTES.toNanos(2);

  private final LlamaModel model;
  private final List<Slot> slots = new ArrayList<>();
  private final int contextLength;
  private final int most;
  private final Batch batch;
  private final float[] logits;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<Generation> waiting = new ArrayDeque<>();
  private final Thread thread = new Thread(this::work, "decoding");
  private volatile int running;
  private final AtomicLong answered = new AtomicLong();
  private final AtomicLong stepNanos = new AtomicLong();
  private boolean closed;

  /**
   * @param slots answers made at a time
   * @param contextLength positions of a prompt and its answer
   * @param queue answers that may wait beside those being made
   * @param batch tokens of a step
   */
  public Decoding(
      LlamaModel model, Pieces pieces, int slots, int contextLength, int queue, int batch) {
    this.model = model;
    this.contextLength = contextLength;
    this.most = queue;
    this.batch = new Batch(batch);
    this.logits = new float[model.vocabularySize()];
    for (int i = 0; i < slots; i++) {
      this.slots.add(new Slot(i, contextLength, pieces));
    }
    thread.setDaemon(true);
    thread.start();
  }

  /** There are more answers waiting than is sensible. */
  public static final class QueueFull extends Exception {
    private static final long serialVersionUID = 1;

    QueueFull(int waiting) {
      super(waiting + " requests wait already");
    }
  }

  /**
   * Begins an answer, or queues it.
   *
   * @throws QueueFull when too many wait
   * @throws IllegalStateException once closed
   */
  public Generation submit(Generation.Prompted prompted) throws QueueFull {
    if (prompted.prompt().length >= contextLength) {
      throw new IllegalArgumentException(
          prompted.prompt().length + " tokens leave no room in " + contextLength);
    }
    for (int token : prompted.prompt()) {
      if (token < 0 || token >= model.vocabularySize()) {
        throw new IllegalArgumentException("no token " + token);
      }
    }
    var generation = new Generation(prompted, this::wake);
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("closed");
      }
      waiting.removeIf(Generation::cancelled);
      if (waiting.size() >= most + slots.size() - running) {
        throw new QueueFull(waiting.size());
      }
      waiting.add(generation);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    return generation;
  }

  /** Answers being made. */
  public int running() {
    return running;
  }

  /** Answers that wait for a slot. */
  public int waiting() {
    lock.lock();
    try {
      return waiting.size();
    } finally {
      lock.unlock();
    }
  }

  public int slots() {
    return slots.size();
  }

  public int vocabularySize() {
    return model.vocabularySize();
  }

  /** A token written out, control tokens too. */
  public byte[] spelled(int token) {
    return model.piece(token, true);
  }

  public int contextLength() {
    return contextLength;
  }

  /** Tokens answered since the start, the first of each answer left out: it is its prompt's. */
  public long answered() {
    return answered.get();
  }

  /** Answered tokens a second of time spent on steps; 0 before the first. */
  public double tokensPerSecond() {
    long nanos = stepNanos.get();
    return nanos == 0 ? 0 : answered.get() * 1e9 / nanos;
  }

  /** Ends the thread; answers under way hear of it. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void work() {
    while (admit()) {
      try {
        step();
      } catch (RuntimeException | Error e) {
        fail("the engine failed: " + e);
      }
    }
    fail("the engine is ending");
  }

  /** Waits for work and gives it slots; false once closed. */
  private boolean admit() {
    lock.lock();
    try {
      while (true) {
        if (closed) {
          waiting.forEach(g -> g.tell(new Generation.Failed("the engine is ending")));
          waiting.clear();
          return false;
        }
        waiting.removeIf(Generation::cancelled);
        slots.stream().filter(Slot::cancelled).forEach(Slot::release);
        while (!waiting.isEmpty() && slots.stream().anyMatch(Slot::free)) {
          begin(waiting.remove());
        }
        running = (int) slots.stream().filter(s -> !s.free()).count();
        if (running > 0) {
          return true;
        }
        changed.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }

  private void begin(Generation generation) {
    long now = System.nanoTime();
    for (var slot : slots) {
      if (slot.free() && !slot.empty() && now - slot.lastUsed > KEPT_NANOS) {
        model.forget(slot.sequence, 0);
        slot.forgotten();
      }
    }
    var prompt = generation.prompted().prompt();
    var slot =
        slots.stream()
            .filter(Slot::free)
            .max(
                Comparator.<Slot>comparingInt(s -> s.gain(prompt))
                    .thenComparing(Comparator.<Slot>comparingLong(s -> s.lastUsed).reversed()))
            .orElseThrow();
    model.forget(slot.sequence, slot.begin(generation));
  }

  private void step() {
    long began = System.nanoTime();
    batch.clear();
    var part = new ArrayList<Slot>();
    boolean answering = slots.stream().anyMatch(Slot::answering);
    int room = answering ? POLITE : Integer.MAX_VALUE;
    for (var slot : slots) {
      if (slot.answering()) {
        add(slot, 1);
        part.add(slot);
      }
    }
    for (var slot : slots) {
      if (!slot.free() && !slot.answering() && room > 0 && !batch.full()) {
        room -= add(slot, room);
        part.add(slot);
      }
    }
    compute(part);
    if (answering) {
      stepNanos.addAndGet(System.nanoTime() - began);
    }
  }

  /** Adds a slot's pending tokens as far as there is room; returns how many. */
  private int add(Slot slot, int most) {
    int[] pending = slot.pending();
    slot.logitsAt = -1;
    int added = 0;
    while (added < pending.length && added < most && !batch.full()) {
      boolean last = added == pending.length - 1;
      int at = batch.add(pending[added], slot.position() + added, slot.sequence, last);
      if (last) {
        slot.logitsAt = at;
      }
      added++;
    }
    slot.batched = added;
    return added;
  }

  /**
   * Computes the batch, in smaller parts where the cache has no room side by side, and lets each
   * slot whose last token is done choose the next.
   */
  private void compute(List<Slot> part) {
    int size = batch.size();
    int stretch = size;
    boolean defragmented = false;
    for (int from = 0; from < size; ) {
      int to = Math.min(size, from + stretch);
      var status = model.decode(batch, from, to);
      if (status == Step.NO_ROOM && !defragmented) {
        model.defragment();
        defragmented = true;
        continue;
      }
      if (status == Step.NO_ROOM && stretch > 1) {
        stretch = Math.max(1, stretch / 2);
        continue;
      }
      if (status != Step.DONE) {
        throw new IllegalStateException("a step could not be computed (" + status + ")");
      }
      for (var slot : part) {
        if (slot.logitsAt >= from && slot.logitsAt < to) {
          choose(slot, slot.logitsAt - from);
        }
      }
      from = to;
    }
    part.forEach(Slot::computed);
  }

  private void choose(Slot slot, int index) {
    model.logits(index, logits);
    boolean first = !slot.answering();
    slot.computed();
    var generation = slot.generation();
    try {
      slot.answer(logits);
      answered.addAndGet(first ? 0 : 1);
    } catch (RuntimeException e) {
      if (generation != null) {
        generation.tell(new Generation.Failed(String.valueOf(e.getMessage())));
      }
      slot.release();
    }
  }

  /** After a step that broke off nobody knows what the cache holds: everything ends. */
  private void fail(String message) {
    for (var slot : slots) {
      var generation = slot.generation();
      if (generation != null) {
        generation.tell(new Generation.Failed(message));
        slot.release();
      }
      slot.forgotten();
    }
    model.forget();
  }
}

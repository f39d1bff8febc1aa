package dev.lathe.serving.providers.llama.library;

import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.lathe.checkpoints.input.BadInput;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A model with its cache of keys and values, loaded for the life of this process. Except for the
 * vocabulary, only one thread at a time may use it.
 *
 * <p>llama.cpp aborts the process on what it does not expect; callers pass token ids of the
 * vocabulary and sequences below the number that it was loaded with, and nothing else.
 */
public final class LlamaModel {
  private final LlamaFunctions functions;
  private final MemorySegment model;
  private final MemorySegment context;
  private final MemorySegment vocabulary;
  private final int vocabularySize;

  /** Where a token's bytes are written, as large as the largest so far. */
  private MemorySegment piece = Arena.ofAuto().allocate(256);

  private LlamaModel(LlamaFunctions functions, MemorySegment model, MemorySegment context)
      throws Throwable {
    this.functions = functions;
    this.model = model;
    this.context = context;
    this.vocabulary = (MemorySegment) functions.vocabulary.invokeExact(model);
    this.vocabularySize = (int) functions.vocabularySize.invokeExact(vocabulary);
  }

  /**
   * How much a model is given.
   *
   * @param positions of all sequences together
   * @param sequences at most
   * @param batch tokens of one step at most
   */
  public record Size(int positions, int sequences, int batch) {
    public Size {
      if (positions < 1 || sequences < 1 || batch < 1) {
        throw new IllegalArgumentException("a model's sizes are positive");
      }
    }
  }

  /**
   * Loads a model, and an adapter on it at the scale it was trained with.
   *
   * @throws BadInput when the library refuses a file; its words are on standard error
   */
  public static LlamaModel load(
      SymbolLookup library, Path gguf, @Nullable Path adapter, Size size) {
    var functions = new LlamaFunctions(library);
    try (var arena = Arena.ofConfined()) {
      var contextParams = functions.contextDefaults(arena);
      functions.backendInit.invokeExact();
      var modelParams = functions.modelDefaults(arena);
      var model =
          (MemorySegment)
              functions.load.invokeExact(arena.allocateFrom(gguf.toString()), modelParams);
      if (isNull(model)) {
        throw new BadInput(
            "the local engine cannot load the model",
            gguf.toString(),
            "Its log says why; './lathe bases verify' tells whether the file is intact.");
      }
      contextParams.set(JAVA_INT, LlamaFunctions.N_CTX, size.positions());
      contextParams.set(JAVA_INT, LlamaFunctions.N_BATCH, size.batch());
      contextParams.set(JAVA_INT, LlamaFunctions.N_UBATCH, size.batch());
      contextParams.set(JAVA_INT, LlamaFunctions.N_SEQ_MAX, size.sequences());
      contextParams.set(JAVA_INT, LlamaFunctions.N_THREADS, 1);
      contextParams.set(JAVA_INT, LlamaFunctions.N_THREADS_BATCH, 1);
      contextParams.set(JAVA_BOOLEAN, LlamaFunctions.NO_PERF, true);
      var context = (MemorySegment) functions.context.invokeExact(model, contextParams);
      if (isNull(context)) {
        throw new BadInput(
            "the local engine cannot make room for " + size.positions() + " positions",
            gguf.toString(),
            "Its log says why; a shorter context needs less memory.");
      }
      if (adapter != null) {
        apply(functions, model, context, adapter, arena.allocateFrom(adapter.toString()));
      }
      return new LlamaModel(functions, model, context);
    } catch (Throwable e) {
      throw LlamaFunctions.rethrown(e);
    }
  }

  private static void apply(
      LlamaFunctions functions,
      MemorySegment model,
      MemorySegment context,
      Path file,
      MemorySegment path)
      throws Throwable {
    var adapter = (MemorySegment) functions.adapter.invokeExact(model, path);
    if (isNull(adapter) || (int) functions.setAdapter.invokeExact(context, adapter, 1f) != 0) {
      throw new BadInput(
          "the local engine cannot load the adapter",
          file.toString(),
          "Its log says why; './lathe models verify' tells whether the file is intact.");
    }
  }

  public int vocabularySize() {
    return vocabularySize;
  }

  /** Positions that the model was trained for. */
  public int trainedContext() {
    try {
      return (int) functions.trainedContext.invokeExact(model);
    } catch (Throwable e) {
      throw LlamaFunctions.rethrown(e);
    }
  }

  public long parameters() {
    try {
      return (long) functions.parameters.invokeExact(model);
    } catch (Throwable e) {
      throw LlamaFunctions.rethrown(e);
    }
  }

  /** Bytes of the weights. */
  public long bytes() {
    try {
      return (long) functions.bytes.invokeExact(model);
    } catch (Throwable e) {
      throw LlamaFunctions.rethrown(e);
    }
  }

  /** Whether the model's file says that this token ends an answer. */
  public boolean endsGeneration(int token) {
    try {
      return (boolean) functions.endsGeneration.invokeExact(vocabulary, known(token));
    } catch (Throwable e) {
      throw LlamaFunctions.rethrown(e);
    }
  }

  /** The token as the file's vocabulary spells it. */
  public String token(int token) {
    try {
      var text = (MemorySegment) functions.tokenText.invokeExact(vocabulary, known(token));
      return text.reinterpret(Long.MAX_VALUE).getString(0);
    } catch (Throwable e) {
      throw LlamaFunctions.rethrown(e);
    }
  }

  /**
   * The bytes that the token adds to a text; not always whole characters.
   *
   * @param special whether control tokens are written out; they are empty otherwise
   */
  public synchronized byte[] piece(int token, boolean special) {
    known(token);
    try {
      while (true) {
        int room = (int) piece.byteSize();
        int length =
            (int) functions.tokenToPiece.invokeExact(vocabulary, token, piece, room, 0, special);
        if (length >= 0) {
          return piece.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
        }
        piece = Arena.ofAuto().allocate(-length);
      }
    } catch (Throwable e) {
      throw LlamaFunctions.rethrown(e);
    }
  }

  /** How a step ended. */
  public enum Step {
    DONE,
    /** The cache has no room for these tokens side by side. */
    NO_ROOM,
    FAILED
  }

  /** Computes the batch's tokens from one index to before another. */
  public Step decode(Batch batch, int from, int to) {
    try {
      int status = (int) functions.decode.invokeExact(context, batch.part(from, to));
      return status == 0 ? Step.DONE : status == 1 ? Step.NO_ROOM : Step.FAILED;
    } catch (Throwable e) {
      throw LlamaFunctions.rethrown(e);
    }
  }

  /**
   * What follows a token of the last step, unnormalised.
   *
   * @param index the token's, counted from the step's first
   * @param into as long as the vocabulary
   */
  public void logits(int index, float[] into) {
    try {
      var logits = (MemorySegment) functions.logits.invokeExact(context, index);
      if (isNull(logits)) {
        throw new IllegalStateException("no logits for token " + index + " of the step");
      }
      MemorySegment.copy(
          logits.reinterpret(4L * vocabularySize), JAVA_FLOAT, 0, into, 0, vocabularySize);
    } catch (Throwable e) {
      throw LlamaFunctions.rethrown(e);
    }
  }

  /** Forgets a sequence from a position on. */
  public void forget(int sequence, int from) {
    try {
      var unused = (boolean) functions.removeSequence.invokeExact(context, sequence, from, -1);
    } catch (Throwable e) {
      throw LlamaFunctions.rethrown(e);
    }
  }

  /** Forgets every sequence. */
  public void forget() {
    try {
      functions.clear.invokeExact(context);
    } catch (Throwable e) {
      throw LlamaFunctions.rethrown(e);
    }
  }

  /** Moves what is kept together, so that more tokens fit side by side. */
  public void defragment() {
    try {
      functions.defragment.invokeExact(context);
      functions.update.invokeExact(context);
    } catch (Throwable e) {
      throw LlamaFunctions.rethrown(e);
    }
  }

  /**
   * @param one threads of a step with a token a sequence
   * @param many threads of a step over prompts
   */
  public void threads(int one, int many) {
    try {
      functions.setThreads.invokeExact(context, one, many);
    } catch (Throwable e) {
      throw LlamaFunctions.rethrown(e);
    }
  }

  private int known(int token) {
    if (token < 0 || token >= vocabularySize) {
      throw new IllegalArgumentException(
          "no token " + token + " in a vocabulary of " + vocabularySize);
    }
    return token;
  }

  private static boolean isNull(MemorySegment pointer) {
    return pointer.address() == 0;
  }
}

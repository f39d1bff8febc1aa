package dev.lathe.serving.providers.llama.library;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/**
 * The functions of llama.h (llama.cpp b4916) that the engine calls, and the three structures that
 * it passes by value. Handles are package-private: {@link LlamaModel} is the way in.
 */
final class LlamaFunctions {
  /** {@code llama_model_params}: only the flags at its end are looked at. */
  static final StructLayout MODEL_PARAMS = longs(8);

  static final long MODEL_USE_MMAP = 57;

  /** {@code llama_context_params}. */
  static final StructLayout CONTEXT_PARAMS = longs(15);

  static final long N_CTX = 0;
  static final long N_BATCH = 4;
  static final long N_UBATCH = 8;
  static final long N_SEQ_MAX = 12;
  static final long N_THREADS = 16;
  static final long N_THREADS_BATCH = 20;
  static final long TYPE_K = 88;
  static final long NO_PERF = 100;

  /** {@code llama_batch}: a count and six pointers. */
  static final StructLayout BATCH = longs(7);

  final MethodHandle backendInit;
  final MethodHandle modelDefaults;
  final MethodHandle contextDefaults;
  final MethodHandle load;
  final MethodHandle context;
  final MethodHandle adapter;
  final MethodHandle setAdapter;
  final MethodHandle vocabulary;
  final MethodHandle vocabularySize;
  final MethodHandle endsGeneration;
  final MethodHandle tokenText;
  final MethodHandle tokenToPiece;
  final MethodHandle trainedContext;
  final MethodHandle parameters;
  final MethodHandle bytes;
  final MethodHandle decode;
  final MethodHandle logits;
  final MethodHandle removeSequence;
  final MethodHandle clear;
  final MethodHandle defragment;
  final MethodHandle update;
  final MethodHandle setThreads;

  LlamaFunctions(SymbolLookup library) {
    var functions = new Functions(library, Linker.nativeLinker());
    backendInit = functions.find("llama_backend_init", FunctionDescriptor.ofVoid());
    modelDefaults =
        functions.find("llama_model_default_params", FunctionDescriptor.of(MODEL_PARAMS));
    contextDefaults =
        functions.find("llama_context_default_params", FunctionDescriptor.of(CONTEXT_PARAMS));
    load =
        functions.find(
            "llama_model_load_from_file", FunctionDescriptor.of(ADDRESS, ADDRESS, MODEL_PARAMS));
    context =
        functions.find(
            "llama_init_from_model", FunctionDescriptor.of(ADDRESS, ADDRESS, CONTEXT_PARAMS));
    adapter =
        functions.find("llama_adapter_lora_init", FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS));
    setAdapter =
        functions.find(
            "llama_set_adapter_lora",
            FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_FLOAT));
    vocabulary = functions.find("llama_model_get_vocab", FunctionDescriptor.of(ADDRESS, ADDRESS));
    vocabularySize =
        functions.find("llama_vocab_n_tokens", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    endsGeneration =
        functions.find(
            "llama_vocab_is_eog", FunctionDescriptor.of(JAVA_BOOLEAN, ADDRESS, JAVA_INT));
    tokenText =
        functions.find("llama_vocab_get_text", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT));
    tokenToPiece =
        functions.find(
            "llama_token_to_piece",
            FunctionDescriptor.of(
                JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_BOOLEAN));
    trainedContext =
        functions.find("llama_model_n_ctx_train", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    parameters = functions.find("llama_model_n_params", FunctionDescriptor.of(JAVA_LONG, ADDRESS));
    bytes = functions.find("llama_model_size", FunctionDescriptor.of(JAVA_LONG, ADDRESS));
    decode = functions.find("llama_decode", FunctionDescriptor.of(JAVA_INT, ADDRESS, BATCH));
    logits =
        functions.find("llama_get_logits_ith", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT));
    removeSequence =
        functions.find(
            "llama_kv_self_seq_rm",
            FunctionDescriptor.of(JAVA_BOOLEAN, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT));
    clear = functions.find("llama_kv_self_clear", FunctionDescriptor.ofVoid(ADDRESS));
    defragment = functions.find("llama_kv_self_defrag", FunctionDescriptor.ofVoid(ADDRESS));
    update = functions.find("llama_kv_self_update", FunctionDescriptor.ofVoid(ADDRESS));
    setThreads =
        functions.find(
            "llama_set_n_threads", FunctionDescriptor.ofVoid(ADDRESS, JAVA_INT, JAVA_INT));
  }

  /**
   * The library's default parameters, after a look whether its structures are those of b4916: a
   * structure read at other places would be passed on as nonsense.
   *
   * @throws IllegalStateException where the library is another build
   */
  MemorySegment contextDefaults(SegmentAllocator memory) {
    try {
      var params = (MemorySegment) contextDefaults.invokeExact(memory);
      boolean known =
          params.get(JAVA_INT, N_CTX) == 512
              && params.get(JAVA_INT, N_BATCH) == 2048
              && params.get(JAVA_INT, N_UBATCH) == 512
              && params.get(JAVA_INT, N_SEQ_MAX) == 1
              && params.get(JAVA_INT, TYPE_K) == 1
              && params.get(JAVA_INT, TYPE_K + 4) == 1
              && params.get(JAVA_LONG, 104) == 0
              && modelDefaults(memory).get(JAVA_BOOLEAN, MODEL_USE_MMAP);
      if (!known) {
        throw new IllegalStateException("the local engine's library is not llama.cpp b4916");
      }
      return params;
    } catch (Throwable e) {
      throw rethrown(e);
    }
  }

  MemorySegment modelDefaults(SegmentAllocator memory) {
    try {
      return (MemorySegment) modelDefaults.invokeExact(memory);
    } catch (Throwable e) {
      throw rethrown(e);
    }
  }

  /** A native call declares Throwable and throws none of its own. */
  static RuntimeException rethrown(Throwable e) {
    return switch (e) {
      case RuntimeException known -> known;
      case Error error -> throw error;
      default -> new IllegalStateException(e);
    };
  }

  private record Functions(SymbolLookup library, Linker linker) {
    MethodHandle find(String name, FunctionDescriptor type) {
      var symbol =
          library
              .find(name)
              .orElseThrow(
                  () -> new IllegalStateException("the local engine's library has no " + name));
      return linker.downcallHandle(symbol, type);
    }
  }

  /** Passed in memory, whatever its fields: only size and alignment matter to the linker. */
  private static StructLayout longs(int count) {
    return MemoryLayout.structLayout(MemoryLayout.sequenceLayout(count, JAVA_LONG));
  }
}

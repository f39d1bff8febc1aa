package dev.lathe.serving.providers.llama;

import dev.lathe.serving.providers.llama.decoding.ThreadCount;
import org.jspecify.annotations.Nullable;

/**
 * What an engine process is told when it starts, as JSON in its one argument.
 *
 * @param id how it calls its model
 * @param gguf the base's weights
 * @param adapter an adapter's, or null
 * @param base the base's folder: tokenizer and chat template
 * @param natives where the native library lies unpacked
 * @param contextLength positions of a prompt and its answer
 * @param slots answers made at a time
 * @param queue answers that may wait
 * @param threads as an earlier engine measured them, or as they are set; null to measure
 * @param parentPid whose end ends this process
 * @param parentStartedAt epoch milliseconds of the parent's start
 */
record EngineSpec(
    String id,
    String gguf,
    @Nullable String adapter,
    String base,
    String natives,
    int contextLength,
    int slots,
    int queue,
    @Nullable ThreadCount threads,
    long parentPid,
    long parentStartedAt) {}

package dev.lathe.serving.providers.llama;

import java.time.Instant;

/**
 * A loaded model, for listings.
 *
 * @param since when its process was ready
 * @param threads that compute a token, and {@code threadsBatch} a prompt
 * @param tokensPerSecond of one answer, as measured at load; 0 when the threads were set
 * @param claims requests that hold it now
 * @param deaths of its processes since the owner started
 */
public record LoadedEngine(
    String id,
    long pid,
    int port,
    Instant since,
    int threads,
    int threadsBatch,
    double tokensPerSecond,
    int claims,
    int deaths) {}

package dev.lathe.serving.feedback;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One feedback as it was kept.
 *
 * @param feedback its own id
 * @param id the answer's
 * @param reward in [0, 1]
 * @param kind thumb, rating or value
 * @param target what answered
 * @param experiment that the answer belongs to, if any
 */
public record Said(
    String feedback,
    String id,
    double reward,
    String kind,
    @Nullable String comment,
    String target,
    @Nullable String experiment,
    Instant at) {}

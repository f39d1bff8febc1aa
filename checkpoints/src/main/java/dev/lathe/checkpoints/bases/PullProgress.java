package dev.lathe.checkpoints.bases;

/**
 * How far a pull is.
 *
 * @param stage what is being done, readable: {@code download model.safetensors}
 * @param done bytes of this stage that are done
 * @param total bytes of this stage in all; 0 while nobody knows
 */
public record PullProgress(String stage, long done, long total) {}

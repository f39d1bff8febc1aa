package dev.lathe.checkpoints.store;

import java.nio.file.Path;

/** A directory that looks like a checkpoint and is none, and why. */
public record Skipped(Path folder, String reason) {}

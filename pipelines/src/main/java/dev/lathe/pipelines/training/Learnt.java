package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.files.Durable;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a run has learnt, on its way to the disk and back. Whatever is written is copied first, so
 * that training may go on.
 */
sealed interface Learnt permits LearntAdapter, LearntModel {
  /** Writes what was copied when this was made, in a checkpoint; returns its size in bytes. */
  interface Checkpointing {
    long write(Checkpoints into, TrainingState state);
  }

  /**
   * What a checkpoint holds, as it stands now; the checkpoint before has to be written by now.
   *
   * @param settle waits until results are written too, if their memory is wanted
   */
  Checkpointing checkpoint(long step, Runnable settle);

  /**
   * What other programs load, as it stands now.
   *
   * @param folder to be written or replaced
   * @param settle waits until everything is written, if its memory is wanted
   */
  Runnable result(long step, Path folder, Runnable settle);

  /** Goes on from a checkpoint. */
  void restore(Path checkpoint);

  /** Makes a result that is there the one of another folder. */
  void copy(Path result, Path folder);

  /** A folder's files, in the place of what may be in another one. */
  static void copyFiles(Path from, Path folder) {
    Durable.replaceFolder(
        folder,
        aside -> {
          try (var files = Files.list(from)) {
            for (var each : files.toList()) {
              Files.copy(each, aside.resolve(String.valueOf(each.getFileName())));
            }
          }
        });
  }
}

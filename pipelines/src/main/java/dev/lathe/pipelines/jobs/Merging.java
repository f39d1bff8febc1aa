package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.adapters.Merge;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.FolderExport;
import dev.lathe.checkpoints.bases.GgufExport;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.quantized.Encoding;
import dev.lathe.pipelines.jobs.Exports.ExportRequest;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/** Writes the whole model that a version is: its base with the adapter in it, or what it became. */
sealed interface Merging {
  void toFolder(@Nullable Encoding dtype, Path folder);

  void toGguf(Encoding encoding, Path file);

  static Merging of(ExportRequest request, Merge.Progress progress) {
    return WholeModel.isIn(request.tuned())
        ? new Became(WholeModel.asBase(request.base(), request.tuned()))
        : new Wears(request.base(), PeftAdapter.read(request.tuned()), progress);
  }

  /** A base with an adapter. */
  record Wears(Base base, PeftAdapter adapter, Merge.Progress progress) implements Merging {
    @Override
    public void toFolder(@Nullable Encoding dtype, Path folder) {
      Merge.toFolder(base, adapter, dtype, folder, progress);
    }

    @Override
    public void toGguf(Encoding encoding, Path file) {
      Merge.toGguf(base, adapter, encoding, file, progress);
    }
  }

  /** A base that became another: there is nothing to merge. */
  record Became(Base model) implements Merging {
    @Override
    public void toFolder(@Nullable Encoding dtype, Path folder) {
      try (var weights = model.weights()) {
        Durable.newFolder(folder, aside -> FolderExport.write(model, weights, dtype, aside));
      }
    }

    @Override
    public void toGguf(Encoding encoding, Path file) {
      try (var weights = model.weights()) {
        GgufExport.of(model, weights, encoding, new LinkedHashMap<>()).write(file);
      }
    }
  }
}

package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.JsonFile;
import dev.lathe.checkpoints.files.Pieces;
import dev.lathe.checkpoints.gguf.GgufFile;
import dev.lathe.checkpoints.gguf.GgufValue;
import dev.lathe.checkpoints.gguf.GgufWriter;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.safetensors.SafetensorsFile;
import dev.lathe.checkpoints.safetensors.SafetensorsShards;
import dev.lathe.checkpoints.safetensors.SafetensorsWriter;
import dev.lathe.checkpoints.safetensors.StreamedTensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * A base's weight files with rows for more tokens, in the format and the encodings that they have.
 * Every other tensor is copied byte for byte; a shard without such rows is the same file (a link).
 *
 * @param firstId of the tokens' ids
 * @param template for a file that carries one; null for the one that it has
 */
record Growth(
    Base base, Weights weights, AddedTokens tokens, int firstId, @Nullable String template) {
  private static final String KEY = "tokenizer.ggml.";
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;

  void ofSafetensors(Path into) throws IOException {
    long grown = 0;
    for (var file : SafetensorsShards.files(base.folder())) {
      var target = into.resolve(file.getFileName());
      try (var from = SafetensorsFile.open(file)) {
        if (from.tensors().keySet().stream().noneMatch(this::grows)) {
          link(file, target);
        } else {
          grown += rewritten(from, target);
        }
      }
    }
    var index = base.folder().resolve(SafetensorsShards.INDEX);
    if (Files.exists(index) && !Files.exists(base.folder().resolve(SafetensorsShards.SINGLE))) {
      Files.writeString(
          into.resolve(SafetensorsShards.INDEX), HuggingFaceJson.text(index(index, grown)));
    }
  }

  private static ObjectNode index(Path file, long grown) {
    var index = JsonFile.read(file);
    if (index.path("metadata") instanceof ObjectNode metadata && metadata.has("total_size")) {
      metadata.put("total_size", metadata.path("total_size").asLong(0) + grown);
    }
    return index;
  }

  /** Bytes that came to it. */
  private long rewritten(SafetensorsFile from, Path target) {
    var tensors = new LinkedHashMap<String, StreamedTensor>();
    long more = 0;
    for (var t : from.tensors().entrySet()) {
      var old = from.bytes(t.getKey());
      var info = t.getValue();
      var tensor = new StreamedTensor(info.dtype(), info.shape(), Pieces.of(old));
      if (grows(t.getKey())) {
        var matrix = grown(whole(t.getKey()), old);
        tensor = new StreamedTensor(info.dtype(), matrix.shape(info.shape()), matrix.bytes());
        more += tensor.length() - old.byteSize();
      }
      tensors.put(t.getKey(), tensor);
    }
    SafetensorsWriter.stream(target, from.metadata(), tensors);
    return more;
  }

  private static void link(Path file, Path target) throws IOException {
    try {
      Files.createLink(target, file);
    } catch (UnsupportedOperationException | FileSystemException e) {
      Files.copy(file, target); // another file system, or one without links
    }
  }

  void ofGguf(Path into) {
    var file = ServedBase.ownFile(base).orElseThrow();
    try (var from = GgufFile.open(file)) {
      var gguf = new GgufWriter().metadataOf(from);
      describe(from, gguf);
      from.tensors()
          .forEach(
              (name, t) -> {
                var old = from.bytes(name);
                var known = LlamaTensors.fromGguf(name).orElse(name);
                if (grows(known)) {
                  var matrix = grown(known, old);
                  gguf.tensor(name, t.encoding(), matrix.shape(t.shape()), matrix.bytes());
                } else {
                  gguf.tensor(name, t.encoding(), t.shape(), Pieces.of(old));
                }
              });
      gguf.write(into.resolve(file.getFileName()));
    }
  }

  private void describe(GgufFile from, GgufWriter gguf) {
    var metadata = new GgufMetadata(from.metadata());
    if (!metadata.has(KEY + "token_type")) {
      throw new BadInput(
          "this GGUF file is too old to tell what kinds of tokens it has",
          from.path().toString(),
          "Pull the model as safetensors, or as a GGUF file with tokenizer.ggml.token_type.");
    }
    var names = new ArrayList<>(metadata.texts(KEY + "tokens"));
    names.addAll(tokens.tokens());
    var types = new ArrayList<>(metadata.integers(KEY + "token_type"));
    tokens.tokens().forEach(t -> types.add((long) (tokens.special() ? CONTROL : USER_DEFINED)));
    gguf.metadata(KEY + "tokens", GgufValue.texts(names))
        .metadata(
            KEY + "token_type",
            GgufValue.int32s(types.stream().mapToInt(Long::intValue).toArray()));
    var vocabulary = metadata.text("general.architecture").orElse("") + ".vocab_size";
    if (metadata.has(vocabulary)) {
      gguf.uint32(vocabulary, names.size());
    }
    if (metadata.has(KEY + "scores")) { // of no meaning to byte-level BPE, the one kind read here
      gguf.metadata(KEY + "scores", zeros(names.size()));
    }
    if (template != null) {
      gguf.text("tokenizer.chat_template", template);
    }
  }

  private static GgufValue zeros(int count) {
    return new GgufValue.Array(
        GgufValue.Float32.class, Collections.nCopies(count, new GgufValue.Float32(0)));
  }

  /** A copy of tied embeddings, which some files have under the head's name, grows as they do. */
  private GrownMatrix grown(String name, MemorySegment old) {
    boolean copy = base.config().tiedEmbeddings() && name.equals(TensorNames.head("weight"));
    var read = copy ? base.config().block().names().embeddings() : name;
    return GrownMatrix.of(weights, read, old, firstId, tokens.tokens().size());
  }

  /** Whether a tensor has a row, or a value, a token. */
  private boolean grows(String name) {
    var names = base.config().block().names();
    return List.of(names.embeddings(), TensorNames.head("weight"), TensorNames.head("bias"))
        .contains(whole(name));
  }

  private String whole(String name) {
    return base.config().block().names().whole(name);
  }
}

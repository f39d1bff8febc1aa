package dev.lathe.serving.providers.llama;

import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.bases.ModelConfigs;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.providers.llama.decoding.Decoding;
import dev.lathe.serving.providers.llama.decoding.Pieces;
import dev.lathe.serving.providers.llama.decoding.ThreadCount;
import dev.lathe.serving.providers.llama.library.LlamaModel;
import dev.lathe.serving.providers.llama.library.NativeLibrary;
import dev.lathe.serving.providers.llama.protocol.Endpoints;
import dev.lathe.serving.providers.llama.protocol.Prompts;
import dev.lathe.serving.providers.llama.protocol.Served;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * The engine process: one model, answered for over llama-server's protocol on loopback. On standard
 * output it says {@code {"port": n}} once it listens, {@code {"ready": {…}}} once it answers, and
 * {@code {"failed": {what, value, remedy}}} before it ends because the model cannot be loaded.
 */
public final class LlamaMain {
  /** Tokens of a step; more make prompts hardly faster, and the work space larger. */
  private static final int BATCH = 256;

  /** Room for keys and values; a long context gets fewer slots rather than more memory. */
  private static final long CACHE_BYTES = 1L << 30;

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private LlamaMain() {}

  public static void main(String[] arguments) throws IOException {
    var spec = JSON.readValue(arguments[0], EngineSpec.class);
    ParentWatch.start(spec.parentPid(), spec.parentStartedAt());
    var endpoints = new Endpoints();
    var server = endpoints.listen(0); // its thread keeps the process alive
    say(Map.of("port", server.port()));
    try {
      var loaded = load(spec);
      System.gc(); // a tokenizer's JSON is many times what is kept of it
      endpoints.ready(loaded.served());
      say(Map.of("ready", loaded.threads()));
    } catch (BadInput e) {
      var failed = new LinkedHashMap<String, Object>();
      failed.put("what", e.what());
      failed.put("value", e.value() == null ? "" : e.value());
      failed.put("remedy", e.remedy());
      say(Map.of("failed", failed));
      Runtime.getRuntime().halt(2);
    } catch (RuntimeException | Error e) {
      e.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
  }

  private record Loaded(Served served, ThreadCount threads) {}

  private static Loaded load(EngineSpec spec) {
    var base = Path.of(spec.base());
    var library = NativeLibrary.open(Path.of(spec.natives()));
    var adapter = spec.adapter() == null ? null : Path.of(spec.adapter());
    var config = ModelConfigs.read(base);
    int slots = slots(spec, config);
    // llama.cpp takes positions by the 256.
    int positions = Math.ceilDiv(Math.multiplyExact(slots, spec.contextLength()), 256) * 256;
    var model =
        LlamaModel.load(
            library, Path.of(spec.gguf()), adapter, new LlamaModel.Size(positions, slots, BATCH));
    var prompts = Prompts.open(base);
    VocabularyCheck.same(model, prompts.tokenizer(), spec);
    var pieces = Pieces.of(model, config.endTokens());
    var threads = threads(model, spec.threads());
    var decoding = new Decoding(model, pieces, slots, spec.contextLength(), spec.queue(), BATCH);
    var served =
        new Served(
            spec.id(),
            prompts,
            decoding,
            properties(spec, threads),
            meta(model, spec),
            System.currentTimeMillis() / 1000);
    return new Loaded(served, threads);
  }

  /** As many as were asked for and have room; each has a key and a value of 16 bits a position. */
  private static int slots(EngineSpec spec, ModelConfig config) {
    long position = 4L * config.layers() * config.keyValueHeads() * config.headDim();
    long room = CACHE_BYTES / Math.multiplyExact(position, (long) spec.contextLength());
    return (int) Math.clamp(room, 1, spec.slots());
  }

  private static ThreadCount threads(LlamaModel model, @Nullable ThreadCount known) {
    if (known != null) {
      model.threads(known.answering(), known.prompting());
      return known;
    }
    return ThreadCount.measure(model, Runtime.getRuntime().availableProcessors());
  }

  private static Map<String, Object> properties(EngineSpec spec, ThreadCount threads) {
    var properties = new LinkedHashMap<String, Object>();
    properties.put("model_alias", spec.id());
    properties.put("model_path", spec.gguf());
    properties.put("adapter_path", spec.adapter() == null ? "" : spec.adapter());
    properties.put("build_info", "lathe, llama.cpp b4916");
    properties.put("threads", threads.answering());
    properties.put("threads_batch", threads.prompting());
    properties.put("threads_measured", threads.measured());
    return properties;
  }

  private static Map<String, Object> meta(LlamaModel model, EngineSpec spec) {
    return Map.of(
        "n_vocab", model.vocabularySize(),
        "n_ctx", spec.contextLength(),
        "n_ctx_train", model.trainedContext(),
        "n_params", model.parameters(),
        "size", model.bytes());
  }

  private static synchronized void say(Object line) {
    System.out.println(JSON.writeValueAsString(line));
    System.out.flush();
  }
}

package dev.lathe.serving.providers;

import java.net.URI;

/**
 * Local engines, one process a loaded model, each speaking llama-server's HTTP protocol on
 * loopback.
 */
public interface LocalEngines extends AutoCloseable {
  /**
   * Claims the engine that holds a model, loading it when it is not there; it is not unloaded while
   * it is claimed. A process that died since is replaced first.
   *
   * @throws dev.lathe.checkpoints.input.BadInput when the files cannot be loaded
   * @throws EngineUnavailable when the engine does not come up
   */
  Lease lease(LocalModel model);

  /** Unloads a model as soon as nobody claims it. */
  void unload(String modelId);

  @Override
  void close();

  /** A claim on a loaded model, until it is closed. */
  interface Lease extends AutoCloseable {
    /** The server's root: {@code http://127.0.0.1:PORT}. */
    URI address();

    /** Tells that the engine broke off, so that the next claim looks whether it lives. */
    void broken();

    @Override
    void close();
  }

  /** A local engine cannot answer now. */
  final class EngineUnavailable extends RuntimeException {
    private static final long serialVersionUID = 1;

    public EngineUnavailable(String message, Throwable cause) {
      super(message, cause);
    }

    public EngineUnavailable(String message) {
      super(message);
    }
  }
}

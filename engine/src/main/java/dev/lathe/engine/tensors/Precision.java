package dev.lathe.engine.tensors;

import java.util.Locale;

/**
 * The type that weights, activations and the adapter's working copy are computed in. Adapters,
 * moments and gradients are kept in {@link #kept()} whatever it is.
 */
public enum Precision {
  BF16(15),
  /** Needs its gradients enlarged: those of activations are too small for it. */
  FP16(5),
  FP32(6),
  /** For reference tests only: what the fast path is held to. */
  FP64(7);

  private final int torchType;

  Precision(int torchType) {
    this.torchType = torchType;
  }

  /** PyTorch's {@code ScalarType} number. */
  public int torchType() {
    return torchType;
  }

  public Precision kept() {
    return this == FP64 ? FP64 : FP32;
  }

  public String wire() {
    return name().toLowerCase(Locale.ROOT);
  }
}

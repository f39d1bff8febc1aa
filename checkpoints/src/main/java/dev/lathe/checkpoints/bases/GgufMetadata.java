package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.input.BadInput;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Typed reading of a GGUF file's metadata; what is missing or of another type is the file's. */
record GgufMetadata(Map<String, Object> values) {
  static final String REMEDY =
      "Take the model's Hugging Face repository (hf:owner/name) or its directory instead, or another"
          + " GGUF of it.";

  Optional<String> text(String key) {
    return typed(key, String.class);
  }

  OptionalLong integer(String key) {
    var value = typed(key, Long.class);
    return value.isPresent() ? OptionalLong.of(value.get()) : OptionalLong.empty();
  }

  int require(String key) {
    long value = integer(key).orElseThrow(() -> absent(key));
    if (value < 0 || value > Integer.MAX_VALUE) {
      throw new BadInput("a GGUF file has an impossible value", key + " = " + value, REMEDY);
    }
    return (int) value;
  }

  /**
   * A fraction as its author wrote it: GGUF keeps floats in 32 bits, and 1e-5 widened from there is
   * 9.99999974737875e-6.
   */
  double fraction(String key) {
    return shortest(typed(key, Double.class).orElseThrow(() -> absent(key)));
  }

  double fraction(String key, double otherwise) {
    return typed(key, Double.class).map(GgufMetadata::shortest).orElse(otherwise);
  }

  boolean flag(String key, boolean otherwise) {
    return typed(key, Boolean.class).orElse(otherwise);
  }

  List<String> texts(String key) {
    return elements(key, String.class);
  }

  List<Long> integers(String key) {
    return elements(key, Long.class);
  }

  boolean has(String key) {
    return values.containsKey(key);
  }

  private <T> List<T> elements(String key, Class<T> type) {
    List<?> list = typed(key, List.class).orElseThrow(() -> absent(key));
    for (Object element : list) {
      if (!type.isInstance(element)) {
        throw new BadInput("a GGUF file has a list of another type", key, REMEDY);
      }
    }
    @SuppressWarnings("unchecked") // each element was just looked at
    var checked = (List<T>) list;
    return checked;
  }

  private <T> Optional<T> typed(String key, Class<T> type) {
    var value = values.get(key);
    if (value == null) {
      return Optional.empty();
    }
    if (!type.isInstance(value)) {
      throw new BadInput("a GGUF file has a value of another type", key + " = " + value, REMEDY);
    }
    return Optional.of(type.cast(value));
  }

  private static double shortest(double widened) {
    return Double.parseDouble(Float.toString((float) widened));
  }

  private static BadInput absent(String key) {
    return new BadInput("a GGUF file lacks what a model needs", key, REMEDY);
  }
}

package dev.lathe.app.doctor;

import ai.djl.engine.Engine;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;

/** The child process that {@link Natives} starts: loads one library and names it, or fails. */
final class NativeProbe {
  private NativeProbe() {}

  public static void main(String[] arguments) {
    try {
      System.out.println(
          switch (arguments[0]) {
            case "torch" -> "PyTorch " + Engine.getEngine("PyTorch").getVersion() + " loads";
            case "cuda" -> Engine.getEngine("PyTorch").getGpuCount();
            case "tokenizers" ->
                TokenizersLibrary.LIB == null ? "" : "Hugging Face tokenizers load";
            default -> throw new IllegalArgumentException(arguments[0]);
          });
      System.exit(0);
    } catch (Throwable e) {
      Throwable root = e;
      while (root.getCause() != null) {
        root = root.getCause();
      }
      System.err.println(root);
      System.exit(1);
    }
  }
}

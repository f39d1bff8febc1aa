package dev.lathe.engine.device;

import ai.djl.Device;
import ai.djl.engine.Engine;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.engine.tensors.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * Where the mathematics runs: the CPU with a number of threads, or one CUDA device.
 *
 * @param name {@code cpu} or {@code cuda:N}
 */
public record ComputeDevice(String name, int threads) {
  private static final String ENGINE = "PyTorch";

  /**
   * Understands {@code auto}, {@code cpu} and {@code cuda:N}. Must be called before anything else
   * of PyTorch in a process: the thread count is fixed when its library loads.
   *
   * @param threads 0 for as many as the machine has cores
   */
  public static ComputeDevice open(String wanted, int threads) {
    int count = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
    System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(count));
    // Profiling runs compute the first calls otherwise than later ones; a resumed run must not
    // differ.
    System.setProperty("ai.djl.pytorch.graph_optimizer", "false");
    var name = wanted.toLowerCase(Locale.ROOT);
    if (name.equals("cpu")) {
      return new ComputeDevice("cpu", count);
    }
    int gpus = Engine.getEngine(ENGINE).getGpuCount();
    if (name.equals("auto")) {
      return new ComputeDevice(gpus > 0 ? "cuda:0" : "cpu", count);
    }
    if (!name.matches("cuda(:\\d+)?")) {
      throw new BadInput("unknown device", wanted, "Known: auto, cpu, cuda:N.");
    }
    int index = name.equals("cuda") ? 0 : Integer.parseInt(name.substring(5));
    if (index >= gpus) {
      throw new BadInput(
          "no such CUDA device here",
          wanted,
          gpus == 0
              ? "PyTorch sees no CUDA device; './lathe doctor' says why. Use device=cpu."
              : "PyTorch sees cuda:0 to cuda:" + (gpus - 1) + ".");
    }
    return new ComputeDevice("cuda:" + index, count);
  }

  public boolean isCpu() {
    return name.equals("cpu");
  }

  /** bf16 where the device multiplies it natively, else fp32. */
  public Precision fastestPrecision() {
    return !isCpu() || cpuHasBf16() ? Precision.BF16 : Precision.FP32;
  }

  public Device djl() {
    return isCpu() ? Device.cpu() : Device.gpu(Integer.parseInt(name.substring(5)));
  }

  /** PyTorch's version, as DJL loaded it. */
  public static String torchVersion() {
    return Engine.getEngine(ENGINE).getVersion();
  }

  /** The processor's model name and its vector extensions: equal strings compute equal bits. */
  public static String cpuModel() {
    return cpuInfo("model name").orElse(System.getProperty("os.arch", "unknown"))
        + (cpuHas("amx_bf16") ? " amx_bf16" : cpuHas("avx512_bf16") ? " avx512_bf16" : "");
  }

  static boolean cpuHasBf16() {
    return cpuHas("amx_bf16") || cpuHas("avx512_bf16");
  }

  private static boolean cpuHas(String flag) {
    return cpuInfo("flags").map(f -> (" " + f + " ").contains(" " + flag + " ")).orElse(false);
  }

  private static Optional<String> cpuInfo(String key) {
    var file = Path.of("/proc/cpuinfo");
    if (!Files.isReadable(file)) {
      return Optional.empty();
    }
    try (var lines = Files.lines(file)) {
      return lines
          .filter(line -> line.startsWith(key) && line.contains(":"))
          .findFirst()
          .map(line -> line.substring(line.indexOf(':') + 1).strip());
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}

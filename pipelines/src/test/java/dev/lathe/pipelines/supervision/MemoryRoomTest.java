package dev.lathe.pipelines.supervision;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryRoomTest {
  @TempDir Path folder;

  @Test
  void theTightestCgroupOfVersionTwoCounts() throws IOException {
    write("proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:    8000 kB\n");
    write("proc/self/cgroup", "0::/a/b\n");
    write("cgroup/a/b/memory.max", "max\n");
    write("cgroup/a/memory.max", "4096000\n");
    write("cgroup/a/memory.current", "3072000\n");
    write("cgroup/a/memory.stat", "anon 5\ninactive_file 1024000\n");
    write("cgroup/a/b/memory.events", "oom 9\noom_kill 2\noom_group_kill 0\n");
    assertThat(room().available()).hasValue(4096000 - (3072000 - 1024000));
    assertThat(room().kills()).isEqualTo(2);
  }

  @Test
  void versionOneIsReadWhereMemoryIsInIt() throws IOException {
    write("proc/meminfo", "MemAvailable: 8000 kB\n");
    write("proc/self/cgroup", "5:cpu:/x\n4:memory:/not/mounted/here\n0::/\n");
    write("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    write("cgroup/memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n");
    assertThat(room().available()).as("no limit but the machine").hasValue(8000 * 1024);
    assertThat(room().kills()).isEqualTo(7);
    write("cgroup/memory/memory.limit_in_bytes", "2048000\n");
    write("cgroup/memory/memory.usage_in_bytes", "1048000\n");
    write("cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 48000\n");
    assertThat(room().available()).hasValue(2048000 - 1000000);
  }

  @Test
  void withoutProcNothingIsKnown() {
    assertThat(room().available()).isEmpty();
    assertThat(room().kills()).isZero();
  }

  private MemoryRoom room() {
    return new MemoryRoom(folder.resolve("proc"), folder.resolve("cgroup"));
  }

  private void write(String file, String text) throws IOException {
    var path = folder.resolve(file);
    Files.createDirectories(path.resolveSibling(""));
    Files.writeString(path, text);
  }
}

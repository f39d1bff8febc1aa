package dev.lathe.engine.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class CoresTest {
  /** Two sockets of two cores with two threads each, as Linux numbers them. */
  private static List<String> cpuinfo() {
    var lines = new ArrayList<String>();
    for (int cpu = 0; cpu < 8; cpu++) {
      lines.add("processor\t: " + cpu);
      lines.add("physical id\t: " + cpu / 2 % 2);
      lines.add("core id\t\t: " + cpu % 2);
      lines.add("flags\t\t: fpu");
      lines.add("");
    }
    return lines;
  }

  @Test
  void coresAreCountedAmongTheAllowedProcessors() {
    assertThat(Cores.distinct(cpuinfo(), allowed("0-7"))).isEqualTo(4);
    assertThat(Cores.distinct(cpuinfo(), allowed("0-3"))).isEqualTo(4);
    assertThat(Cores.distinct(cpuinfo(), allowed("0,4"))).isEqualTo(1);
    assertThat(Cores.distinct(cpuinfo(), allowed("1-2,5,6"))).isEqualTo(2);
    assertThat(Cores.distinct(List.of("processor : 0", "Features : fp"), allowed("0"))).isZero();
  }

  private static HashSet<Integer> allowed(String list) {
    return Cores.allowed(List.of("Name:\tjava", "Cpus_allowed_list:\t" + list));
  }

  @Test
  void bothNumbersAreWorthTryingWhereTheyDiffer() {
    assertThat(new Cores("made", 8, 4).candidates()).containsExactly(8, 4);
    assertThat(new Cores("made", 4, 4).candidates()).containsExactly(4);
    var here = Cores.here();
    assertThat(here.physical()).isBetween(1, here.logical());
  }

  @Test
  void aTrialTakesTime() {
    assertThat(ThreadTrial.seconds(2)).isBetween(1e-6, 60.0);
  }
}

package dev.lathe.registry.promotion;

import java.util.List;
import java.util.stream.Collectors;

/** A version did not pass the gates before an alias. Nothing was changed. */
public final class GatesRefused extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String version;
  private final String alias;
  private final boolean guarded;
  private final transient List<GateResult> gates;

  /**
   * @param guarded whether the alias is protected, so that force opens nothing
   * @param gates all results, the passed ones too; none when nothing was measured
   */
  public GatesRefused(String version, String alias, boolean guarded, List<GateResult> gates) {
    super(version + " may not become " + alias + ": " + words(gates));
    this.version = version;
    this.alias = alias;
    this.guarded = guarded;
    this.gates = List.copyOf(gates);
  }

  public String version() {
    return version;
  }

  public String alias() {
    return alias;
  }

  public boolean guarded() {
    return guarded;
  }

  public List<GateResult> gates() {
    return gates;
  }

  /** The failed gates with what was expected and found. */
  public String words() {
    return words(gates);
  }

  private static String words(List<GateResult> gates) {
    var failed =
        gates.stream()
            .filter(g -> !g.passed())
            .map(g -> g.name() + " (expected " + g.expected() + ", found " + g.found() + ")")
            .collect(Collectors.joining("; "));
    return failed.isEmpty() ? "no gate was measured" : failed;
  }
}

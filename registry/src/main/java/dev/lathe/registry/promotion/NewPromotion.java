package dev.lathe.registry.promotion;

import dev.lathe.registry.audit.Decision;
import dev.lathe.registry.models.ModelRef;
import dev.lathe.registry.models.ModelVersion;
import java.util.List;

/**
 * A version on its way to an alias.
 *
 * @param expected where the alias must stand: the version that the gates compared with
 * @param gates what was measured; none when nothing was
 * @param force whether failed gates are overridden, which a protected alias does not allow
 */
public record NewPromotion(
    ModelVersion version,
    String alias,
    Expectation expected,
    Decision decision,
    List<GateResult> gates,
    boolean force) {

  /**
   * @throws dev.lathe.checkpoints.input.BadInput when it can be no alias
   */
  public NewPromotion {
    ModelRef.requireAlias(alias);
    gates = List.copyOf(gates);
  }

  boolean passedAll() {
    return !gates.isEmpty() && gates.stream().allMatch(GateResult::passed);
  }

  boolean failed() {
    return gates.stream().anyMatch(g -> !g.passed());
  }
}

package dev.lathe.pipelines.suites;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a rule or a judge found of one unit.
 *
 * @param passed null where a judge's verdict could not be read, or was another one with positions
 *     swapped
 * @param parts single findings by measure; those that could be decided
 */
public record UnitScore(String unit, @Nullable Boolean passed, Map<String, Boolean> parts) {
  public UnitScore {
    parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
  }
}

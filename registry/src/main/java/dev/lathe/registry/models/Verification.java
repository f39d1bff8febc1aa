package dev.lathe.registry.models;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whether a version's files still are what was registered. */
public record Verification(String version, String folder, List<Difference> differences) {
  public Verification {
    differences = List.copyOf(differences);
  }

  /**
   * A file that is not as it was registered.
   *
   * @param expected its hash then; null for a file that was not there
   * @param found its hash now; null when it is gone
   */
  public record Difference(String path, @Nullable String expected, @Nullable String found) {
    /** In words. */
    public String words() {
      if (found == null) {
        return path + " is missing";
      }
      return expected == null
          ? path + " was not there when the version was registered"
          : path + " has the hash " + found + ", was registered with " + expected;
    }
  }

  @JsonProperty
  public boolean intact() {
    return differences.isEmpty();
  }
}

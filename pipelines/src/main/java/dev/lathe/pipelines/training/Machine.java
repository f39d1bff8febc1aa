package dev.lathe.pipelines.training;

import dev.lathe.engine.device.ComputeDevice;
import dev.lathe.engine.tensors.Precision;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What must be equal for two runs to compute the same bits: processor, threads, library and
 * precision.
 */
record Machine(Map<String, String> facts) {
  static Machine here(Devices devices, ComputeDevice device, Precision precision) {
    var facts = new LinkedHashMap<String, String>();
    facts.put("cpu", ComputeDevice.cpuModel());
    facts.put("device", devices.told(device));
    facts.put("threads", Integer.toString(device.threads()));
    facts.put("precision", precision.wire());
    facts.put("torch", ComputeDevice.torchVersion());
    return new Machine(facts);
  }

  static Machine of(Map<?, ?> stored) {
    var facts = new LinkedHashMap<String, String>();
    stored.forEach((k, v) -> facts.put(String.valueOf(k), String.valueOf(v)));
    return new Machine(facts);
  }

  /** What is not as it was, readable; empty on an equal machine. */
  List<String> differencesFrom(Machine before) {
    var differences = new ArrayList<String>();
    facts.forEach(
        (key, now) -> {
          var then = before.facts.getOrDefault(key, "unknown");
          if (!then.equals(now)) {
            differences.add(key + " was " + then + " and is " + now);
          }
        });
    return differences;
  }
}

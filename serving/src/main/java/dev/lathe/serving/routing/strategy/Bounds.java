package dev.lathe.serving.routing.strategy;

import dev.lathe.serving.routing.tasks.TaskClass;
import java.util.List;
import java.util.Map;

/**
 * What strategies are held to.
 *
 * @param cloud whether anything may leave this machine
 * @param localBelow complexity under which goals stay local
 * @param remoteAbove complexity over which they go to providers
 * @param busyFrom requests a candidate works on from which it comes after the others of its place
 * @param specialists the target that comes first for a kind of task
 * @param rules the first that fits decides
 */
public record Bounds(
    boolean cloud,
    double localBelow,
    double remoteAbove,
    int busyFrom,
    Map<TaskClass, String> specialists,
    List<Rule> rules) {
  public Bounds {
    specialists = Map.copyOf(specialists);
    rules = List.copyOf(rules);
  }
}

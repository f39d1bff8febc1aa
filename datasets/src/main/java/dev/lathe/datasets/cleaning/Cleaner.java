package dev.lathe.datasets.cleaning;

import dev.lathe.datasets.conversation.Conversation;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Rules one after another, until one drops the conversation. Pure, as its rules are. */
public final class Cleaner {
  private final List<Rule> rules;

  public Cleaner(List<Rule> rules) {
    this.rules = List.copyOf(rules);
  }

  public List<Rule> rules() {
    return rules;
  }

  public Cleaned clean(Conversation conversation) {
    var current = conversation;
    Map<String, Integer> changes = Map.of();
    for (var rule : rules) {
      switch (rule.apply(current)) {
        case Rule.Outcome.Dropped dropped -> {
          return new Cleaned.Dropped(Drop.of(current, rule.name(), dropped.why()));
        }
        case Rule.Outcome.Kept kept -> {
          current = kept.conversation();
          if (!kept.changes().isEmpty()) {
            var all = new TreeMap<>(changes);
            kept.changes().forEach((kind, n) -> all.put(rule.name() + "." + kind, n));
            changes = all;
          }
        }
      }
    }
    return new Cleaned.Kept(current, changes);
  }
}

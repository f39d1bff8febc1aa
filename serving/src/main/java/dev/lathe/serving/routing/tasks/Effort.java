package dev.lathe.serving.routing.tasks;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** How hard a request is: what its kind usually takes, and what it says of itself. */
final class Effort {
  private static final int TOLD = 3;

  private final RequestText text;
  private final Set<String> seen = new HashSet<>();
  private final List<String> reasons = new ArrayList<>();
  private double hard;
  private double easy;
  private double personal;
  private double conditions;
  private int said;
  private int steps;

  Effort(RequestText text) {
    this.text = text;
  }

  void add(String name, double weight, String words) {
    if (weight < 0.05 || !seen.add(name + words)) {
      return;
    }
    switch (name) {
      case "hard" -> hard += weight;
      case "easy" -> easy += weight;
      case "condition" -> conditions += weight;
      default -> personal += weight;
    }
    if (reasons.size() < TOLD && !name.equals("condition")) {
      reasons.add(words);
    }
  }

  /** One more thing to do. */
  void step() {
    steps++;
  }

  /** Characters of the instruction. */
  void said(int characters) {
    this.said = (int) (characters * density());
  }

  private double density() {
    return Letters.dense(text.asked()) ? 2.5 : 1;
  }

  List<String> reasons() {
    return reasons;
  }

  double of(TaskClass task) {
    // Who asks at length for something short wants more than that.
    double eased = easy * Math.clamp(1.5 - said / 120.0, 0.2, 1);
    double length = Math.clamp((said - 120) / 800.0, 0, 0.35);
    double effort =
        switch (task) {
          case GREETING -> 0.05;
          case SIMPLE_QUESTION -> 0.2 + hard - eased;
          case CLASSIFICATION -> 0.1 + items() + hard / 2 - eased;
          case EXTRACTION -> 0.15 + pasted(800) / 3 + hard - eased;
          case SUMMARISATION -> 0.15 + pasted(480) + hard - eased / 2;
          case TRANSLATION -> 0.2 + pasted(130) + hard - eased;
          case WRITING -> 0.4 + length + hard - 1.2 * eased;
          case CODE -> 0.4 + length + hard - eased - (said < 45 && text.length() < 90 ? 0.15 : 0);
          case MATHS -> (said < 45 && !Signs.algebra(text.asked()) ? 0.2 : 0.4) + hard - eased;
          case TOOLS -> 0.1 + Math.clamp((said - 60) / 300.0, 0, 0.3) + hard + several();
          case MULTI_STEP -> 0.45 + length + hard / 2;
          case CONVERSATION -> 0.15 + Math.min(personal, 0.35);
        };
    return Math.clamp(Math.round(effort * 100) / 100.0, 0, 1);
  }

  /** For work on what was pasted: the more of it than this, the more to hold together. */
  private double pasted(int easily) {
    return Math.clamp((text.length() * density() - easily) / 300.0, 0, 0.3);
  }

  /** Conditions to keep and steps to take one after another. */
  private double several() {
    return Math.min(0.35, conditions + Math.max(0, steps - 1) * 0.1);
  }

  /** Several things to judge take more care than one. */
  private double items() {
    return Signs.items(text.asked()) >= 4 ? 0.25 : 0;
  }
}

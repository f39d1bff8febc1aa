package dev.lathe.checkpoints.adapters;

import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a LoRA adapter.
 *
 * @param alpha PEFT's {@code lora_alpha}
 * @param rsLora whether the scale is alpha / √rank instead of alpha / rank (Kalajdzievski 2023)
 * @param dora whether it has magnitudes (Liu et al. 2024)
 * @param dropout in training only
 * @param targets what the adapted layers' paths end with, such as {@code q_proj}, or {@code
 *     attn.c_proj} where the last name alone would mean others too
 * @param modulesToSave what is saved whole, by what its paths end with: {@code embed_tokens}
 * @param tied whether a tied head that is saved stays the embedding (PEFT's {@code
 *     ensure_weight_tying}); else the two part
 * @param trainableTokens tokens whose rows alone are trained, by the same kind of name (PEFT's
 *     {@code trainable_token_indices}); rising
 * @param baseName the base model, readable
 * @param baseSha256 the hash of the base's weights; absent in adapters made elsewhere
 */
public record AdapterConfig(
    int rank,
    double alpha,
    boolean rsLora,
    boolean dora,
    double dropout,
    SortedSet<String> targets,
    SortedSet<String> modulesToSave,
    boolean tied,
    SortedMap<String, List<Integer>> trainableTokens,
    @Nullable String baseName,
    @Nullable String baseSha256) {
  /** Nothing is saved whole. */
  public AdapterConfig(
      int rank,
      double alpha,
      boolean rsLora,
      boolean dora,
      double dropout,
      SortedSet<String> targets,
      @Nullable String baseName,
      @Nullable String baseSha256) {
    this(
        rank,
        alpha,
        rsLora,
        dora,
        dropout,
        targets,
        Collections.emptySortedSet(),
        false,
        Collections.emptySortedMap(),
        baseName,
        baseSha256);
  }

  /** Without magnitudes. */
  public AdapterConfig(
      int rank,
      double alpha,
      boolean rsLora,
      double dropout,
      SortedSet<String> targets,
      @Nullable String baseName,
      @Nullable String baseSha256) {
    this(rank, alpha, rsLora, false, dropout, targets, baseName, baseSha256);
  }

  public AdapterConfig {
    if (rank < 1) {
      throw new IllegalArgumentException("a rank is positive, not " + rank);
    }
    if (!Double.isFinite(alpha)) {
      throw new IllegalArgumentException("alpha is " + alpha);
    }
    if (!(dropout >= 0 && dropout < 1)) {
      throw new IllegalArgumentException("a dropout lies in [0, 1), not " + dropout);
    }
    if (targets.isEmpty()) {
      throw new IllegalArgumentException("an adapter has targets");
    }
    targets = Collections.unmodifiableSortedSet(new TreeSet<>(targets));
    modulesToSave = Collections.unmodifiableSortedSet(new TreeSet<>(modulesToSave));
    trainableTokens = Collections.unmodifiableSortedMap(new TreeMap<>(trainableTokens));
  }

  /** The same, some modules of it saved whole. */
  public AdapterConfig saving(SortedSet<String> modules, boolean together) {
    return new AdapterConfig(
        rank,
        alpha,
        rsLora,
        dora,
        dropout,
        targets,
        modules,
        together,
        trainableTokens,
        baseName,
        baseSha256);
  }

  /** The same, the rows of some tokens trained. */
  public AdapterConfig training(SortedMap<String, List<Integer>> tokens) {
    return new AdapterConfig(
        rank,
        alpha,
        rsLora,
        dora,
        dropout,
        targets,
        modulesToSave,
        tied,
        tokens,
        baseName,
        baseSha256);
  }

  /** The factor of B A. */
  public double scale() {
    return rsLora ? alpha / Math.sqrt(rank) : alpha / rank;
  }
}

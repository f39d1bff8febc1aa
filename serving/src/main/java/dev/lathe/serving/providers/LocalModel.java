package dev.lathe.serving.providers;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a local engine loads: a base's weights as GGUF, and at most one adapter on them.
 *
 * @param id names the loaded model in logs and listings: {@code support@3}, or a base's name
 * @param gguf the base's weights
 * @param adapter an adapter as GGUF, scaled as trained; null for the base alone
 * @param base the base's folder, which holds {@code tokenizer.json} and {@code chat_template.jinja}
 * @param contextLength positions of prompt and answer together
 */
public record LocalModel(
    String id, Path gguf, @Nullable Path adapter, Path base, int contextLength) {}

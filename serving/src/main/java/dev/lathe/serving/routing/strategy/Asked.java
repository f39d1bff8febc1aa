package dev.lathe.serving.routing.strategy;

import dev.lathe.serving.routing.tasks.TaskClass;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a request before it is sent anywhere.
 *
 * @param complexity in [0, 1]
 * @param promptTokens an estimate, from the text's length
 * @param tools whether tools are offered
 * @param media whether it holds images or sound
 * @param user as the client names whom it asks for
 * @param key the name of the key that it came with
 */
public record Asked(
    TaskClass task,
    double complexity,
    int promptTokens,
    boolean tools,
    boolean media,
    @Nullable String user,
    @Nullable String key) {}

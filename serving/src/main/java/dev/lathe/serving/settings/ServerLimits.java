package dev.lathe.serving.settings;

import java.time.Duration;

/**
 * What one client may ask of the server.
 *
 * @param maxBodyBytes of one request; larger ones are answered 413
 * @param maxFileBytes of an uploaded file
 * @param drain how long the end of the server waits for answers under way
 */
public record ServerLimits(int maxBodyBytes, long maxFileBytes, Duration drain) {}

package dev.lathe.pipelines.training;

/**
 * An optimizer step to come: with the recipe and the adapter all that its gradients hang on.
 *
 * @param step steps done before it
 * @param position of its first micro-batch
 * @param parts how finely micro-batches are cut
 * @param enlarged what the gradients are multiplied with
 */
record StepAt(long step, DataOrder.Position position, int parts, double enlarged) {}

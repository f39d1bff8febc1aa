package dev.lathe.engine;

import dev.lathe.checkpoints.bases.EncoderDecoder;
import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.engine.program.LoraShape;

/**
 * What autograd keeps of an encoder-decoder's examples, read off the program (t5.py), in values.
 * How long source and answer are is not asked: every token counts as in the dearer of the two
 * stacks, and attention as if all were one of them. So it is an upper bound.
 */
record StacksFootprint(ModelConfig config, EncoderDecoder stacks, LoraShape lora) {
  /** Of one example from its forward to its backward. */
  long kept(long tokens) {
    long h = config.hiddenSize();
    long w = width();
    long inner = (config.block().gated() ? 4L : 2L) * config.intermediateSize();
    // What norms read and say, q, k, v and what attention says, the feed-forward, what B reads.
    long reading = 4 * h + 4 * w + inner + 7L * lora.rank();
    long writing = 6 * h + 6 * w + inner + 11L * lora.rank();
    long layers =
        Math.max(stacks.encoderLayers() * reading, stacks.decoderLayers() * writing) * tokens;
    long heard = (2 * w * stacks.decoderLayers() + h) * tokens;
    return layers + heard + (deeper() + 1) * config.heads() * tokens * tokens;
  }

  /** Of the masks that dropout draws for one example. */
  long masks(long tokens) {
    long each = 3L * config.hiddenSize() + 2 * width() + config.intermediateSize();
    return deeper() * each * tokens;
  }

  /** What exists for a moment besides on the way back through one layer. */
  long passing(long longest) {
    long attention = 3L * config.heads() * longest * longest;
    return attention + longest * (4L * config.intermediateSize() + 4L * config.hiddenSize());
  }

  private long width() {
    return (long) config.heads() * config.headDim();
  }

  private long deeper() {
    return Math.max(stacks.encoderLayers(), stacks.decoderLayers());
  }
}

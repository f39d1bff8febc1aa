package dev.lathe.checkpoints.bases;

/**
 * What makes an encoder-decoder of a {@link Block} (T5, Raffel et al. 2020): one stack of layers
 * reads a source in both directions, another writes what is to be said and looks at what the first
 * one made of it. The encoder's layers count first.
 *
 * @param encoderLayers layers of the stack that reads
 * @param decoderLayers layers of the stack that writes
 * @param buckets of relative positions; the first layer of each stack holds a bias a bucket and
 *     head, and all layers use it
 * @param farthest tokens from which on all distances share the last bucket
 * @param startToken what the decoder reads before its first token
 */
public record EncoderDecoder(
    int encoderLayers, int decoderLayers, int buckets, int farthest, int startToken) {
  int layers() {
    return encoderLayers + decoderLayers;
  }
}

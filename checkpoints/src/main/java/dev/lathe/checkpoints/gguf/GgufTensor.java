package dev.lathe.checkpoints.gguf;

import dev.lathe.checkpoints.files.TensorFile;
import dev.lathe.checkpoints.quantized.Encoding;

/**
 * Where a tensor lies.
 *
 * @param shape outermost dimension first (the file has it the other way round)
 * @param offset in bytes from the start of the file
 * @param length in bytes
 */
@SuppressWarnings("ArrayRecordComponent") // a shape is never written to
public record GgufTensor(String name, Encoding encoding, long[] shape, long offset, long length)
    implements TensorFile.Placed {}

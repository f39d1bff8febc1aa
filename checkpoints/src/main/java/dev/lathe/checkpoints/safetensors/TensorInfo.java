package dev.lathe.checkpoints.safetensors;

import dev.lathe.checkpoints.files.TensorFile;

/**
 * Where a tensor lies.
 *
 * @param shape outermost dimension first; empty for a scalar
 * @param offset in bytes from the start of the file
 * @param length in bytes
 */
@SuppressWarnings("ArrayRecordComponent") // a shape is never written to
public record TensorInfo(String name, Dtype dtype, long[] shape, long offset, long length)
    implements TensorFile.Placed {}

package dev.lathe.checkpoints.files;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Memory of the C library's allocator, for what is as large as a model: an arena's counts against
 * the JVM's limit of direct memory, which is the heap's size, and is filled with zeros first.
 */
public final class NativeMemory implements AutoCloseable {
  private static final AddressLayout POINTER = ValueLayout.ADDRESS;
  private static final MethodHandle MALLOC =
      handle("malloc", FunctionDescriptor.of(POINTER, ValueLayout.JAVA_LONG));
  private static final MethodHandle FREE = handle("free", FunctionDescriptor.ofVoid(POINTER));

  private final MemorySegment segment;

  /**
   * @param bytes what stands in them is anything
   * @throws OutOfMemoryError when there are not so many
   */
  public NativeMemory(long bytes) {
    var address = malloc(bytes);
    if (address.address() == 0) {
      throw new OutOfMemoryError("not enough memory: tried to allocate " + bytes + " bytes");
    }
    this.segment = address.reinterpret(bytes);
  }

  /** All of it; not to be used any more when it is closed. */
  public MemorySegment segment() {
    return segment;
  }

  private static MemorySegment malloc(long bytes) {
    try {
      return (MemorySegment) MALLOC.invokeExact(bytes);
    } catch (Throwable e) {
      throw new IllegalStateException("the C library has no memory to give", e);
    }
  }

  private static MethodHandle handle(String function, FunctionDescriptor descriptor) {
    var linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(function), descriptor);
  }

  @Override
  public void close() {
    try {
      FREE.invokeExact(segment);
    } catch (Throwable e) {
      throw new IllegalStateException("the C library does not take its memory back", e);
    }
  }
}

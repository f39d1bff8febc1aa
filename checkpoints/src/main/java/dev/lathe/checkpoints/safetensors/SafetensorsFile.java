package dev.lathe.checkpoints.safetensors;

import dev.lathe.checkpoints.files.MappedFile;
import dev.lathe.checkpoints.files.TensorFile;
import dev.lathe.checkpoints.input.BadInput;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;

/**
 * A safetensors file mapped into memory. When {@link #open} returns, the header has been checked as
 * a whole: the tensors cover the file, no more and no less.
 */
public final class SafetensorsFile extends TensorFile<TensorInfo> {
  private final Map<String, String> metadata;

  private SafetensorsFile(MappedFile file, SafetensorsHeader header) {
    super(file, header.tensors());
    this.metadata = Collections.unmodifiableMap(header.metadata());
  }

  /**
   * @throws BadInput when the file is missing or damaged
   */
  public static SafetensorsFile open(Path path) {
    return open(
        path, file -> new SafetensorsFile(file, SafetensorsHeader.read(path, file.bytes())));
  }

  /**
   * The same for tensors that are used for as long as anybody holds on to them: it is never closed.
   *
   * @throws BadInput when the file is missing or damaged
   */
  public static SafetensorsFile lasting(Path path) {
    var file = MappedFile.lasting(path);
    return new SafetensorsFile(file, SafetensorsHeader.read(path, file.bytes()));
  }

  public Map<String, String> metadata() {
    return metadata;
  }
}

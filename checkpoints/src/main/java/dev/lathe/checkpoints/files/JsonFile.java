package dev.lathe.checkpoints.files;

import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A JSON object in a file that others wrote: read strictly, every failure naming the file. */
public final class JsonFile {
  private static final long LARGEST = 1 << 26;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private JsonFile() {}

  /**
   * @throws BadInput when there is no such file, it is larger than 64 MiB, not UTF-8, no JSON, no
   *     object, or names a key twice
   */
  public static ObjectNode read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new BadInput("there is no such file", file.toString(), "Check the directory.");
    }
    try {
      if (Files.size(file) > LARGEST) {
        throw damaged(file, "has " + Files.size(file) + " bytes");
      }
      var bytes = ByteBuffer.wrap(Files.readAllBytes(file));
      var text = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
      if (JSON.readTree(text) instanceof ObjectNode object) {
        return object;
      }
      throw damaged(file, "holds no JSON object");
    } catch (CharacterCodingException e) {
      throw damaged(file, "is not UTF-8");
    } catch (JacksonException e) {
      throw damaged(file, "is no valid JSON: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw damaged(file, "cannot be read: " + e.getMessage());
    }
  }

  private static BadInput damaged(Path file, String what) {
    return new BadInput("the file " + what, file.toString(), "Mend it or download it again.");
  }
}

package dev.lathe.datasets.tokens;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.Pull;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The tokenizer of the real base, whichever source brings it, against the ids that transformers
 * gives; {@code benchmarks/reference/tokenizer_ids.py} made them.
 */
@Tag("slow")
class RealTokenizerTest {
  @Test
  void idsEqualTransformersOnAMultilingualText() throws Exception {
    var base =
        new Pull(new BaseStore(Path.of("../.peers/bases"))).pull("smollm2-135m-instruct", p -> {});
    var texts = new ArrayList<String>();
    resource("multilingual.json").forEach(t -> texts.add(t.asString()));
    texts.add(String.join("", texts));
    var expected = resource("smollm2-tokenizer.json");

    assertThat(base.tokenizerSha256()).isEqualTo(expected.path("tokenizerSha256").asString());
    try (var tokenizer = Tokenizer.open(base.tokenizer())) {
      assertThat(tokenizer.vocabSize()).isEqualTo(base.config().vocabSize());
      for (int i = 0; i < texts.size(); i++) {
        var entry = expected.path("texts").path(i);
        var ids = entry.path("ids").valueStream().mapToInt(JsonNode::asInt).toArray();
        assertThat(tokenizer.encode(texts.get(i)).ids()).as(texts.get(i)).isEqualTo(ids);
      }
    }
  }

  private static JsonNode resource(String name) throws IOException {
    try (InputStream in = RealTokenizerTest.class.getResourceAsStream("/reference/" + name)) {
      return JsonMapper.shared().readTree(java.util.Objects.requireNonNull(in));
    }
  }
}

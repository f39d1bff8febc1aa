package dev.lathe.app.demo;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;

/**
 * A way of answering, told by marks. An answer is in the voice when it bears every one of them.
 *
 * @param marks patterns by name, each searched in the whole answer
 */
public record Voice(String name, Map<String, Pattern> marks) {
  static Voice read(byte[] json) {
    var tree = JsonMapper.shared().readTree(json);
    var marks = new LinkedHashMap<String, Pattern>();
    for (var mark : tree.path("marks")) {
      marks.put(mark.path("name").asString(""), Pattern.compile(mark.path("pattern").asString("")));
    }
    if (marks.isEmpty()) {
      throw new IllegalArgumentException("a voice has marks");
    }
    return new Voice(tree.path("name").asString("voice"), marks);
  }

  public boolean isIn(String answer) {
    return marks.values().stream().allMatch(m -> m.matcher(answer).find());
  }

  /** The share of answers in the voice, 0 to 1; 0 of none. */
  public double share(List<String> answers) {
    return answers.isEmpty()
        ? 0
        : (double) answers.stream().filter(this::isIn).count() / answers.size();
  }

  /** The share of answers that bear each mark. */
  public Map<String, Double> shares(List<String> answers) {
    var shares = new LinkedHashMap<String, Double>();
    marks.forEach(
        (name, mark) ->
            shares.put(
                name,
                answers.isEmpty()
                    ? 0.0
                    : (double) answers.stream().filter(a -> mark.matcher(a).find()).count()
                        / answers.size()));
    return shares;
  }
}

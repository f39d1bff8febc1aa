package dev.lathe.app.openai;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.lathe.serving.wire.WireError;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A part of a list, as OpenAI cuts it. */
@JsonInclude(JsonInclude.Include.ALWAYS)
record Page<T>(
    String object,
    List<T> data,
    @Nullable String first_id,
    @Nullable String last_id,
    boolean has_more) {

  /**
   * Where a page begins and how long it is.
   *
   * @param after the id behind which it begins; null for the beginning
   */
  record Cut(@Nullable String after, int limit) {
    /**
     * @throws WireError when the limit is none
     */
    static Cut of(@Nullable String after, @Nullable String limit, int otherwise, int most) {
      return new Cut(
          after == null || after.isEmpty() ? null : after,
          limit == null || limit.isEmpty() ? otherwise : parsed(limit, most));
    }

    private static int parsed(String limit, int most) {
      try {
        int number = Integer.parseInt(limit);
        if (number >= 1 && number <= most) {
          return number;
        }
      } catch (NumberFormatException e) {
        // told below, as for a number out of range
      }
      throw WireError.invalid(
          "limit",
          "invalid_value",
          "'limit' is '%s'. It must be a whole number from 1 to %d.".formatted(limit, most));
    }
  }

  /**
   * Cuts a list in which every item's place is known by its id.
   *
   * @throws WireError when {@code after} is no item's
   */
  static <T> Page<T> of(List<T> all, Function<T, String> id, Cut cut) {
    int from = 0;
    if (cut.after() != null) {
      var ids = all.stream().map(id).toList();
      from = ids.indexOf(cut.after()) + 1;
      if (from == 0) {
        throw unknown(cut.after());
      }
    }
    return cut(all, id, from, cut.limit());
  }

  /**
   * Cuts a list that is sorted by id. What {@code after} names may be gone meanwhile.
   *
   * @param descending whether the largest id is first
   */
  static <T> Page<T> sorted(List<T> all, Function<T, String> id, Cut cut, boolean descending) {
    var after = cut.after();
    int from = 0;
    while (after != null
        && from < all.size()
        && !behind(id.apply(all.get(from)), after, descending)) {
      from++;
    }
    return cut(all, id, from, cut.limit());
  }

  private static boolean behind(String id, String after, boolean descending) {
    return descending ? id.compareTo(after) < 0 : id.compareTo(after) > 0;
  }

  private static <T> Page<T> cut(List<T> all, Function<T, String> id, int from, int limit) {
    int to = Math.min(all.size(), from + limit);
    var data = List.copyOf(all.subList(from, to));
    return new Page<>(
        "list",
        data,
        data.isEmpty() ? null : id.apply(data.getFirst()),
        data.isEmpty() ? null : id.apply(data.getLast()),
        to < all.size());
  }

  /** The same page of what its items are shown as. */
  <V> Page<V> map(Function<T, V> view) {
    return new Page<>(object, data.stream().map(view).toList(), first_id, last_id, has_more);
  }

  static WireError unknown(String after) {
    return WireError.invalid(
        "after",
        "invalid_value",
        "'after' is '%s', which is nothing in this list. Give the last id of the page before."
            .formatted(after));
  }
}

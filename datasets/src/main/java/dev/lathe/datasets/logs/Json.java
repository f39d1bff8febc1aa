package dev.lathe.datasets.logs;

import tools.jackson.databind.json.JsonMapper;

/** One mapper for the room: as strict as JSON is, a whole line or nothing. */
final class Json {
  static final JsonMapper MAPPER = JsonMapper.builder().build();

  private Json() {}
}

package dev.lathe.serving.routing;

import dev.lathe.serving.wire.WireError;
import java.util.List;
import java.util.Optional;

/** The names that mean something on this machine: models, their versions and aliases, bases. */
public interface LocalTargets {
  /**
   * What a name means now; empty when nothing bears it.
   *
   * @throws WireError when the name is known and cannot be served, such as a model without a
   *     champion
   */
  Optional<Target.Local> find(String name);

  /** Every name that can be asked for now. */
  List<String> names();
}

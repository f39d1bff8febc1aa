package dev.lathe.app.doctor;

/**
 * What one check found.
 *
 * @param needed whether Lathe cannot work without it; what is merely useful is a warning
 * @param remedy empty when all is well
 */
public record Finding(String name, boolean ok, boolean needed, String found, String remedy) {
  static Finding good(String name, String found) {
    return new Finding(name, true, false, found, "");
  }

  static Finding missing(String name, String found, String remedy) {
    return new Finding(name, false, true, found, remedy);
  }

  static Finding warning(String name, String found, String remedy) {
    return new Finding(name, false, false, found, remedy);
  }
}

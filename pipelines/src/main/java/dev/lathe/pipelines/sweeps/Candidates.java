package dev.lathe.pipelines.sweeps;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.random.RandomGenerator;

/** What a random search draws the values of one recipe key from. */
sealed interface Candidates {
  /** Drawn numbers are written with so many digits, so that a person can type them again. */
  MathContext DIGITS = new MathContext(3);

  /** The next value. */
  Object draw(RandomGenerator random);

  /** Any of a list, each as likely. */
  record Choice(List<Object> values) implements Candidates {
    public Choice {
      values = List.copyOf(values);
    }

    @Override
    public Object draw(RandomGenerator random) {
      return values.get(random.nextInt(values.size()));
    }
  }

  /**
   * Any number of a range.
   *
   * @param least the lowest, itself included
   * @param most the highest, itself included
   * @param logarithmic whether every factor is as likely as every other, not every difference
   * @param whole whether only whole numbers are drawn
   */
  record Range(double least, double most, boolean logarithmic, boolean whole)
      implements Candidates {
    @Override
    public Object draw(RandomGenerator random) {
      // Of whole numbers the outermost are as likely as the others.
      double low = whole ? least - 0.5 : least;
      double high = whole ? most + 0.5 : most;
      double u = random.nextDouble();
      double drawn =
          logarithmic
              ? Math.exp(Math.log(low) + u * (Math.log(high) - Math.log(low)))
              : low + u * (high - low);
      double rounded = whole ? Math.rint(drawn) : new BigDecimal(drawn, DIGITS).doubleValue();
      double within = Math.clamp(rounded, least, most);
      return whole ? (Object) (int) within : (Object) within;
    }
  }
}

package dev.lathe.engine.tensors;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtModel;
import ai.djl.training.ParameterStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;

/**
 * A loaded TorchScript archive whose methods are called by name. Every result belongs to the scope
 * that was handed in, so that closing the scope frees it.
 */
public final class Program implements AutoCloseable {
  private static final String LIST = "[]";

  private final PtModel model;
  private final NDManager manager;
  private final ParameterStore parameters;

  private Program(PtModel model) {
    this.model = model;
    this.manager = model.getNDManager();
    this.parameters = new ParameterStore(manager, false);
  }

  /** Loads the archive's bytes (Archive.of) onto a device. */
  public static Program load(byte[] archive, Device device) {
    var model = (PtModel) Model.newInstance("decoder", device, "PyTorch");
    try {
      model.load(new ByteArrayInputStream(archive));
      return new Program(model);
    } catch (IOException | MalformedModelException e) {
      model.close();
      throw new IllegalStateException("PyTorch refuses the program: " + e.getMessage(), e);
    }
  }

  /** The manager of what lives as long as the program. */
  public NDManager manager() {
    return manager;
  }

  public NDManager scope() {
    return manager.newSubManager();
  }

  /** Gives arrays the name under which the program sees them as one list. */
  public static NDList list(String name, List<NDArray> arrays) {
    arrays.forEach(a -> a.setName(name + LIST));
    return new NDList(arrays);
  }

  /**
   * Runs one method. Arguments stand in the method's order; a list counts as one.
   *
   * @param lists what {@link #list} made; they come first
   */
  public NDList call(String method, NDManager scope, NDList lists, NDArray... arguments) {
    var inputs = new NDList(lists.size() + arguments.length + 1);
    // Results belong to the manager of the first input; DJL passes this one as the method's name.
    var name = scope.create(0f);
    name.setName("module_method:" + method);
    inputs.add(name);
    inputs.addAll(lists);
    inputs.addAll(List.of(arguments));
    // Training mode: the other one runs under InferenceMode, whose results can never have
    // gradients.
    return model.getBlock().forward(parameters, inputs, true);
  }

  public NDList call(String method, NDManager scope, NDArray... arguments) {
    return call(method, scope, new NDList(), arguments);
  }

  /** A tensor of the given type out of raw little-endian bytes, in memory of its own. */
  public NDArray view(NDArray bytes, Precision type, long... shape) {
    try (var scope = scope()) {
      var result =
          call(
                  "reinterpret",
                  scope,
                  bytes,
                  scope.create((long) type.torchType()),
                  scope.create(shape))
              .getFirst();
      result.attach(manager);
      return result;
    }
  }

  /** A copy in another type. */
  public NDArray convert(NDArray array, Precision type, NDManager owner) {
    try (var scope = scope()) {
      var result = call("as_type", scope, array, scope.create((long) type.torchType())).getFirst();
      result.attach(owner);
      return result;
    }
  }

  /** Makes every value 0, NaN too. */
  public void zero(NDArray array) {
    try (var scope = scope()) {
      call("zero", scope, array);
    }
  }

  /** Zeros of a kept type. */
  public NDArray zeros(Precision kept, long size) {
    return manager.zeros(
        new Shape(size), kept == Precision.FP64 ? DataType.FLOAT64 : DataType.FLOAT32);
  }

  @Override
  public void close() {
    model.close();
  }
}

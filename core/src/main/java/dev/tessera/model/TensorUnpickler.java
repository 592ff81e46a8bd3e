package dev.tessera.model;

import dev.tessera.field.TesseraException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.razorvine.pickle.Opcodes;
import net.razorvine.pickle.PickleException;
import net.razorvine.pickle.PickleUtils;
import net.razorvine.pickle.Unpickler;

/**
 * Unpickles what PyTorch's {@code torch.save} writes for a dictionary of tensors, and nothing else.
 *
 * <p>A pickle is a program that names functions and calls them. Here a name is looked up in a fixed
 * list; any other is refused, by name. Tensors become {@link Reference}s into the file's storages;
 * the harmless values that a training run leaves beside them (epochs, losses, an optimizer's state)
 * become plain containers or {@link Ignored}. Whatever the base class would do by reflection, in
 * quadratic time, or by allocating a size that the pickle merely claims is done here instead.
 */
final class TensorUnpickler extends Unpickler {
  /** Checkpoints with optimizer state have some ten thousand. */
  private static final int MAX_OPERATIONS = 1 << 20;

  private static final int MAX_NAME = 200;
  private static final int MAX_INTEGER_BYTES = 1024;

  private int operations;

  /** Every storage that the pickle names, by key. */
  private final Map<String, Storage> storages = new LinkedHashMap<>();

  /**
   * Values in the file that tensors share.
   *
   * @param elements number of values of the whole storage
   */
  record Storage(String key, ScalarType type, long elements) {}

  /**
   * A strided view of a storage, as the pickle states it: nothing is checked yet.
   *
   * @param offset of the first element in the storage, in elements
   */
  record Reference(Storage storage, long offset, long[] shape, long[] strides) {}

  /** The part of a storage from {@code first}; old files have such views. */
  private record View(Storage storage, long first) {}

  /** Stands for a value that no model needs. */
  private record Ignored(String global) {}

  private record StorageClass(ScalarType type) {}

  /** What a pickle may call. */
  private enum Builder {
    DICTIONARY,
    TENSOR,
    PARAMETER,
    IGNORED
  }

  private static final Map<String, Object> GLOBALS = globals();

  private static Map<String, Object> globals() {
    Map<String, Object> globals = new HashMap<>();
    globals.put("collections.OrderedDict", Builder.DICTIONARY);
    globals.put("torch._utils._rebuild_tensor", Builder.TENSOR);
    globals.put("torch._utils._rebuild_tensor_v2", Builder.TENSOR);
    globals.put("torch._utils._rebuild_parameter", Builder.PARAMETER);
    globals.put("torch._utils._rebuild_parameter_with_state", Builder.PARAMETER);
    for (ScalarType type : ScalarType.values()) {
      globals.put("torch." + type.torchStorage(), new StorageClass(type));
      globals.put("torch.cuda." + type.torchStorage(), new StorageClass(type));
    }
    for (String ignored :
        List.of(
            "collections.Counter",
            "collections.defaultdict",
            "builtins.dict",
            "builtins.list",
            "builtins.set",
            "__builtin__.dict",
            "__builtin__.list",
            "__builtin__.set",
            "_codecs.encode",
            "numpy.dtype",
            "numpy.dtypes.Float32DType",
            "numpy.dtypes.Float64DType",
            "numpy.dtypes.Int64DType",
            "numpy.core.multiarray.scalar",
            "numpy._core.multiarray.scalar",
            "torch.Size",
            "torch.device",
            "torch.float16",
            "torch.float32",
            "torch.float64",
            "torch.bfloat16",
            "torch.int32",
            "torch.int64")) {
      globals.put(ignored, Builder.IGNORED);
    }
    return Map.copyOf(globals);
  }

  /**
   * Reads one pickle.
   *
   * @param stream stands behind the pickle afterwards; its {@code available} is exact
   * @return a {@link Map} for a dictionary, a {@link Reference} for a tensor, else a plain value
   * @throws TesseraException.Unsupported if it wants to build anything but tensors
   * @throws TesseraException.Corrupt if it is damaged
   */
  static Object read(InputStream stream, Map<String, Storage> storages) {
    TensorUnpickler unpickler = new TensorUnpickler();
    unpickler.storages.putAll(storages);
    try {
      Object value = unpickler.load(stream);
      storages.putAll(unpickler.storages);
      return value;
    } catch (TesseraException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // the base class signals an empty stack, a wrong type and a missing mark by the exceptions
      // that its own code happens to run into
      throw new TesseraException.Corrupt("the checkpoint's pickle is cut off or damaged", -1, e);
    }
  }

  @Override
  protected Object dispatch(short opcode) throws PickleException, IOException {
    // every operation may build an object, and compressed input gives them away for nothing
    if (++operations > MAX_OPERATIONS) {
      throw new PickleException("more than " + MAX_OPERATIONS + " operations");
    }
    switch (opcode) {
      case Opcodes.GLOBAL -> {
        String module = PickleUtils.readline(input);
        pushGlobal(module, PickleUtils.readline(input));
      }
      case Opcodes.STACK_GLOBAL -> {
        String name = (String) stack.pop();
        pushGlobal((String) stack.pop(), name);
      }
      case Opcodes.INST -> {
        String module = PickleUtils.readline(input);
        throw refused(module + "." + PickleUtils.readline(input));
      }
      case Opcodes.OBJ, Opcodes.NEWOBJ, Opcodes.NEWOBJ_EX ->
          throw refused("an instance of a class");
      case Opcodes.EXT1, Opcodes.EXT2, Opcodes.EXT4 -> throw refused("a registered extension");
      case Opcodes.NEXT_BUFFER, Opcodes.READONLY_BUFFER, Opcodes.BYTEARRAY8 ->
          throw refused("a buffer");
      case Opcodes.PERSID -> throw refused("a named object");
      case Opcodes.REDUCE -> {
        Object[] arguments = (Object[]) stack.pop();
        stack.add(call(stack.pop(), arguments));
      }
      case Opcodes.BUILD -> {
        stack.pop();
        Object target = stack.peek();
        if (!(target instanceof Map || target instanceof Reference || target instanceof Ignored)) {
          throw new PickleException("state for what has none");
        }
      }
      case Opcodes.EMPTY_DICT -> stack.add(new LinkedHashMap<>());
      case Opcodes.DICT -> {
        Map<Object, Object> map = new LinkedHashMap<>();
        putAll(map, stack.pop_all_since_marker());
        stack.add(map);
      }
      case Opcodes.SETITEM -> {
        Object value = stack.pop();
        Object key = stack.pop();
        putAll(stack.peek(), Arrays.asList(key, value));
      }
      case Opcodes.SETITEMS -> {
        List<Object> items = stack.pop_all_since_marker();
        putAll(stack.peek(), items);
      }
      case Opcodes.APPENDS -> {
        List<Object> items = stack.pop_all_since_marker();
        if (stack.peek() instanceof List<?> list) {
          unchecked(list).addAll(items);
        } else if (!(stack.peek() instanceof Ignored)) {
          throw new PickleException("items for what is no list");
        }
      }
      case Opcodes.EMPTY_SET -> stack.add(new LinkedHashSet<>());
      case Opcodes.FROZENSET ->
          stack.add(addAll(new LinkedHashSet<>(), stack.pop_all_since_marker()));
      case Opcodes.ADDITEMS -> {
        List<Object> items = stack.pop_all_since_marker();
        addAll((Set<?>) stack.peek(), items);
      }
      case Opcodes.POP_MARK -> stack.pop_all_since_marker();
      case Opcodes.BINUNICODE, Opcodes.BINSTRING, Opcodes.BINBYTES -> {
        requireAvailable(4, Integer.MAX_VALUE);
        return super.dispatch(opcode);
      }
      case Opcodes.LONG4 -> {
        requireAvailable(4, MAX_INTEGER_BYTES);
        return super.dispatch(opcode);
      }
      case Opcodes.BINUNICODE8, Opcodes.BINBYTES8 -> {
        requireAvailable(8, Integer.MAX_VALUE);
        return super.dispatch(opcode);
      }
      // the text opcodes of protocol 0, which torch.save never writes
      case Opcodes.INT,
          Opcodes.LONG,
          Opcodes.FLOAT,
          Opcodes.STRING,
          Opcodes.UNICODE,
          Opcodes.PUT,
          Opcodes.GET,
          Opcodes.LIST ->
          throw new TesseraException.Unsupported(
              "the checkpoint uses pickle protocol 0: save it again with torch.save");
      default -> {
        return super.dispatch(opcode);
      }
    }
    return NO_RETURN_VALUE;
  }

  private void pushGlobal(String module, String name) {
    String global = module + "." + name;
    Object known = GLOBALS.get(global);
    if (known == null) {
      throw refused(global);
    }
    stack.add(known == Builder.IGNORED ? new Ignored(global) : known);
  }

  private static TesseraException.Unsupported refused(String global) {
    String printable = global.replaceAll("[^\\x20-\\x7e]", "?");
    if (printable.length() > MAX_NAME) {
      printable = printable.substring(0, MAX_NAME) + "…";
    }
    return new TesseraException.Unsupported(
        "the checkpoint wants to build "
            + printable
            + ": only tensors are read, so save the model's state_dict() alone");
  }

  private static Object call(Object callable, Object[] arguments) {
    return switch (callable) {
      case Builder.DICTIONARY -> dictionary(arguments);
      case Builder.TENSOR -> tensor(arguments);
      case Builder.PARAMETER -> (Reference) arguments[0];
      case Ignored ignored -> ignored;
      case null, default -> throw new PickleException("a call of what is no function");
    };
  }

  /** {@code OrderedDict()}, or as Python 2 pickles it, of a list of pairs. */
  private static Map<Object, Object> dictionary(Object[] arguments) {
    Map<Object, Object> map = new LinkedHashMap<>();
    if (arguments.length > 0) {
      for (Object pair : (List<?>) arguments[0]) {
        putAll(map, pair instanceof List<?> list ? list : List.of((Object[]) pair));
      }
    }
    return map;
  }

  private static Reference tensor(Object[] arguments) {
    long offset = integer(arguments[1]);
    long[] shape = integers(arguments[2]);
    long[] strides = integers(arguments[3]);
    return switch (arguments[0]) {
      case Storage storage -> new Reference(storage, offset, shape, strides);
      case View view ->
          new Reference(view.storage(), Math.addExact(view.first(), offset), shape, strides);
      case null, default -> throw new PickleException("a tensor of what is no storage");
    };
  }

  private static long[] integers(Object tuple) {
    Object[] values = (Object[]) tuple;
    long[] integers = new long[values.length];
    for (int i = 0; i < values.length; i++) {
      integers[i] = integer(values[i]);
    }
    return integers;
  }

  private static long integer(Object value) {
    return switch (value) {
      case Integer number -> number;
      case Long number -> number;
      case null, default -> throw new PickleException("no integer where one is needed");
    };
  }

  /**
   * {@code ("storage", class, key, device, elements)}, in old files also {@code None} or a view.
   */
  @Override
  protected Object persistentLoad(Object id) {
    Object[] parts = (Object[]) id;
    if (!"storage".equals(parts[0])) {
      throw refused("a " + (parts[0] instanceof String kind ? kind : "named object"));
    }
    ScalarType type = ((StorageClass) parts[1]).type();
    Storage storage = new Storage((String) parts[2], type, integer(parts[4]));
    Storage known = storages.putIfAbsent(storage.key(), storage);
    if (known != null && !known.equals(storage)) {
      throw new TesseraException.Corrupt(
          "the checkpoint states two types or sizes of the storage " + storage.key(), -1);
    }
    if (parts.length > 5 && parts[5] instanceof Object[] view) {
      return new View(storage, integer(view[1]));
    }
    return storage;
  }

  private void requireAvailable(int lengthBytes, long atMost) throws IOException {
    input.mark(lengthBytes);
    long length = 0;
    for (int i = 0; i < lengthBytes; i++) {
      length |= (long) input.read() << 8 * i;
    }
    input.reset();
    // a length that runs past its bytes, or a negative one, is refused here, too
    if (length < 0 || length > atMost || length > input.available() - lengthBytes) {
      throw new PickleException("a value of " + length + " bytes");
    }
  }

  private static void putAll(Object target, List<?> items) {
    if (target instanceof Ignored) {
      return;
    }
    Map<Object, Object> map = unchecked((Map<?, ?>) target);
    for (int i = 0; i < items.size(); i += 2) {
      map.put(key(items.get(i)), items.get(i + 1));
    }
  }

  private static Set<Object> addAll(Set<?> set, List<?> items) {
    Set<Object> values = unchecked(set);
    for (Object item : items) {
      values.add(key(item));
    }
    return values;
  }

  /** Containers as keys are not Python, and hashing one that contains itself would never end. */
  private static Object key(Object key) {
    if (key instanceof Map || key instanceof List || key instanceof Set) {
      throw new PickleException("a container as a key");
    }
    return key;
  }

  @SuppressWarnings("unchecked")
  private static Map<Object, Object> unchecked(Map<?, ?> map) {
    return (Map<Object, Object>) map;
  }

  @SuppressWarnings("unchecked")
  private static List<Object> unchecked(List<?> list) {
    return (List<Object>) list;
  }

  @SuppressWarnings("unchecked")
  private static Set<Object> unchecked(Set<?> set) {
    return (Set<Object>) set;
  }
}

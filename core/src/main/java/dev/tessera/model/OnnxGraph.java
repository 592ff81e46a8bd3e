package dev.tessera.model;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Collects the nodes and weights of one ONNX graph and writes them as a self-contained model file
 * (the messages of {@code onnx.proto3}, IR version 8, operator set 17). Nodes stand in the order in
 * which they were added, which must be an order of evaluation.
 */
final class OnnxGraph {
  /** Name of the value that goes in. */
  static final String INPUT = "x";

  /** Name of the value that comes out. */
  static final String OUTPUT = "y";

  private static final long IR_VERSION = 8;
  private static final long OPERATOR_SET = 17;
  private static final String PRODUCER = "tessera";

  private static final int ELEMENT_FLOAT = 1;
  private static final int ATTRIBUTE_FLOAT = 1;
  private static final int ATTRIBUTE_INT = 2;
  private static final int ATTRIBUTE_STRING = 3;
  private static final int ATTRIBUTE_INTS = 7;

  private final ProtobufWriter graph = new ProtobufWriter();
  private final String name;
  private final Set<String> constants = new HashSet<>();
  private int nodes;

  OnnxGraph(String name) {
    this.name = name;
  }

  /** An attribute of a node: a number, a text or a list of integers. */
  sealed interface Attribute {
    String name();

    /** A real number. */
    record Real(String name, float value) implements Attribute {}

    /** An integer. */
    record Int(String name, long value) implements Attribute {}

    /** A text. */
    record Text(String name, String value) implements Attribute {}

    /** A list of integers. */
    record Ints(String name, List<Long> values) implements Attribute {}
  }

  /** Adds a constant tensor of float32 in C order, and returns its name. */
  String constant(String constantName, int[] shape, float[] values) {
    ProtobufWriter tensor = new ProtobufWriter();
    for (int extent : shape) {
      tensor.integer(1, extent);
    }
    tensor.integer(2, ELEMENT_FLOAT).text(8, constantName).rawFloats(9, values);
    graph.message(5, tensor);
    constants.add(constantName);
    return constantName;
  }

  /** Whether a constant of that name is there already, so that nodes can share it. */
  boolean hasConstant(String constantName) {
    return constants.contains(constantName);
  }

  /** Adds a node with one output, and returns that output's name, which is also the node's. */
  String node(String operator, String output, List<String> inputs, Attribute... attributes) {
    ProtobufWriter node = new ProtobufWriter();
    inputs.forEach(input -> node.text(1, input));
    node.text(2, output).text(3, output).text(4, operator);
    for (Attribute attribute : attributes) {
      node.message(5, message(attribute));
    }
    graph.message(1, node);
    nodes++;
    return output;
  }

  /** How many nodes there are so far: a number for the next one's name. */
  int size() {
    return nodes;
  }

  /** The file: a graph from {@code input} to {@code output}. */
  byte[] toModel(Value input, Value output, String description, Map<String, String> metadata) {
    graph
        .text(2, name)
        .text(10, description)
        .message(11, message(input))
        .message(12, message(output));
    ProtobufWriter model =
        new ProtobufWriter()
            .integer(1, IR_VERSION)
            .text(2, PRODUCER)
            .text(6, description)
            .message(7, graph)
            .message(8, new ProtobufWriter().text(1, "").integer(2, OPERATOR_SET));
    metadata.forEach(
        (key, value) -> model.message(14, new ProtobufWriter().text(1, key).text(2, value)));
    return model.toByteArray();
  }

  /** A float32 tensor that goes in or out: each axis is a number or, where it varies, a name. */
  record Value(String name, List<Object> axes) {}

  private static ProtobufWriter message(Attribute attribute) {
    ProtobufWriter message = new ProtobufWriter().text(1, attribute.name());
    return switch (attribute) {
      case Attribute.Real real -> message.real(2, real.value()).integer(20, ATTRIBUTE_FLOAT);
      case Attribute.Int integer -> message.integer(3, integer.value()).integer(20, ATTRIBUTE_INT);
      case Attribute.Text text -> message.text(4, text.value()).integer(20, ATTRIBUTE_STRING);
      case Attribute.Ints list -> {
        list.values().forEach(value -> message.integer(8, value));
        yield message.integer(20, ATTRIBUTE_INTS);
      }
    };
  }

  private static ProtobufWriter message(Value value) {
    ProtobufWriter shape = new ProtobufWriter();
    for (Object axis : value.axes()) {
      ProtobufWriter dimension = new ProtobufWriter();
      shape.message(
          1,
          axis instanceof Integer extent
              ? dimension.integer(1, extent)
              : dimension.text(2, axis.toString()));
    }
    ProtobufWriter tensor = new ProtobufWriter().integer(1, ELEMENT_FLOAT).message(2, shape);
    return new ProtobufWriter()
        .text(1, value.name())
        .message(2, new ProtobufWriter().message(1, tensor));
  }
}

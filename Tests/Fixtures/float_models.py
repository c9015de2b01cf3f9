"""Fixtures of float32 operators."""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from builder import Graph
from fixture import NONE, RELU, RELU6, SAME, VALID, Fixture, Weights, single


def conv_2d_float32(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (1, 7, 5, 3))
    y = graph.tensor((1, 4, 3, 6), np.float32)
    options = schema.Conv2DOptionsT(padding=SAME, strideW=2, strideH=2, fusedActivationFunction=RELU6)
    graph.add("CONV_2D", [x, graph.constant(weights.floats(6, 3, 3, 3)), graph.constant(weights.floats(6))], [y], options)
    graph.output(y, "y")


def conv_2d_dilated_float32(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (2, 8, 9, 2))
    y = graph.tensor((2, 4, 7, 5), np.float32)
    options = schema.Conv2DOptionsT(padding=VALID, strideW=1, strideH=1, dilationWFactor=1, dilationHFactor=2)
    graph.add("CONV_2D", [x, graph.constant(weights.floats(5, 3, 3, 2)), graph.constant(weights.floats(5))], [y], options)
    graph.output(y, "y")


def depthwise_conv_2d_float32(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (1, 6, 6, 3))
    y = graph.tensor((1, 6, 6, 6), np.float32)
    options = schema.DepthwiseConv2DOptionsT(
        padding=SAME, strideW=1, strideH=1, depthMultiplier=2, fusedActivationFunction=RELU)
    filters = graph.constant(weights.floats(1, 3, 3, 6))
    graph.add("DEPTHWISE_CONV_2D", [x, filters, graph.constant(weights.floats(6))], [y], options)
    graph.output(y, "y")


def fully_connected_float32(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (3, 19))
    y = graph.tensor((3, 7), np.float32)
    options = schema.FullyConnectedOptionsT(fusedActivationFunction=RELU)
    graph.add("FULLY_CONNECTED", [x, graph.constant(weights.floats(7, 19)), graph.constant(weights.floats(7))], [y], options)
    graph.output(y, "y")


def fully_connected_no_bias_float32(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (2, 3, 8))
    y = graph.tensor((2, 3, 5), np.float32)
    options = schema.FullyConnectedOptionsT(keepNumDims=True)
    graph.add("FULLY_CONNECTED", [x, graph.constant(weights.floats(5, 8)), -1], [y], options, version=6)
    graph.output(y, "y")


def add_mul_broadcast_float32(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (2, 3, 4))
    row = graph.input("row", (4,))
    sums = graph.tensor((2, 3, 4), np.float32)
    y = graph.tensor((2, 3, 4), np.float32)
    graph.add("ADD", [x, row], [sums], schema.AddOptionsT(fusedActivationFunction=RELU))
    graph.add("MUL", [sums, graph.constant(weights.floats(2, 1, 1))], [y], schema.MulOptionsT(fusedActivationFunction=NONE))
    graph.output(y, "y")


def reshape_chain_float32(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (2, 3, 4))
    flat = graph.tensor((6, 4), np.float32)
    expanded = graph.tensor((6, 1, 4), np.float32)
    squeezed = graph.tensor((6, 4), np.float32)
    y = graph.tensor((4, 6), np.float32)
    graph.add("RESHAPE", [x, graph.constant(np.array([6, 4], np.int32))], [flat], schema.ReshapeOptionsT([6, 4]))
    graph.add("EXPAND_DIMS", [flat, graph.constant(np.array([1], np.int32))], [expanded], schema.ExpandDimsOptionsT())
    graph.add("SQUEEZE", [expanded], [squeezed], schema.SqueezeOptionsT([1]))
    graph.add("RESHAPE", [squeezed, graph.constant(np.array([-1, 6], np.int32))], [y], schema.ReshapeOptionsT([-1, 6]))
    graph.output(y, "y")


def concatenation_float32(graph: Graph, weights: Weights) -> None:
    parts = [graph.input(name, (2, depth, 3)) for name, depth in (("a", 1), ("b", 4))]
    y = graph.tensor((2, 7, 3), np.float32)
    options = schema.ConcatenationOptionsT(axis=-2)
    graph.add("CONCATENATION", [*parts, graph.constant(weights.floats(2, 2, 3))], [y], options)
    graph.output(y, "y")


def split_float32(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (2, 6))
    outputs = [graph.tensor((2, 2), np.float32) for _ in range(3)]
    graph.add("SPLIT", [graph.constant(np.array(1, np.int32)), x], outputs, schema.SplitOptionsT(numSplits=3))
    for index, output in enumerate(outputs):
        graph.output(output, f"part_{index}")


def softmax_float32(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (3, 11))
    y = graph.tensor((3, 11), np.float32)
    graph.add("SOFTMAX", [x], [y], schema.SoftmaxOptionsT(beta=1.5))
    graph.output(y, "y")


def mean_float32(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (2, 4, 5, 3))
    y = graph.tensor((2, 3), np.float32)
    graph.add("MEAN", [x, graph.constant(np.array([1, 2], np.int32))], [y], schema.ReducerOptionsT(keepDims=False))
    graph.output(y, "y")


def transpose_float32(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (2, 3, 4, 5))
    y = graph.tensor((2, 4, 5, 3), np.float32)
    graph.add("TRANSPOSE", [x, graph.constant(np.array([0, 2, 3, 1], np.int32))], [y], schema.TransposeOptionsT())
    graph.output(y, "y")


def pad_float32(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (1, 3, 4, 2))
    y = graph.tensor((1, 6, 5, 2), np.float32)
    paddings = np.array([[0, 0], [1, 2], [0, 1], [0, 0]], np.int32)
    graph.add("PAD", [x, graph.constant(paddings)], [y], schema.PadOptionsT())
    graph.output(y, "y")


def average_pool_2d_float32(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (1, 5, 7, 3))
    y = graph.tensor((1, 3, 4, 3), np.float32)
    options = schema.Pool2DOptionsT(padding=SAME, strideW=2, strideH=2, filterWidth=3, filterHeight=2)
    graph.add("AVERAGE_POOL_2D", [x], [y], options)
    graph.output(y, "y")


def fixtures() -> dict[str, Fixture]:
    return {build.__name__: single(build) for build in (
        conv_2d_float32, conv_2d_dilated_float32, depthwise_conv_2d_float32, fully_connected_float32,
        fully_connected_no_bias_float32, add_mul_broadcast_float32, reshape_chain_float32, concatenation_float32,
        split_float32, softmax_float32, mean_float32, transpose_float32, pad_float32, average_pool_2d_float32)}

"""Fixtures of int8 operators. Output scales are chosen so that random inputs use most of the int8 range."""

import math

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from builder import Affine, Graph
from fixture import NONE, RELU, SAME, VALID, Fixture, Weights, single

INPUT = Affine(0.05, 3)


def weighted(graph: Graph, weights: Weights, filters: np.ndarray, axis: int, terms: int) -> tuple[int, int, Affine]:
    """The filters with one scale for each index of `axis`, an int32 bias to match, and a fitting output scale for sums
    of `terms` products."""
    count = filters.shape[axis]
    scales = weights.scales(count)
    bias_scales = tuple(float(np.float32(INPUT.scale) * np.float32(scale)) for scale in scales)
    bias = weights.int32(4000, count)
    spread = math.sqrt(terms) * 74 * 74 * INPUT.scale * max(scales)
    return graph.constant(filters, Affine(scales, 0, axis)), graph.constant(bias, Affine(bias_scales)), Affine(3 * spread / 128, -5)


def conv_2d_int8(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (1, 6, 5, 4), np.int8, INPUT)
    filters, bias, result = weighted(graph, weights, weights.int8(9, 3, 3, 4), 0, 36)
    y = graph.tensor((1, 6, 5, 9), np.int8, result)
    graph.add("CONV_2D", [x, filters, bias], [y], schema.Conv2DOptionsT(padding=SAME, strideW=1, strideH=1), version=3)
    graph.output(y, "y")


def depthwise_conv_2d_int8(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (1, 7, 7, 17), np.int8, INPUT)
    filters, bias, result = weighted(graph, weights, weights.int8(1, 3, 3, 17), 3, 9)
    y = graph.tensor((1, 3, 3, 17), np.int8, result)
    options = schema.DepthwiseConv2DOptionsT(
        padding=VALID, strideW=2, strideH=2, depthMultiplier=1, fusedActivationFunction=RELU)
    graph.add("DEPTHWISE_CONV_2D", [x, filters, bias], [y], options, version=3)
    graph.output(y, "y")


def fully_connected_int8(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (3, 33), np.int8, INPUT)
    scale = 0.0125
    filters = graph.constant(weights.int8(10, 33), Affine(scale))
    bias = graph.constant(weights.int32(4000, 10), Affine(float(np.float32(INPUT.scale) * np.float32(scale))))
    y = graph.tensor((3, 10), np.int8, Affine(math.sqrt(33) * 74 * 74 * INPUT.scale * scale * 3 / 128, 11))
    graph.add("FULLY_CONNECTED", [x, filters, bias], [y], schema.FullyConnectedOptionsT(), version=4)
    graph.output(y, "y")


def fully_connected_per_channel_int8(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (2, 33), np.int8, INPUT)
    filters, bias, result = weighted(graph, weights, weights.int8(10, 33), 0, 33)
    y = graph.tensor((2, 10), np.int8, result)
    graph.add("FULLY_CONNECTED", [x, filters, bias], [y], schema.FullyConnectedOptionsT(), version=5)
    graph.output(y, "y")


def fully_connected_hybrid(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (2, 16))
    filters = graph.constant(weights.int8(6, 16), Affine(0.0125))
    y = graph.tensor((2, 6), np.float32)
    graph.add("FULLY_CONNECTED", [x, filters, graph.constant(weights.floats(6))], [y], schema.FullyConnectedOptionsT(), version=3)
    graph.output(y, "y")


def add_broadcast_int8(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (2, 3, 5), np.int8, INPUT)
    row = graph.input("row", (1, 1, 5), np.int8, Affine(0.021, -7))
    y = graph.tensor((2, 3, 5), np.int8, Affine(0.06, 2))
    graph.add("ADD", [x, row], [y], schema.AddOptionsT(fusedActivationFunction=NONE), version=2)
    graph.output(y, "y")


def mul_int8(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (2, 37), np.int8, INPUT)
    other = graph.input("other", (2, 37), np.int8, Affine(0.021, -7))
    y = graph.tensor((2, 37), np.int8, Affine(0.09, -1))
    graph.add("MUL", [x, other], [y], schema.MulOptionsT(fusedActivationFunction=NONE), version=2)
    graph.output(y, "y")


def softmax_int8(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (3, 10), np.int8, INPUT)
    y = graph.tensor((3, 10), np.int8, Affine(1 / 256, -128))
    graph.add("SOFTMAX", [x], [y], schema.SoftmaxOptionsT(beta=1.0), version=2)
    graph.output(y, "y")


def mean_int8(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (2, 4, 4, 5), np.int8, INPUT)
    y = graph.tensor((2, 1, 1, 5), np.int8, Affine(0.02, -4))
    graph.add("MEAN", [x, graph.constant(np.array([1, 2], np.int32))], [y], schema.ReducerOptionsT(keepDims=True), version=2)
    graph.output(y, "y")


def max_pool_2d_int8(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (1, 6, 6, 5), np.int8, INPUT)
    y = graph.tensor((1, 3, 3, 5), np.int8, INPUT)
    options = schema.Pool2DOptionsT(padding=VALID, strideW=2, strideH=2, filterWidth=2, filterHeight=2)
    graph.add("MAX_POOL_2D", [x], [y], options, version=2)
    graph.output(y, "y")


def quantize_dequantize(graph: Graph, weights: Weights) -> None:
    x = graph.input("x", (4, 9))
    quantized = graph.tensor((4, 9), np.int8, Affine(0.03, 5))
    y = graph.tensor((4, 9), np.float32)
    graph.add("QUANTIZE", [x], [quantized], schema.QuantizeOptionsT())
    graph.add("DEQUANTIZE", [quantized], [y], schema.DequantizeOptionsT(), version=2)
    graph.output(quantized, "q")
    graph.output(y, "y")


def fixtures() -> dict[str, Fixture]:
    return {build.__name__: single(build) for build in (
        conv_2d_int8, depthwise_conv_2d_int8, fully_connected_int8, fully_connected_per_channel_int8,
        fully_connected_hybrid, add_broadcast_int8, mul_int8, softmax_int8, mean_int8, max_pool_2d_int8,
        quantize_dequantize)}

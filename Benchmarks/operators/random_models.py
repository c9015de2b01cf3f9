#!/usr/bin/env python3
"""Models of one operator each with random shapes, options and weights, of the sizes that networks have, for Benchmarks/operators/run --as-is.

A name says what is in a model: operator, kind (f float32, b int8, h int16 activations with int8 weights, d float32 with int8 weights) and shapes.
"""
import argparse
import random
from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

TYPES = {"f": "FLOAT32", "b": "INT8", "h": "INT16", "i": "INT32", "l": "INT64"}
CHANNELS = [3, 4, 8, 12, 16, 20, 24, 30, 32, 40, 48, 64, 72, 80, 96, 128, 160, 192, 240, 256, 320, 384, 512]
SIZES = [7, 8, 10, 14, 16, 20, 28, 32, 40, 56, 64, 96, 112]
SAME, VALID = 0, 1


class Builder:
    """A model of one operator."""

    def __init__(self, seed):
        self.choice = random.Random(seed)
        self.numbers = np.random.default_rng(seed)
        self.buffers = [schema.BufferT()]
        self.tensors, self.inputs, self.outputs = [], [], []

    def tensor(self, kind, shape, values=None, scale=None, zero_point=0, axis=0):
        tensor = schema.TensorT()
        tensor.shape, tensor.type, tensor.name = list(shape), getattr(schema.TensorType, TYPES[kind]), f"t{len(self.tensors)}"
        if values is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
            self.buffers.append(buffer)
            tensor.buffer = len(self.buffers) - 1
        if scale is not None:
            quantization = schema.QuantizationParametersT()
            quantization.scale = [float(value) for value in np.atleast_1d(scale)]
            quantization.zeroPoint = [zero_point] * len(quantization.scale)
            quantization.quantizedDimension = axis
            tensor.quantization = quantization
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def quantization(self, kind, scale=0.02):
        return {"b": {"scale": scale, "zero_point": self.choice.choice([-128, 0, 3])}, "h": {"scale": scale}}.get(kind, {})

    def input(self, kind, shape, **quantization):
        self.inputs.append(self.tensor(kind, shape, **quantization))
        return self.inputs[-1]

    def output(self, kind, shape, **quantization):
        self.outputs.append(self.tensor(kind, shape, **quantization))
        return self.outputs[-1]

    def integers(self, values):
        return self.tensor("i", np.shape(values), np.array(values, np.int32))

    def weights(self, kind, shape, axis):
        """Filter and bias, with an output channel along the axis."""
        count = shape[axis]
        if kind == "f":
            return [self.tensor("f", of, (self.numbers.standard_normal(of) * 0.1).astype(np.float32)) for of in (shape, [count])]
        scales = self.numbers.uniform(0.001, 0.01, count)
        weights = self.tensor("b", shape, self.numbers.integers(-127, 128, shape).astype(np.int8), scale=scales, axis=axis)
        if kind == "d":
            return [weights, self.tensor("f", [count], self.numbers.standard_normal(count).astype(np.float32))]
        bias = self.numbers.integers(-1000, 1000, count)
        wide = kind == "h"
        return [weights, self.tensor("l" if wide else "i", [count], bias.astype(np.int64 if wide else np.int32), scale=scales * 0.02)]

    def finish(self, name, operands, options=None, version=1):
        code, operator, graph, model = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), version
        operator.opcodeIndex, operator.inputs, operator.outputs = 0, operands, self.outputs
        if options is not None:
            operator.builtinOptions = options
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__[:-1])
        graph.tensors, graph.operators, graph.inputs, graph.outputs, graph.name = self.tensors, [operator], self.inputs, self.outputs, "main"
        model.version, model.operatorCodes, model.subgraphs, model.buffers, model.description = 3, [code], [graph], self.buffers, name
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def activation_kind(kind):
    return "f" if kind == "d" else kind


def version_of(kind, *versions):
    """The version for float32, int8 and int16."""
    return versions["fbh".index(activation_kind(kind))]


def slid(size, kernel, stride, padding):
    return -(-size // stride) if padding == SAME else -(-(size - kernel + 1) // stride)


def image(choice, least=4000):
    while True:
        side = choice.choice([1, *SIZES])
        shape = [1, side, choice.choice([side, side, side + 1]), choice.choice([*CHANNELS, 100, 197])]
        if least <= np.prod(shape) <= 8_000_000:
            return shape


def convolution(model, kind):
    choice = model.choice
    while True:
        kernel = choice.choice([(1, 1)] * 3 + [(3, 3)] * 3 + [(5, 5), (7, 7), (1, 3), (3, 1)])
        stride, padding = choice.choice([1, 1, 2]), choice.choice([SAME, SAME, VALID])
        height, deep, wide = choice.choice(SIZES), choice.choice(CHANNELS), choice.choice(CHANNELS)
        width = choice.choice([height, height, height // 2])
        products = height * width * kernel[0] * kernel[1] * deep * wide / stride**2
        if 1e5 < products < 1.5e8 and width >= kernel[1]:
            break
    options = schema.Conv2DOptionsT()
    options.padding, options.strideH, options.strideW, options.dilationHFactor, options.dilationWFactor = padding, stride, stride, 1, 1
    options.fusedActivationFunction = choice.choice([0, 1, 3])
    own = activation_kind(kind)
    operands = [model.input(own, [1, height, width, deep], **model.quantization(own)), *model.weights(kind, [wide, *kernel, deep], 0)]
    model.output(own, [1, slid(height, kernel[0], stride, padding), slid(width, kernel[1], stride, padding), wide], **model.quantization(own, 0.05))
    return f"{height}x{width}x{deep}to{wide}-{kernel[0]}x{kernel[1]}s{stride}", model.finish("CONV_2D", operands, options, 1 if kind == "f" else 3)


def depthwise(model, kind):
    choice = model.choice
    kernel, stride, padding = choice.choice([3, 3, 5, 7]), choice.choice([1, 1, 2]), choice.choice([SAME, SAME, VALID])
    size, channels = choice.choice(SIZES[1:]), choice.choice(CHANNELS)
    multiplier = choice.choice([1] * 8 + [2]) if channels > 4 else choice.choice([1, 8])
    options = schema.DepthwiseConv2DOptionsT()
    options.padding, options.strideH, options.strideW, options.depthMultiplier = padding, stride, stride, multiplier
    options.dilationHFactor, options.dilationWFactor, options.fusedActivationFunction = 1, 1, choice.choice([0, 1, 3])
    own, wide = activation_kind(kind), channels * multiplier
    operands = [model.input(own, [1, size, size, channels], **model.quantization(own)), *model.weights(kind, [1, kernel, kernel, wide], 3)]
    model.output(own, [1, *[slid(size, kernel, stride, padding)] * 2, wide], **model.quantization(own, 0.05))
    return f"{size}x{size}x{channels}m{multiplier}-{kernel}s{stride}", model.finish("DEPTHWISE_CONV_2D", operands, options, 1 if kind == "f" else 3)


def fully_connected(model, kind):
    choice = model.choice
    while True:
        rows = choice.choice([1, 1, 1, 2, 7, 16, 49, 64, 128, 197])
        depth, columns = choice.choice([10, 16, 32, 64, 128, 192, 256, 512, 768, 1280]), choice.choice([2, 10, 32, 64, 128, 192, 256, 512, 768, 1000])
        if 5e4 < rows * depth * columns < 1e8:
            break
    options = schema.FullyConnectedOptionsT()
    options.fusedActivationFunction = choice.choice([0, 1])
    own = activation_kind(kind)
    operands = [model.input(own, [rows, depth], **model.quantization(own)), *model.weights(kind, [columns, depth], 0)]
    model.output(own, [rows, columns], **model.quantization(own, 0.05))
    return f"{rows}x{depth}to{columns}", model.finish("FULLY_CONNECTED", operands, options, {"f": 1, "b": 5, "h": 11, "d": 9}[kind])


def batch_matmul(model, kind):
    choice = model.choice
    if kind not in "fb":
        return None
    while True:
        batch = choice.choice([1, 2, 4, 8, 12])
        rows, depth, columns = (choice.choice([1, 8, 16, 32, 49, 64, 96, 128, 197]) for _ in range(3))
        if 2e4 < batch * rows * depth * columns < 1e8:
            break
    options = schema.BatchMatMulOptionsT()
    options.adjX, options.adjY = False, choice.random() < 0.5
    quantization = {"scale": 0.02} if kind == "b" else {}
    right = [1, batch, columns, depth] if options.adjY else [1, batch, depth, columns]
    operands = [model.input(kind, [1, batch, rows, depth], **quantization), model.input(kind, right, **quantization)]
    model.output(kind, [1, batch, rows, columns], **model.quantization(kind, 0.05))
    return f"{batch}x{rows}x{depth}x{columns}{'t' if options.adjY else ''}", model.finish("BATCH_MATMUL", operands, options, 2 if kind == "b" else 1)


def pooling(model, kind):
    choice = model.choice
    if kind == "d":
        return None
    shape, kernel, padding, averages = image(choice), choice.choice([2, 2, 3, 5]), choice.choice([SAME, VALID]), choice.random() < 0.5
    if shape[1] < kernel:
        return None
    options = schema.Pool2DOptionsT()
    options.filterHeight = options.filterWidth = kernel
    options.strideH = options.strideW = stride = choice.choice([1, 2, kernel])
    options.padding = padding
    quantization = model.quantization(kind)
    operands = [model.input(kind, shape, **quantization)]
    model.output(kind, [1, slid(shape[1], kernel, stride, padding), slid(shape[2], kernel, stride, padding), shape[3]], **quantization)
    name = "AVERAGE_POOL_2D" if averages else "MAX_POOL_2D"
    return f"{name.split('_')[0].lower()}-{'x'.join(map(str, shape))}-{kernel}s{stride}", model.finish(name, operands, options, version_of(kind, 1, 2, 3))


def reduction(model, kind):
    choice = model.choice
    name = choice.choice(["MEAN", "MEAN", *(["SUM"] if kind == "f" else []), *(["REDUCE_MAX"] if kind in "fb" else [])])
    if kind == "d":
        return None
    shape, axes = image(choice), choice.choice([[1, 2], [1, 2], [3], [1], [2]])
    options = schema.ReducerOptionsT()
    options.keepDims = choice.random() < 0.5
    kept = [1 if axis in axes else size for axis, size in enumerate(shape) if options.keepDims or axis not in axes]
    quantization = model.quantization(kind)
    operands = [model.input(kind, shape, **quantization), model.integers(axes)]
    model.output(kind, kept, **quantization)
    return f"{name.lower()}-{'x'.join(map(str, shape))}-{''.join(map(str, axes))}", model.finish(name, operands, options, version_of(kind, 1, 2, 3))


def function(model, kind):
    choice = model.choice
    name = choice.choice({"f": ["SOFTMAX", "LOGISTIC", "TANH", "HARD_SWISH", "GELU", "EXP", "RSQRT", "RELU", "LEAKY_RELU", "LOG_SOFTMAX"],
                          "b": ["SOFTMAX", "LOGISTIC", "TANH", "LEAKY_RELU", "LOG_SOFTMAX"], "h": ["SOFTMAX"]}.get(kind, [None]))
    if name is None:
        return None
    shape = choice.choice([image(choice), [choice.choice([1, 12, 128]), choice.choice([50, 64, 197, 1000])]])
    names = {"SOFTMAX": "Softmax", "HARD_SWISH": "HardSwish", "GELU": "Gelu", "EXP": "Exp", "LEAKY_RELU": "LeakyRelu", "LOG_SOFTMAX": "LogSoftmax"}
    options = getattr(schema, names[name] + "OptionsT")() if name in names else None
    if name == "SOFTMAX":
        options.beta = 1.0
    if name == "LEAKY_RELU":
        options.alpha = 0.1
    results = {("SOFTMAX", "b"): (1 / 256, -128), ("SOFTMAX", "h"): (1 / 32768, 0), ("LOGISTIC", "b"): (1 / 256, -128), ("TANH", "b"): (1 / 128, 0),
               ("LOG_SOFTMAX", "b"): (1 / 16, 127)}
    scale, zero_point = results.get((name, kind), (0.05, 0))
    operands = [model.input(kind, shape, **model.quantization(kind))]
    model.output(kind, shape, **({} if kind == "f" else {"scale": scale, "zero_point": zero_point}))
    return f"{name.lower()}-{'x'.join(map(str, shape))}", model.finish(name, operands, options, version_of(kind, 1, 2, 3))


def arithmetic(model, kind):
    choice = model.choice
    name = choice.choice({"f": ["ADD", "MUL", "SUB", "DIV", "MAXIMUM", "PRELU"], "b": ["ADD", "MUL", "SUB", "MAXIMUM"], "h": ["ADD", "MUL"]}.get(kind, [None]))
    if name is None:
        return None
    shape = image(choice)
    other = choice.choice([shape, [1, 1, 1, shape[3]], [1, shape[1], shape[2], 1], [1, 1, shape[2], shape[3]]])
    if name == "PRELU":
        other, options = [1, 1, shape[3]], None
    else:
        options = getattr(schema, ("MaximumMinimum" if name == "MAXIMUM" else name.capitalize()) + "OptionsT")()
    quantization = model.quantization(kind)
    operands = [model.input(kind, of, **quantization) for of in (shape, other)]
    model.output(kind, shape, **(quantization if name == "MAXIMUM" else model.quantization(kind, 0.05)))
    versions = {"ADD": (1, 2, 3), "SUB": (1, 2, 4), "MUL": (1, 2, 4)}.get(name, (1, 2, 2))
    return f"{name.lower()}-{'x'.join(map(str, shape))}-{'x'.join(map(str, other))}", model.finish(name, operands, options, version_of(kind, *versions))


KINDS = [convolution] * 4 + [depthwise] * 2 + [fully_connected] * 3 + [batch_matmul, pooling, pooling, reduction, reduction, function, function, arithmetic, arithmetic]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", default=200, type=int)
    parser.add_argument("--seed", default=1, type=int, help="the same seed gives the same models")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    choice = random.Random(options.seed)
    count = 0
    while count < options.count:
        make, kind = choice.choice(KINDS), choice.choice("fffbbbdh")
        made = make(Builder(choice.randrange(1 << 40)), kind)
        if made:
            name, model = made
            (options.folder / f"{count:04}-{make.__name__}-{kind}-{name}.tflite").write_bytes(model)
            count += 1


if __name__ == "__main__":
    main()

"""Makes `seeds/`: one small model for each operator that the models of Tests/Fixtures do not show, for the fuzz target to start from.

Run with the environment of Tests/Fixtures/README.md: `.venv/bin/python Fuzz/make_seeds.py`. Writes the same bytes each time.
"""

import os
import sys

import numpy as np
from ai_edge_litert import schema_py_generated as schema

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(FOLDER, "..", "Tests", "Fixtures"))

import builder  # noqa: E402

for dtype, kind in {
    np.float16: "FLOAT16", np.float64: "FLOAT64", np.uint32: "UINT32", np.uint16: "UINT16", np.uint64: "UINT64",
    np.complex64: "COMPLEX64",
}.items():
    builder.TYPES[np.dtype(dtype)] = getattr(schema.TensorType, kind)

F, I, L, B, Q, H, U, C = np.float32, np.int32, np.int64, np.bool_, np.int8, np.int16, np.uint8, np.complex64


def i32(*values):
    return np.array(values, I)


def floats(*shape):
    return (np.arange(int(np.prod(shape)), dtype=F) % 7 / 4 - 0.75).reshape(shape)


def options(name, /, **fields):
    table = getattr(schema, name + "OptionsT")()
    for key, value in fields.items():
        if not hasattr(table, key):
            raise ValueError(f"{name}Options has no {key}")
        setattr(table, key, value)
    return table


def add(graph, name, inputs, outputs, table=None, version=1):
    """An operator whose operands are constants (arrays), inputs ((shape, type), with a quantisation if there is a third), or left out (None)."""
    indices = []
    for position, operand in enumerate(inputs):
        if operand is None:
            indices.append(-1)
        elif isinstance(operand, np.ndarray):
            indices.append(graph.constant(operand))
        elif isinstance(operand, int):
            indices.append(operand)
        else:
            indices.append(graph.input(f"in{position}", *operand))
    results = []
    for position, operand in enumerate(outputs):
        results.append(graph.tensor(*operand))
        graph.output(results[-1], f"out{position}")
    second = table is not None and hasattr(schema.BuiltinOptions2, type(table).__name__.removesuffix("T"))
    graph.add(name, indices, results, None if second else table, version)
    if second:
        operation = graph.table.operators[-1]
        operation.builtinOptions2Type = getattr(schema.BuiltinOptions2, type(table).__name__.removesuffix("T"))
        operation.builtinOptions2 = table
    return results


def single(name, inputs, outputs, table=None, version=1):
    model = builder.Model()
    add(model.graph(), name, inputs, outputs, table, version)
    return model


def quantized(shape, scale=0.05, zero_point=3, dtype=Q):
    return (shape, dtype, builder.Affine(scale, zero_point))


def variable(graph, shape, dtype=F):
    index = graph.tensor(shape, dtype)
    graph.table.tensors[index].isVariable = True
    return index


def lstm_model(sequence):
    """A basic LSTM cell over two steps, with variables for its state."""
    model = builder.Model()
    graph = model.graph()
    cells, features = 3, 2
    x = graph.input("x", (2, 1, features) if sequence else (1, features), F)
    operands = [x] + [graph.constant(floats(cells, features)) for _ in range(4)]
    operands += [graph.constant(floats(cells, cells)) for _ in range(4)] + [-1] * 3
    operands += [graph.constant(floats(cells)) for _ in range(4)] + [-1] * 2
    operands += [variable(graph, (1, cells)), variable(graph, (1, cells))] + [-1] * 4
    y = graph.tensor((2, 1, cells) if sequence else (1, cells), F)
    table = options("UnidirectionalSequenceLSTM", fusedActivationFunction=4, timeMajor=True) if sequence else options(
        "LSTM", fusedActivationFunction=4)
    graph.add("UNIDIRECTIONAL_SEQUENCE_LSTM" if sequence else "LSTM", operands, [y], table)
    graph.output(y, "y")
    return model


def rnn_model(sequence):
    model = builder.Model()
    graph = model.graph()
    x = graph.input("x", (2, 3, 2) if sequence else (2, 2), F)
    operands = [x, graph.constant(floats(4, 2)), graph.constant(floats(4, 4)), graph.constant(floats(4)),
                variable(graph, (2, 4))]
    y = graph.tensor((2, 3, 4) if sequence else (2, 4), F)
    table = options("SequenceRNN", fusedActivationFunction=1) if sequence else options("RNN", fusedActivationFunction=1)
    graph.add("UNIDIRECTIONAL_SEQUENCE_RNN" if sequence else "RNN", operands, [y], table)
    graph.output(y, "y")
    return model


def svdf_model():
    model = builder.Model()
    graph = model.graph()
    x = graph.input("x", (1, 3), F)
    y = graph.tensor((1, 4), F)
    graph.add("SVDF", [x, graph.constant(floats(8, 3)), graph.constant(floats(8, 5)), graph.constant(floats(4)),
                       variable(graph, (1, 40))], [y], options("SVDF", rank=2))
    graph.output(y, "y")
    return model


def control_model(name):
    """IF or WHILE with two subgraphs of one operator each."""
    model = builder.Model()
    main = model.graph("main")
    if name == "IF":
        add(main, name, [((), B), ((4,), F)], [((4,), F)], options("If", thenSubgraphIndex=1, elseSubgraphIndex=2))
        add(model.graph("then"), "ADD", [((4,), F), floats(4)], [((4,), F)], options("Add"))
        add(model.graph("else"), "MUL", [((4,), F), floats(4)], [((4,), F)], options("Mul"))
    elif name == "WHILE":
        add(main, name, [((1,), I), ((4,), F)], [((1,), I), ((4,), F)],
            options("While", condSubgraphIndex=1, bodySubgraphIndex=2))
        condition, body = model.graph("condition"), model.graph("body")
        count = condition.input("count", (1,), I)
        condition.input("value", (4,), F)
        add(condition, "LESS", [count, i32(3)], [((1,), B)], options("Less"))
        add(body, "ADD", [((1,), I), i32(1)], [((1,), I)], options("Add"))
        add(body, "MUL", [((4,), F), floats(4)], [((4,), F)], options("Mul"))
    elif name == "STABLEHLO_CASE":
        add(main, name, [((), I), ((4,), F)], [((4,), F)], options("StablehloCase", branchSubgraphIndices=[1, 2]))
        add(model.graph("zero"), "NEG", [((4,), F)], [((4,), F)], options("Neg"))
        add(model.graph("one"), "ABS", [((4,), F)], [((4,), F)], options("Abs"))
    elif name == "CALL_ONCE":
        add(main, "CALL_ONCE", [], [], options("CallOnce", initSubgraphIndex=1))
        add(main, "NEG", [((4,), F)], [((4,), F)], options("Neg"))
        add(model.graph("initial"), "ABS", [((4,), F)], [((4,), F)], options("Abs"))
    else:
        add(main, name, [((4,), F)], [((4,), F)],
            options("StableHLOComposite", name="odml.part", decompositionSubgraphIndex=1, version=1))
        add(model.graph("part"), "NEG", [((4,), F)], [((4,), F)], options("Neg"))
    return model


def variable_model():
    """VAR_HANDLE, ASSIGN_VARIABLE, READ_VARIABLE."""
    model = builder.Model()
    graph = model.graph()
    handle = graph.tensor((1,), F)
    graph.table.tensors[handle].type = schema.TensorType.RESOURCE
    graph.add("VAR_HANDLE", [], [handle], options("VarHandle", container="c", sharedName="v"))
    graph.add("ASSIGN_VARIABLE", [handle, graph.input("x", (2, 2), F)], [], options("AssignVariable"))
    y = graph.tensor((2, 2), F)
    graph.add("READ_VARIABLE", [handle], [y], options("ReadVariable"))
    graph.output(y, "y")
    return model


def sequence_model():
    """A chain of the elementwise operators over float32, and one of reductions."""
    model = builder.Model()
    graph = model.graph()
    last = graph.input("x", (2, 5), F)
    for name in ("ABS", "NEG", "EXP", "LOG", "SQRT", "RSQRT", "SQUARE", "SIN", "COS", "TANH", "LOGISTIC", "FLOOR", "CEIL", "ROUND", "SIGN",
                 "ELU", "HARD_SWISH", "RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "LEAKY_RELU", "GELU"):
        following = graph.tensor((2, 5), F)
        graph.add(name, [last], [following])
        last = following
    graph.output(last, "y")
    return model


def seeds():
    result = {}

    def put(name, inputs, outputs, table=None, version=1, variant=""):
        key = name.lower() + variant
        if key in result:
            raise ValueError(key)
        result[key] = single(name, inputs, outputs, table, version)

    square, row = ((2, 3), F), ((3,), F)
    image = ((1, 6, 6, 2), F)
    for name in ("MAXIMUM", "MINIMUM"):
        put(name, [square, row], [square], options("MaximumMinimum"))
    for name, table in (("SUB", "Sub"), ("DIV", "Div"), ("POW", "Pow"), ("FLOOR_DIV", "FloorDiv"), ("FLOOR_MOD", "FloorMod"),
                        ("SQUARED_DIFFERENCE", "SquaredDifference"), ("ATAN2", "ATan2")):
        put(name, [square, row], [square], options(table))
    for name in ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"):
        put(name, [quantized((2, 3)), quantized((1, 3), 0.1, -4)], [quantized((2, 3), 0.2, 0)], variant="_int8")
    for name in ("ADD", "SUB", "MUL", "DIV", "FLOOR_DIV", "FLOOR_MOD", "POW"):
        put(name, [((2, 3), I), ((2, 3), I)], [((2, 3), I)], variant="_int32")
    put("MUL", [((2, 3), C), ((2, 3), C)], [((2, 3), C)], variant="_complex64")
    put("ADD", [quantized((2, 9), 0.001, 0, H), quantized((2, 9), 0.002, 0, H)], [quantized((2, 9), 0.003, 0, H)], variant="_int16")
    for name in ("LESS", "GREATER", "LESS_EQUAL", "GREATER_EQUAL", "EQUAL", "NOT_EQUAL"):
        put(name, [square, row], [((2, 3), B)])
    put("EQUAL", [quantized((2, 3)), quantized((2, 3), 0.1, -4)], [((2, 3), B)], variant="_int8")
    for name in ("LOGICAL_AND", "LOGICAL_OR"):
        put(name, [((2, 3), B), ((2, 3), B)], [((2, 3), B)])
    put("LOGICAL_NOT", [((2, 3), B)], [((2, 3), B)])
    put("BITWISE_XOR", [((2, 3), I), ((3,), I)], [((2, 3), I)])
    put("RIGHT_SHIFT", [((2, 3), I), ((3,), I)], [((2, 3), I)])
    result["elementwise_chain"] = sequence_model()
    for name in ("LOGISTIC", "TANH", "HARD_SWISH", "LEAKY_RELU", "RELU", "RELU6", "ABS", "NEG", "EXP", "LOG", "RSQRT", "GELU", "ELU"):
        table = options("LeakyRelu", alpha=0.1) if name == "LEAKY_RELU" else None
        put(name, [quantized((2, 9))], [quantized((2, 9), 0.00390625, -128)], table, variant="_int8")
    put("PRELU", [image, floats(1, 1, 2)], [image])
    put("PRELU", [quantized((1, 2, 2, 3)), quantized((1, 1, 3))], [quantized((1, 2, 2, 3))], variant="_int8")
    for name in ("SUM", "MEAN", "REDUCE_PROD", "REDUCE_MAX", "REDUCE_MIN"):
        put(name, [((2, 3, 4), F), i32(1, -1)], [((2,), F)], options("Reducer", keepDims=False))
    for name in ("SUM", "REDUCE_MAX", "REDUCE_PROD"):
        put(name, [quantized((2, 3, 4)), i32(1)], [quantized((2, 1, 4))], options("Reducer", keepDims=True), variant="_int8")
    for name in ("REDUCE_ANY", "REDUCE_ALL"):
        put(name, [((2, 3), B), i32(0)], [((3,), B)], options("Reducer"))
    for name in ("ARG_MAX", "ARG_MIN"):
        put(name, [square, i32(1)], [((2,), I)], options("ArgMax" if name == "ARG_MAX" else "ArgMin", outputType=2))
    put("CUMSUM", [square, i32(1)], [square], options("Cumsum", exclusive=True))
    put("TOPK_V2", [((2, 6), F), i32(3)], [((2, 3), F), ((2, 3), I)])
    put("UNIQUE", [((7,), I)], [((7,), I), ((7,), I)], options("Unique"))
    put("WHERE", [((2, 4), B)], [((8, 2), L)])
    put("BUCKETIZE", [square], [((2, 3), I)], options("Bucketize", boundaries=[-1.0, 0.0, 1.5]))
    put("L2_NORMALIZATION", [((2, 5), F)], [((2, 5), F)], options("L2Norm"))
    put("L2_NORMALIZATION", [quantized((2, 5))], [quantized((2, 5), 0.0078125, 0)], options("L2Norm"), variant="_int8")
    put("LOCAL_RESPONSE_NORMALIZATION", [image], [image], options("LocalResponseNormalization", radius=1, bias=1.0, alpha=0.5, beta=0.5))
    put("LOG_SOFTMAX", [square], [square])
    put("LOG_SOFTMAX", [quantized((2, 9))], [quantized((2, 9), 0.0625, 127)], variant="_int8")
    put("SOFTMAX", [quantized((2, 9), 0.001, 0, H)], [quantized((2, 9), 1 / 32768, 0, H)], options("Softmax", beta=1.0), variant="_int16")
    put("BATCH_MATMUL", [((2, 3, 4), F), ((2, 4, 5), F)], [((2, 3, 5), F)], options("BatchMatMul"))
    put("BATCH_MATMUL", [quantized((2, 3, 4)), quantized((2, 4, 5))], [quantized((2, 3, 5))], options("BatchMatMul"), variant="_int8")
    put("TRANSPOSE_CONV", [i32(1, 5, 5, 2), floats(2, 3, 3, 2), ((1, 3, 3, 2), F)], [((1, 5, 5, 2), F)],
        options("TransposeConv", padding=1, strideW=2, strideH=2))
    put("CONV_3D", [((1, 4, 4, 4, 2), F), floats(2, 2, 2, 2, 3)], [((1, 4, 4, 4, 3), F)],
        options("Conv3D", padding=0, strideD=1, strideW=1, strideH=1))
    put("CONV_3D_TRANSPOSE", [i32(1, 4, 4, 4, 3), floats(2, 2, 2, 3, 2), ((1, 4, 4, 4, 2), F)], [((1, 4, 4, 4, 3), F)],
        options("Conv3D", padding=0, strideD=1, strideW=1, strideH=1))
    put("L2_POOL_2D", [image], [((1, 3, 3, 2), F)],
        options("Pool2D", padding=0, strideW=2, strideH=2, filterWidth=2, filterHeight=2))
    put("MAX_POOL_2D", [image], [((1, 3, 3, 2), F)],
        options("Pool2D", padding=0, strideW=2, strideH=2, filterWidth=3, filterHeight=3))
    for name, table in (("RESIZE_BILINEAR", "ResizeBilinear"), ("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighbor")):
        put(name, [image, i32(4, 9)], [((1, 4, 9, 2), F)], options(table, halfPixelCenters=True))
        put(name, [quantized((1, 6, 6, 2)), i32(4, 9)], [quantized((1, 4, 9, 2))], options(table, alignCorners=True), variant="_int8")
    put("DEPTH_TO_SPACE", [((1, 2, 2, 8), F)], [((1, 4, 4, 2), F)], options("DepthToSpace", blockSize=2))
    put("SPACE_TO_DEPTH", [((1, 4, 4, 2), F)], [((1, 2, 2, 8), F)], options("SpaceToDepth", blockSize=2))
    put("SPACE_TO_BATCH_ND", [((1, 4, 4, 2), F), i32(2, 2), np.array([[0, 0], [0, 0]], I)], [((4, 2, 2, 2), F)])
    put("BATCH_TO_SPACE_ND", [((4, 2, 2, 2), F), i32(2, 2), np.array([[0, 0], [0, 0]], I)], [((1, 4, 4, 2), F)])
    put("PADV2", [square, np.array([[1, 0], [2, 1]], I), np.array([0.5], F)], [((3, 6), F)])
    put("MIRROR_PAD", [square, np.array([[1, 0], [2, 1]], I)], [((3, 6), F)], options("MirrorPad", mode=1))
    put("SLICE", [((3, 4, 5), F), i32(1, 0, 2), i32(2, -1, 3)], [((2, 4, 3), F)])
    put("SLICE", [((3, 4, 5), F), ((3,), I), ((3,), I)], [((2, 4, 3), F)], variant="_dynamic")
    put("STRIDED_SLICE", [((3, 4, 5), F), i32(0, 1, -1), i32(3, 4, 0), i32(1, 2, -1)], [((3, 2, 4), F)],
        options("StridedSlice", beginMask=1, endMask=2))
    put("SPLIT_V", [((6, 2), F), i32(1, 2, -1), np.array(0, I)], [((1, 2), F), ((2, 2), F), ((3, 2), F)], options("SplitV", numSplits=3))
    put("PACK", [square, square], [((2, 2, 3), F)], options("Pack", valuesCount=2, axis=1))
    put("UNPACK", [square], [row, row], options("Unpack", num=2))
    put("TILE", [square, i32(2, 3)], [((4, 9), F)])
    put("REVERSE_V2", [square, i32(1)], [square])
    put("REVERSE_SEQUENCE", [((3, 4), F), i32(1, 4, 2)], [((3, 4), F)], options("ReverseSequence", seqDim=1, batchDim=0))
    put("GATHER_ND", [((3, 4, 2), F), np.array([[0, 1], [2, 3]], I)], [((2, 2), F)])
    put("SCATTER_ND", [np.array([[1], [4]], I), ((2, 3), F), i32(6, 3)], [((6, 3), F)])
    put("SPARSE_TO_DENSE", [np.array([[0, 1], [2, 0]], I), i32(3, 3), np.array([1, 2], F), np.array(0, F)], [((3, 3), F)])
    put("ONE_HOT", [((4,), I), np.array(5, I), np.array(1, F), np.array(0, F)], [((4, 5), F)], options("OneHot", axis=-1))
    put("SELECT", [((2, 3), B), square, square], [square])
    put("SELECT_V2", [((2, 1), B), square, row], [square])
    put("FILL", [i32(2, 3), np.array(1.5, F)], [square])
    put("FILL", [((2,), I), np.array(1.5, F)], [square], variant="_dynamic")
    put("RANGE", [np.array(1, I), np.array(9, I), np.array(2, I)], [((4,), I)])
    put("RANGE", [((), F), ((), F), ((), F)], [((4,), F)], variant="_dynamic")
    put("SHAPE", [square], [((2,), I)], options("Shape", outType=2))
    put("RANK", [square], [((), I)])
    put("ZEROS_LIKE", [square], [square])
    put("CAST", [square], [((2, 3), I)], options("Cast", inDataType=0, outDataType=2))
    put("BITCAST", [square], [((2, 3, 4), U)])
    put("BROADCAST_TO", [row, i32(2, 3)], [square])
    put("BROADCAST_ARGS", [i32(2, 1), i32(1, 3)], [((2,), I)])
    put("DYNAMIC_UPDATE_SLICE", [((4, 4), F), square, ((2,), I)], [((4, 4), F)])
    put("ADD_N", [square, square, square], [square])
    put("MATRIX_DIAG", [row], [((3, 3), F)])
    put("MATRIX_SET_DIAG", [((3, 3), F), row], [((3, 3), F)])
    put("FAKE_QUANT", [square], [square], options("FakeQuant", min=-1.0, max=1.0, numBits=8))
    put("QUANTIZE", [square], [quantized((2, 3))])
    put("QUANTIZE", [quantized((2, 3))], [quantized((2, 3), 0.1, 0)], variant="_again")
    put("SEGMENT_SUM", [((4, 2), F), i32(0, 0, 2, 3)], [((4, 2), F)])
    for name in ("SUM", "PROD", "MAX", "MIN"):
        put("UNSORTED_SEGMENT_" + name, [((4, 2), F), ((4,), I), np.array(3, I)], [((3, 2), F)])
    put("NON_MAX_SUPPRESSION_V4", [((5, 4), F), ((5,), F), np.array(3, I), np.array(0.5, F), np.array(0, F)], [((3,), I), ((), I)])
    put("NON_MAX_SUPPRESSION_V5", [((5, 4), F), ((5,), F), np.array(3, I), np.array(0.5, F), np.array(0, F), np.array(0.5, F)],
        [((3,), I), ((3,), F), ((), I)])
    put("RFFT2D", [((4, 8), F), i32(4, 8)], [((4, 5), C)])
    for name in ("REAL", "IMAG", "COMPLEX_ABS"):
        put(name, [((2, 3), C)], [square])
    for name in ("RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL"):
        put(name, [i32(2, 3)], [square], options("Random", seed=1, seed2=2))
    put("MULTINOMIAL", [square, np.array(4, I)], [((2, 4), I)], options("Random", seed=1))
    put("EMBEDDING_LOOKUP_SPARSE", [i32(0, 2), np.array([[0, 0], [1, 0]], I), i32(2, 1), floats(2), floats(4, 3)], [((2, 3), F)],
        options("EmbeddingLookupSparse"))
    put("HASHTABLE_LOOKUP", [i32(1, 5), i32(1, 2, 5), floats(3, 2)], [((2, 2), F), ((2,), U)])
    put("LSH_PROJECTION", [floats(2, 3), i32(1, 2, 3), floats(3)], [((6,), I)], options("LSHProjection", type=2))
    put("DILATE", [square, i32(2, 1), np.array(0, F)], [((3, 3), F)])
    put("REDUCE_WINDOW", [((4, 4), F), np.array(0, F), np.array([2, 2], L), np.array([1, 1], L), np.array([1, 1], L), np.array([1, 1], L)],
        [((3, 3), F)], options("ReduceWindow", reduceFunction=1))
    put("DENSIFY", [floats(2, 3)], [square])
    result["rnn"] = rnn_model(False)
    result["unidirectional_sequence_rnn"] = rnn_model(True)
    result["lstm"] = lstm_model(False)
    result["unidirectional_sequence_lstm"] = lstm_model(True)
    result["svdf"] = svdf_model()
    result["variables"] = variable_model()
    for name in ("IF", "WHILE", "STABLEHLO_CASE", "CALL_ONCE", "STABLEHLO_COMPOSITE"):
        result[name.lower()] = control_model(name)
    for name in ("ADD", "MULTIPLY", "MAXIMUM", "MINIMUM"):
        put("STABLEHLO_" + name, [square, square], [square])
    put("STABLEHLO_SHIFT_LEFT", [((3,), I), ((3,), I)], [((3,), I)])
    put("STABLEHLO_PAD", [square, np.array(0, F)], [((4, 6), F)],
        options("StablehloPad", edgePaddingLow=[1, 0], edgePaddingHigh=[1, 1], interiorPadding=[0, 1]))
    put("STABLEHLO_GATHER", [((3, 4), F), np.array([[0], [2]], I)], [((2, 4), F)], options(
        "StablehloGather", offsetDims=[1], collapsedSliceDims=[0], startIndexMap=[0], indexVectorDim=1, sliceSizes=[1, 4]))
    return result


def main():
    os.makedirs(os.path.join(FOLDER, "seeds"), exist_ok=True)
    for name, model in seeds().items():
        with open(os.path.join(FOLDER, "seeds", name + ".tflite"), "wb") as file:
            file.write(model.bytes())


if __name__ == "__main__":
    main()

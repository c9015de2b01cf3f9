"""Writes the small models that TensorFlowLiteTests and TensorFlowLiteClientTests run.

- add: output = (input + input) + input on float32 [1, 8, 8, 3].
- add_quantized: the same in uint8 with scale 0.003922.
- multi_add: two outputs of four inputs, a + (b + c) and (b + c) + d, float32 [1, 8, 8, 3].
- multi_signatures: `add`, x + 2, and `sub`, x - 2, on float32 [1].

Needs the packages that Tests/Fixtures/README.md names. Usage: python make_models.py
"""

import pathlib
import sys

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent.parent / "Fixtures"))
from ai_edge_litert import schema_py_generated as schema  # noqa: E402
from builder import Affine, Model  # noqa: E402
import numpy as np  # noqa: E402

NONE = schema.ActivationFunctionType.NONE
SHAPE = (1, 8, 8, 3)


def add(graph, a, b, c, operator="ADD"):
    options = schema.AddOptionsT if operator == "ADD" else schema.SubOptionsT
    graph.add(operator, [a, b], [c], options(fusedActivationFunction=NONE))


def rename(graph, names):
    for index, name in names.items():
        graph.table.tensors[index].name = name


def added(dtype, affine):
    model = Model()
    graph = model.graph()
    x = graph.input("input", SHAPE, dtype, affine)
    twice = graph.tensor(SHAPE, dtype, affine, "add")
    y = graph.tensor(SHAPE, dtype, affine, "output")
    add(graph, x, x, twice)
    add(graph, twice, x, y)
    graph.output(y, "output")
    rename(graph, {x: "input"})
    return model


def multi_add():
    model = Model()
    graph = model.graph()
    a, b, c, d = (graph.input(name, SHAPE) for name in "abcd")
    i, x, y = (graph.tensor(SHAPE, np.float32, name=name) for name in "ixy")
    add(graph, b, c, i)
    add(graph, a, i, x)
    add(graph, i, d, y)
    graph.output(x, "x")
    graph.output(y, "y")
    rename(graph, {a: "a", b: "b", c: "c", d: "d"})
    return model


def multi_signatures():
    model = Model()
    for key, operator in (("add", "ADD"), ("sub", "SUB")):
        graph = model.graph(key)
        x = graph.input("x", (1,), dynamic=(-1,))
        y = graph.tensor((1,), np.float32, name="StatefulPartitionedCall:0", dynamic=(-1,))
        add(graph, x, graph.constant(np.array(2, np.float32)), y, operator)
        graph.output(y, "output_0")
        rename(graph, {x: f"{key}_x:0"})
    return model


for name, model in {
    "add": added(np.float32, None),
    "add_quantized": added(np.uint8, Affine(0.003922)),
    "multi_add": multi_add(),
    "multi_signatures": multi_signatures(),
}.items():
    (here / f"{name}.tflite").write_bytes(model.bytes())

"""Files that no runtime may run: each must be refused with an error that says why."""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from builder import Model
from fixture import NONE


def addition(operator: str = "ADD", version: int = 1, second: int | None = None, data: int = 4) -> Model:
    """y = x + constant, with whatever is wrong with it: the operator, its version, its second input's index, or the
    number of elements its constant of four has."""
    model = Model()
    graph = model.graph()
    x = graph.input("x", (4,))
    constant = graph.tensor((4,), np.float32, buffer=model.buffer(np.ones(data, np.float32).tobytes()))
    y = graph.tensor((4,), np.float32)
    options = schema.AddOptionsT(fusedActivationFunction=NONE) if operator == "ADD" else None
    graph.add(operator, [x, constant if second is None else second], [y], options, version)
    graph.output(y, "y")
    return model


def files() -> dict[str, bytes]:
    whole = addition().bytes()
    return {
        "unknown_custom_operator": addition(operator="NoSuchOperator").bytes(),
        "unknown_version": addition(version=99).bytes(),
        "tensor_index_out_of_range": addition(second=1000).bytes(),
        "constant_too_short": addition(data=2).bytes(),
        "truncated": whole[:len(whole) // 2],
        "wrong_identifier": whole[:4] + b"XXXX" + whole[8:],
        "empty": b"",
    }

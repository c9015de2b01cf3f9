"""Fixtures of what a model can be besides a chain of arithmetic: look-ups, signatures, shapes chosen by the caller."""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from builder import Model
from fixture import NONE, Fixture, Weights


def gather() -> Fixture:
    model, weights = Model(), Weights("gather")
    graph = model.graph()
    indices = graph.input("indices", (2, 3), np.int32)
    y = graph.tensor((2, 3, 4), np.float32)
    graph.add("GATHER", [graph.constant(weights.floats(10, 4)), indices], [y], schema.GatherOptionsT(axis=0))
    graph.output(y, "y")
    return Fixture(model, limit=10)


def embedding_lookup() -> Fixture:
    model, weights = Model(), Weights("embedding_lookup")
    graph = model.graph()
    ids = graph.input("ids", (5,), np.int32)
    y = graph.tensor((5, 6), np.float32)
    graph.add("EMBEDDING_LOOKUP", [ids, graph.constant(weights.floats(12, 6))], [y])
    graph.output(y, "y")
    return Fixture(model, limit=12)


def two_signatures() -> Fixture:
    """`scale` and `shift`, two subgraphs that use one constant."""
    model, weights = Model(), Weights("two_signatures")
    vector = weights.floats(4)
    for signature, operator, options in (
        ("scale", "MUL", schema.MulOptionsT(fusedActivationFunction=NONE)),
        ("shift", "ADD", schema.AddOptionsT(fusedActivationFunction=NONE)),
    ):
        graph = model.graph(signature)
        x = graph.input("x", (3, 4))
        y = graph.tensor((3, 4), np.float32)
        graph.add(operator, [x, graph.constant(vector)], [y], options)
        graph.output(y, "y")
    return Fixture(model)


def dynamic_batch() -> Fixture:
    """Written for a batch of one, run with a batch of three."""
    model, weights = Model(), Weights("dynamic_batch")
    graph = model.graph()
    x = graph.input("x", (1, 6), dynamic=(-1, 6))
    hidden = graph.tensor((1, 5), np.float32, dynamic=(-1, 5))
    y = graph.tensor((1, 5), np.float32, dynamic=(-1, 5))
    graph.add("FULLY_CONNECTED", [x, graph.constant(weights.floats(5, 6)), graph.constant(weights.floats(5))], [hidden],
              schema.FullyConnectedOptionsT(fusedActivationFunction=NONE))
    graph.add("SOFTMAX", [hidden], [y], schema.SoftmaxOptionsT(beta=1.0))
    graph.output(y, "y")
    return Fixture(model, shapes={"x": (3, 6)})


def fixtures() -> dict[str, Fixture]:
    return {build.__name__: build() for build in (gather, embedding_lookup, two_signatures, dynamic_batch)}

"""What a fixture is, and values shared by the files that define them."""

import zlib
from dataclasses import dataclass, field

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from builder import Model

SAME, VALID = schema.Padding.SAME, schema.Padding.VALID
NONE, RELU, RELU6 = (
    schema.ActivationFunctionType.NONE, schema.ActivationFunctionType.RELU, schema.ActivationFunctionType.RELU6)


@dataclass
class Fixture:
    """A model; the shapes to feed where they are not the model's own; and the upper bound of integer inputs."""

    model: Model
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    limit: int | None = None


class Weights:
    """Random constants that depend on nothing but the fixture's name."""

    def __init__(self, name: str):
        self.random = np.random.default_rng(zlib.crc32(name.encode()))

    def floats(self, *shape: int) -> np.ndarray:
        return self.random.standard_normal(shape).astype(np.float32)

    def int8(self, *shape: int) -> np.ndarray:
        return self.random.integers(-127, 128, shape).astype(np.int8)

    def int32(self, limit: int, *shape: int) -> np.ndarray:
        return self.random.integers(-limit, limit + 1, shape).astype(np.int32)

    def scales(self, count: int) -> tuple[float, ...]:
        return tuple(self.random.uniform(0.004, 0.02, count).astype(np.float32).tolist())


def single(build) -> Fixture:
    """A fixture with one graph, which `build(graph, weights)` fills."""
    model = Model()
    build(model.graph(), Weights(build.__name__))
    return Fixture(model)

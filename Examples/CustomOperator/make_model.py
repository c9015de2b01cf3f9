"""Writes scale_and_shift.tflite: y = relu(ScaleAndShift(x)), whose custom options are factor 2 and offset -1 as two float32.

Needs the packages that Tests/Fixtures/README.md names. Usage: python make_model.py
"""

import pathlib
import struct
import sys

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent.parent / "Tests/Fixtures"))
from builder import Model  # noqa: E402
import numpy as np  # noqa: E402

model = Model()
graph = model.graph()
x = graph.input("x", [1, 4], dynamic=(-1, 4))
scaled = graph.tensor([1, 4], np.float32, dynamic=(-1, 4))
y = graph.tensor([1, 4], np.float32, dynamic=(-1, 4))
graph.add("ScaleAndShift", [x], [scaled])
graph.table.operators[-1].customOptions = list(struct.pack("<2f", 2, -1))
graph.add("RELU", [scaled], [y])
graph.output(y, "y")
(here / "scale_and_shift.tflite").write_bytes(model.bytes())

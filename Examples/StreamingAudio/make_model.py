"""Writes dial_tones.tflite, which hears the eight frequencies of telephone dialling in a stream of samples.

Per call it takes 10 ms: `samples` float32 [1, 160] at 16 kHz. It remembers two things from call to call: `history` float32 [1, 480], the 30 ms before,
and `energy` float32 [1, 8], the smoothed power of 697, 770, 852, 941, 1209, 1336, 1477 and 1633 Hz. Both are inputs and outputs. There is nothing to
train: the weights are windowed sine and cosine waves.

Needs the packages that Tests/Fixtures/README.md names. Usage: python make_model.py
"""

import pathlib
import sys

import numpy as np

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent.parent / "Tests/Fixtures"))
from ai_edge_litert import schema_py_generated as schema  # noqa: E402
from builder import Model  # noqa: E402

RATE, CHUNK, HISTORY = 16_000, 160, 480
FREQUENCIES = (697, 770, 852, 941, 1209, 1336, 1477, 1633)

window = CHUNK + HISTORY
phase = 2 * np.pi * np.arange(window) / RATE
waves = np.concatenate([(np.sin(f * phase), np.cos(f * phase)) for f in FREQUENCIES]) * np.hanning(window)
waves = (waves * 4 / window).astype(np.float32)  # A tone of amplitude 1 then has power 1.
pairs = np.repeat(np.eye(len(FREQUENCIES), dtype=np.float32), 2, axis=1)

model = Model()
graph = model.graph()
samples = graph.input("samples", (1, CHUNK))
history = graph.input("history", (1, HISTORY))
energy = graph.input("energy", (1, 8))


def op(name, inputs, shape, options=None):
    output = graph.tensor(shape, np.float32)
    graph.add(name, inputs, [output], options)
    return output


heard = op("CONCATENATION", [history, samples], (1, window), schema.ConcatenationOptionsT(axis=1))
begin, size = (graph.constant(np.array(v, np.int32)) for v in ((0, CHUNK), (1, HISTORY)))
newer = op("SLICE", [heard, begin, size], (1, HISTORY), schema.SliceOptionsT())
parts = op("FULLY_CONNECTED", [heard, graph.constant(waves), -1], (1, 16), schema.FullyConnectedOptionsT())
squares = op("MUL", [parts, parts], (1, 16), schema.MulOptionsT())
power = op("FULLY_CONNECTED", [squares, graph.constant(pairs), -1], (1, 8), schema.FullyConnectedOptionsT())
difference = op("SUB", [power, energy], (1, 8), schema.SubOptionsT())
step = op("MUL", [difference, graph.constant(np.float32(0.4))], (1, 8), schema.MulOptionsT())
smoothed = op("ADD", [energy, step], (1, 8), schema.AddOptionsT())
graph.output(smoothed, "energy")
graph.output(newer, "history")
(here / "dial_tones.tflite").write_bytes(model.bytes())

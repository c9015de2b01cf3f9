"""Makes the models of this folder and LiteRT's answers to them. See README.md."""

import os
import zlib

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

import float_models
import other_models
import quantized_models
import rejected_models

FOLDER = os.path.dirname(os.path.abspath(__file__))


def values(random: np.random.Generator, detail: dict, shape: tuple[int, ...], limit: int | None) -> np.ndarray:
    """Input values of the tensor's type: floats around 0, all of int8, and indices below `limit`."""
    dtype = np.dtype(detail["dtype"])
    if dtype == np.float32:
        return (random.standard_normal(shape) * 2).astype(np.float32)
    if dtype == np.int8:
        return random.integers(-128, 128, shape).astype(np.int8)
    if limit is None:
        raise ValueError(f"{detail['name']}: an integer input needs a limit")
    return random.integers(0, limit, shape).astype(dtype)


def answers(content: bytes, fixture, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Inputs and LiteRT's outputs for every signature, by the keys README.md explains."""
    interpreter = Interpreter(
        model_content=content, num_threads=1, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    arrays: dict[str, np.ndarray] = {}
    for number, graph in enumerate(fixture.model.graphs):
        prefix = "" if number == 0 else f"sig{number}_"
        runner = interpreter.get_signature_runner(graph.signature)
        details = runner.get_input_details()
        inputs = {}
        for position, index in enumerate(graph.table.inputs):
            name = graph.names[index]
            shape = fixture.shapes.get(name, tuple(details[name]["shape"]))
            inputs[name] = values(random, details[name], shape, fixture.limit)
            arrays[f"{prefix}in{position}"] = inputs[name]
        outputs = runner(**inputs)
        for position, index in enumerate(graph.table.outputs):
            arrays[f"{prefix}out{position}"] = outputs[graph.names[index]]
    return arrays


def main() -> None:
    fixtures = float_models.fixtures() | quantized_models.fixtures() | other_models.fixtures()
    for name, fixture in fixtures.items():
        content = fixture.model.bytes()
        arrays = answers(content, fixture, np.random.default_rng(zlib.crc32(name.encode())))
        with open(os.path.join(FOLDER, name + ".tflite"), "wb") as file:
            file.write(content)
        np.savez(os.path.join(FOLDER, name + ".npz"), **arrays)
        shown = ", ".join(f"{key} {value.dtype}{list(value.shape)}" for key, value in arrays.items())
        print(f"{name}: {len(content)} bytes, {shown}")

    os.makedirs(os.path.join(FOLDER, "rejected"), exist_ok=True)
    for name, content in rejected_models.files().items():
        with open(os.path.join(FOLDER, "rejected", name + ".tflite"), "wb") as file:
            file.write(content)
        try:
            interpreter = Interpreter(model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            print(f"rejected/{name}: {len(content)} bytes, LiteRT says: {str(error).splitlines()[0]}")
        else:
            raise RuntimeError(f"LiteRT takes rejected/{name}")


if __name__ == "__main__":
    main()

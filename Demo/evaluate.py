"""Runs the .tflite files with LiteRT and writes what tests and tools need beside them."""

import os

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from PIL import Image

from digits import LABELS, Split, normalized

OPTIMIZED = OpResolverType.AUTO
REFERENCE = OpResolverType.BUILTIN_REF


def outputs(path: str, images: np.ndarray, kernels: OpResolverType) -> np.ndarray:
    """The output [N, 10] of the model for images [N, 32, 32], in the model's own element type."""
    interpreter = Interpreter(path, num_threads=1, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    source, = interpreter.get_input_details()
    target, = interpreter.get_output_details()
    batch = normalized(images)
    if source["dtype"] == np.int8:
        scale, zero_point = source["quantization"]
        batch = np.clip(np.round(batch / np.float32(scale)) + zero_point, -128, 127).astype(np.int8)
    rows = []
    for image in batch:
        interpreter.set_tensor(source["index"], image[np.newaxis])
        interpreter.invoke()
        rows.append(interpreter.get_tensor(target["index"])[0])
    return np.stack(rows)


def accuracy(predicted: np.ndarray, split: Split) -> str:
    """Right answers as "99.72 % (359 of 360)"."""
    right = int((predicted == split.labels).sum())
    return f"{100 * right / len(split.labels):.2f} % ({right} of {len(split.labels)})"


def example_indices(test: Split, float_output: np.ndarray, int8_output: np.ndarray) -> list[int]:
    """The first held-out digit of each class that both models get right, and as the eleventh the one to whose true
    class the float model gives the lowest probability."""
    right = (float_output.argmax(1) == test.labels) & (int8_output.argmax(1) == test.labels)
    chosen = [int(np.flatnonzero(right & (test.labels == label))[0]) for label in range(len(LABELS))]
    hardest = np.argmin(float_output[np.arange(len(test.labels)), test.labels])
    return chosen + [int(hardest)]


def write_examples(folder: str, test: Split, float_output: np.ndarray, int8_output: np.ndarray) -> list[tuple[str, int]]:
    """Writes `images/` with `classes.txt` in it, `expected.npz`, `test.npz` and `labels.txt`; the images' names, each with its index in `test`."""
    chosen = example_indices(test, float_output, int8_output)
    names = [f"{label}_0.png" for label in range(len(LABELS))] + [f"{test.labels[chosen[-1]]}_1.png"]
    os.makedirs(os.path.join(folder, "images"), exist_ok=True)
    for name, index in zip(names, chosen):
        Image.fromarray(test.images[index]).save(os.path.join(folder, "images", name))
    with open(os.path.join(folder, "images", "classes.txt"), "w") as file:
        file.writelines(sorted(f"{name} {test.labels[index]}\n" for name, index in zip(names, chosen)))
    np.savez(os.path.join(folder, "expected.npz"),
             indices=np.array(chosen, np.int32), labels=test.labels[chosen].astype(np.int32),
             float32=float_output[chosen], int8=int8_output[chosen])
    np.savez_compressed(os.path.join(folder, "test.npz"),
                        images=test.images[..., np.newaxis], labels=test.labels.astype(np.int32))
    with open(os.path.join(folder, "labels.txt"), "w") as file:
        file.write("\n".join(LABELS) + "\n")
    return list(zip(names, chosen))

"""Latency of single operators in tflite beside LiteRT, one thread: small models whose inputs are tiled until they take long enough to be compared.

The values of a model's inputs come from the file of the same name that ends in .npz, if there is one, and are random otherwise. LiteRT runs in processes of its own, which
it may end: inputs that it refuses or that crash it are tried in another form.
"""

import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))
import peers  # noqa: E402

WIDEST_ROW = 32
LARGEST_BYTES = 60_000_000


def tiled(np, tensor, axis, times):
    """The tensor `times` times along an axis. Scalars have no axis and stay as they are."""
    if tensor.ndim <= axis or tensor.ndim == 0:
        return tensor
    repeats = [1] * tensor.ndim
    repeats[axis] = times
    return np.tile(tensor, repeats)


def forms(np, tensors, elements):
    """Larger forms of the inputs, the likeliest first: rows of 32, images, batches, all inputs or only the largest or the first of them.
    With 0 elements the inputs themselves."""
    if elements == 0:
        yield "as they are", tensors
        return

    def times(these):
        return max(2, elements // max(1, max(tensor.size for tensor in these)))

    def images(these):
        side = int(times(these) ** 0.5) + 1
        return [tiled(np, tiled(np, tensor, 1, side), 2, side) if tensor.ndim == 4 else tensor for tensor in these]

    def batches(these, of):
        return [tiled(np, tensor, 0, times(these)) if of(index, tensor) else tensor for index, tensor in enumerate(these)]

    wide = [tiled(np, tensor, -1, max(1, WIDEST_ROW // max(tensor.shape[-1], 1))) if tensor.ndim else tensor for tensor in tensors]
    largest = max(tensor.size for tensor in tensors)
    yield "wide images", images(wide)
    yield "wide batches", batches(wide, lambda _, tensor: tensor.ndim > 1)
    yield "wide batches of the first", batches(wide, lambda index, tensor: index == 0 and tensor.ndim > 1)
    yield "images", images(tensors)
    yield "batches", batches(tensors, lambda _, tensor: tensor.ndim > 0)
    yield "batches of the largest", batches(tensors, lambda _, tensor: tensor.ndim > 0 and tensor.size == largest)
    yield "batches of the first", batches(tensors, lambda index, _: index == 0)
    yield "rows", [tiled(np, tensor, -1, times(tensors)) for tensor in tensors]
    yield "rows of the first", [tiled(np, tensor, -1, times(tensors)) if index == 0 else tensor for index, tensor in enumerate(tensors)]


def loaded(model):
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_path=str(model), num_threads=1)


def inputs_of(np, model, interpreter):
    """Names and values of the model's inputs, or nothing if their values are not to be had."""
    details = interpreter.get_input_details()
    file = Path(model).with_suffix(".npz")
    stored = np.load(file) if file.exists() else {}
    inputs = []
    for index, detail in enumerate(details):
        names = [name for name in (detail["name"], f"in{index}", f"input_{index}") if name in stored]
        if names:
            inputs.append((detail["name"], stored[names[0]]))
        elif not stored and np.dtype(detail["dtype"]).kind in "fiu":
            inputs.append((detail["name"], peers.random_tensor(np, detail["shape"], detail["dtype"])))
    return inputs if len(inputs) == len(details) and all(tensor.dtype.kind in "biufc" for _, tensor in inputs) else []


def time_litert(model, file):
    """Prints the median of LiteRT's latencies in microseconds with the inputs of the file."""
    import statistics
    import time
    import numpy as np

    interpreter = loaded(model)
    details = interpreter.get_input_details()
    stored = np.load(file)
    for index, detail in enumerate(details):
        interpreter.resize_tensor_input(detail["index"], stored[str(index)].shape)
    interpreter.allocate_tensors()
    for index, detail in enumerate(details):
        interpreter.set_tensor(detail["index"], stored[str(index)])
    for _ in range(3):
        interpreter.invoke()
    samples = []
    end = time.perf_counter() + 0.08
    while len(samples) < 5 or time.perf_counter() < end:
        begin = time.perf_counter_ns()
        interpreter.invoke()
        samples.append((time.perf_counter_ns() - begin) / 1e3)
    print(statistics.median(samples))


def run(command, seconds=60):
    """What the command prints, or nothing if it fails or takes longer; then its last line of errors."""
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        return None, f"took longer than {seconds} s"
    return (answer.stdout, "") if answer.returncode == 0 else (None, (answer.stderr.strip().splitlines() or ["ended"])[-1])


def measure(np, model, options, folder):
    """The comparison for the first form of the inputs that LiteRT accepts and needs long enough for, or nothing."""
    try:
        inputs = inputs_of(np, model, loaded(model))
    except Exception:  # noqa: BLE001: a model that the peer does not load is left out.
        return None
    if not inputs:
        return None
    theirs_file, ours_file = (os.path.join(folder, name) for name in ("theirs.npz", "ours.npz"))
    for form, tensors in forms(np, [tensor for _, tensor in inputs], options.elements):
        if sum(tensor.nbytes for tensor in tensors) > LARGEST_BYTES:
            continue
        np.savez(theirs_file, **{str(index): tensor for index, tensor in enumerate(tensors)})
        printed, _ = run([sys.executable, __file__, "--litert", str(model), theirs_file])
        theirs = float(printed.split()[-1]) if printed else 0
        if theirs < options.least:
            continue
        np.savez(ours_file, **{name: tensor for (name, _), tensor in zip(inputs, tensors)})
        printed, error = run([os.environ["TFLITE"], "benchmark", str(model), "--inputs", ours_file, "--json", "--threads", "1", "--runs", "20", "--warmup", "3"])
        row = {"model": Path(model).stem, "operator": Path(model).parent.name, "form": form, "shapes": [list(tensor.shape) for tensor in tensors], "litert_us": theirs}
        if not printed:
            return row | {"error": error}
        ours = json.loads(printed)["latency_us"]["p50"]
        return row | {"ours_us": ours, "ratio": theirs / ours}
    return None


def models_of(paths):
    """The models among the paths and in the folders, in order."""
    for path in map(Path, paths):
        yield from sorted(path.rglob("*.tflite")) if path.is_dir() else [path]


def types_of(model):
    """The types of a model's inputs and outputs, as LiteRT says them."""
    try:
        interpreter = loaded(model)
        return tuple(str(detail["dtype"]) for detail in interpreter.get_input_details() + interpreter.get_output_details())
    except Exception:  # noqa: BLE001: the measurement says what is wrong, or leaves it out too.
        return ()


def main():
    if sys.argv[1:2] == ["--litert"]:
        time_litert(*sys.argv[2:4])
        return
    import numpy as np

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL|FOLDER")
    parser.add_argument("--elements", default=400_000, type=int, help="how large the largest input becomes")
    parser.add_argument("--as-is", dest="elements", action="store_const", const=0, help="inputs of the shapes that the models have")
    parser.add_argument("--least", default=30.0, type=float, metavar="MICROSECONDS", help="what takes LiteRT less is not compared")
    parser.add_argument("--every", action="store_true", help="every model, in place of one of each folder and types of inputs and outputs")
    parser.add_argument("--below", default=0.0, type=float, metavar="RATIO", help="print only what is slower than this (1: as fast as LiteRT)")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    measured = collections.Counter()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for model in models_of(options.models):
            kind = (model.parent, types_of(model))
            if measured[kind] and not options.every:
                continue
            row = measure(np, model, options, folder)
            if row is None:
                continue
            measured[kind] += 1
            rows.append(row)
            if "error" in row:
                print(f"  -.--  {row['model']}: {row['error']} {row['shapes']}", flush=True)
            elif not options.below or row["ratio"] < options.below:
                print(f"{row['ratio']:6.2f}  {row['model'][:56]:56} litert {row['litert_us']:10.1f} us  ours {row['ours_us']:10.1f} us  {row['shapes']}", flush=True)
    ratios = [row["ratio"] for row in rows if "ratio" in row]
    if ratios:
        print(f"{len(ratios)} compared, {sum(ratio < 0.95 for ratio in ratios)} slower by 5 % or more, geometric mean {peers.geometric_mean(ratios):.2f}")
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()

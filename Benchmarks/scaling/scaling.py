"""How a model's speed grows with threads and with the batch: every combination in turns, random inputs, built-in kernels."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))
import peers  # noqa: E402


def inputs_of(model):
    """Name, shape and element type of each input of the first subgraph."""
    report = json.loads(subprocess.run([os.environ["TFLITE"], "inspect", model, "--json"], check=True, capture_output=True, text=True).stdout)
    tensors = {tensor["index"]: tensor for tensor in report["tensors"] if tensor["subgraph"] == 0}
    return [tensors[index] for index in report["subgraphs"][0]["inputs"]]


def write_inputs(tensors, model, batch, folder):
    """Random inputs whose first dimension is `batch` times that of the model's tensors."""
    arrays = {}
    for tensor in tensors:
        # Open dimensions are 1.
        shape = [max(size, 1) for size in tensor["shape"]]
        if not shape:
            sys.exit(f"{model}: input {tensor['name']} has no dimension for a batch")
        arrays[tensor["name"]] = peers.random_tensor(np, [shape[0] * batch, *shape[1:]], np.dtype(tensor["type"]))
    path = Path(folder) / f"{batch}.npz"
    np.savez(path, **arrays)
    return str(path)


def measure(model, options):
    """Medians in milliseconds of each number of threads and batch."""
    with tempfile.TemporaryDirectory() as folder:
        tensors = inputs_of(model)
        inputs = {batch: write_inputs(tensors, model, batch, folder) for batch in options.batch}
        settings = [(threads, batch) for threads in options.threads for batch in options.batch]
        samples = {setting: [] for setting in settings}
        failed = {}
        for number in range(options.rounds):
            for threads, batch in peers.in_turn(settings, number):
                if batch in failed:
                    continue
                try:
                    report = peers.report_of_ours(
                        model, threads, "--runs", str(options.runs), "--warmup", "3", "--inputs", inputs[batch], "--delegate", options.delegate)
                except SystemExit as error:
                    # Shapes that the converter wrote into the model may not fit another batch.
                    failed[batch] = str(error)
                    continue
                samples[threads, batch].append(statistics.median(report["samples_us"]) / 1e3)
    settings = [setting for setting in settings if setting[1] not in failed]
    if not settings:
        sys.exit(next(iter(failed.values())))
    samples = {setting: samples[setting] for setting in settings}
    times = {setting: statistics.median(values) for setting, values in samples.items()}
    first = times[settings[0]] / settings[0][1]
    return {
        "model": peers.name_of(model),
        "settings": [{"threads": threads, "batch": batch, "ms": time, "items_per_second": 1e3 * batch / time, "speed": first * batch / time}
                     for (threads, batch), time in times.items()],
        "failed": failed,
    }


def chart(rows):
    """For each model a line per number of threads, as SVG: the batch to the right, the speed upwards."""
    colours = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377"]
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="560" height="{len(rows) * 220}" font-family="sans-serif" font-size="11">',
             '<rect width="100%" height="100%" fill="white"/>']
    for index, row in enumerate(rows):
        top = index * 220
        batches = sorted({setting["batch"] for setting in row["settings"]})
        highest = max(setting["speed"] for setting in row["settings"])
        place = lambda setting: (60 + batches.index(setting["batch"]) * 360 / max(len(batches) - 1, 1), top + 190 - setting["speed"] / highest * 150)
        lines.append(f'<text x="60" y="{top + 20}">{row["model"]}: items per second, as many times as with the first setting; by batch</text>')
        for batch in batches:
            x, _ = place({"batch": batch, "speed": 0})
            lines.append(f'<text x="{x:.0f}" y="{top + 205}" text-anchor="middle">{batch}</text>')
        for number, threads in enumerate(sorted({setting["threads"] for setting in row["settings"]})):
            own = [setting for setting in row["settings"] if setting["threads"] == threads]
            points = [place(setting) for setting in own]
            colour = colours[number % len(colours)]
            lines.append(f'<polyline fill="none" stroke="{colour}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>')
            for (x, y), setting in zip(points, own):
                lines.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
                             f'<text x="{x:.1f}" y="{y - 6:.1f}" text-anchor="middle">{setting["speed"]:.2f}</text>')
            lines.append(f'<text x="{points[-1][0] + 24:.1f}" y="{points[-1][1] + 4:.1f}" fill="{colour}">{threads} threads</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--threads", default=[1, 2], type=peers.numbers)
    parser.add_argument("--batch", default=[1, 4], type=peers.numbers)
    parser.add_argument("--rounds", default=3, type=int)
    parser.add_argument("--runs", default=12, type=int, help="invocations of each setting in a round")
    parser.add_argument("--delegate", default="builtin")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--chart", metavar="FILE.svg")
    options = parser.parse_args()
    rows = []
    for model in options.models:
        row = measure(model, options)
        rows.append(row)
        print(row["model"])
        for setting in row["settings"]:
            print(f"  {setting['threads']:2} threads  batch {setting['batch']:3}  {setting['ms']:9.3f} ms  "
                  f"{setting['items_per_second']:9.1f} items/s  {setting['speed']:.2f}x", flush=True)
        for batch, error in row["failed"].items():
            print(f"  batch {batch} failed: {error.splitlines()[-1]}")
    peers.save(rows, options, chart)


if __name__ == "__main__":
    main()

"""Latency of tflite beside LiteRT and OpenVINO: each in a process of its own, in turns, with random inputs."""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

PEERS = ("litert", "openvino")


def litert(model, threads):
    """A function that runs the model once in LiteRT, with its XNNPACK."""
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=model, num_threads=threads)
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], random_tensor(np, detail["shape"], detail["dtype"]))
    return interpreter.invoke


def openvino(model, threads):
    """A function that runs the model once in OpenVINO, on the CPU in its latency mode."""
    import numpy as np
    import openvino as ov

    compiled = ov.Core().compile_model(
        model, "CPU", {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    for port in compiled.inputs:
        shape = [1 if dimension.is_dynamic else dimension.get_length() for dimension in port.partial_shape]
        request.set_tensor(port, ov.Tensor(random_tensor(np, shape, port.element_type.to_dtype())))
    return request.infer


def random_tensor(np, shape, dtype):
    generator = np.random.default_rng(1)
    if np.dtype(dtype).kind == "f":
        return generator.random(shape).astype(dtype)
    return generator.integers(0, 2 if np.dtype(dtype).itemsize > 1 else 127, shape).astype(dtype)


def serve(engine, model, threads):
    """Runs the model as often as each line of standard input says, and prints the samples in microseconds."""
    try:
        run = {"litert": litert, "openvino": openvino}[engine](model, threads)
        for _ in range(3):
            run()
    except Exception as error:  # noqa: BLE001: whatever a peer does not support is reported and left out.
        print(json.dumps({"error": str(error).strip().splitlines()[-1][:200]}), flush=True)
        return
    print(json.dumps({}), flush=True)
    for line in sys.stdin:
        samples = []
        for _ in range(int(line)):
            begin = time.perf_counter_ns()
            run()
            samples.append((time.perf_counter_ns() - begin) / 1e3)
        print(json.dumps(samples), flush=True)


class Peer:
    def __init__(self, engine, model, threads):
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve", engine, str(threads), model],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        self.error = json.loads(line).get("error") if line else "the process ended"

    def run(self, count):
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def report_of_ours(model, threads, *arguments):
    """What `tflite benchmark --json` says."""
    command = [os.environ["TFLITE"], "benchmark", model, "--json", "--threads", str(threads), *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        sys.exit(f"{' '.join(command)}: {answer.stderr.strip()}")
    return json.loads(answer.stdout)


def run_ours(model, threads, count, delegate):
    return report_of_ours(model, threads, "--runs", str(count), "--warmup", "3", "--delegate", delegate)["samples_us"]


def in_turn(engines, number):
    """The engines in the order of round `number`: each round begins with another one."""
    return engines[number % len(engines):] + engines[:number % len(engines)]


def name_of(model):
    return Path(model).parent.name if Path(model).stem == "model" else Path(model).stem


def measure(model, threads, options):
    """The median of each engine in milliseconds, and for each peer the median of the rounds' ratios to ours."""
    peers = {engine: Peer(engine, model, threads) for engine in options.peers}
    failed = {engine: peer.error for engine, peer in peers.items() if peer.error}
    running = {engine: peer for engine, peer in peers.items() if not peer.error}
    rounds = {engine: [] for engine in ("ours", *running)}
    for number in range(options.rounds):
        for engine in in_turn(list(rounds), number):
            samples = (run_ours(model, threads, options.runs, options.delegate) if engine == "ours"
                       else running[engine].run(options.runs))
            rounds[engine].append(statistics.median(samples))
    for peer in running.values():
        peer.close()
    ratios = {engine: sorted(theirs / ours for theirs, ours in zip(rounds[engine], rounds["ours"])) for engine in running}
    return {
        "model": name_of(model),
        "threads": threads,
        "ms": {engine: statistics.median(values) / 1e3 for engine, values in rounds.items()},
        "ratio": {engine: {"median": statistics.median(values), "min": values[0], "max": values[-1]}
                  for engine, values in ratios.items()},
        "failed": failed,
    }


def numbers(text):
    """Numbers with commas between them, as options give them."""
    return [int(part) for part in text.split(",")]


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def chart(rows):
    """Bars of the ratios, as SVG: to the right of the line we are faster."""
    colours = {"litert": "#4477aa", "openvino": "#ee6677"}
    bars = [(row, engine, ratio["median"]) for row in rows for engine, ratio in row["ratio"].items()]
    widest = max((ratio for _, _, ratio in bars), default=1)
    unit = 420 / max(widest, 2)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="820" height="{len(bars) * 16 + 40}" font-family="sans-serif" font-size="11">',
             '<rect width="100%" height="100%" fill="white"/>']
    for index, (row, engine, ratio) in enumerate(bars):
        y = 30 + index * 16
        lines.append(f'<text x="300" y="{y + 10}" text-anchor="end">{row["model"]}, {row["threads"]} threads</text>')
        lines.append(f'<rect x="310" y="{y}" width="{ratio * unit:.1f}" height="12" fill="{colours[engine]}"/>')
        lines.append(f'<text x="{314 + ratio * unit:.1f}" y="{y + 10}">{ratio:.2f} {engine}</text>')
    lines.append(f'<line x1="{310 + unit:.1f}" x2="{310 + unit:.1f}" y1="20" y2="{30 + len(bars) * 16}" stroke="black"/>')
    lines.append(f'<text x="{310 + unit:.1f}" y="14" text-anchor="middle">as fast as we are</text></svg>')
    return "\n".join(lines) + "\n"


def save(rows, options, chart):
    """Writes the results to the files that the options name."""
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=2) + "\n")
    if options.chart:
        Path(options.chart).write_text(chart(rows))


def common_arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--threads", default="1", type=numbers)
    parser.add_argument("--rounds", default=5, type=int)
    parser.add_argument("--peers", default=PEERS, type=lambda text: text.split(","))
    parser.add_argument("--json", metavar="FILE")
    return parser


def main():
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], sys.argv[4], int(sys.argv[3]))
        return
    parser = common_arguments(__doc__)
    parser.add_argument("--runs", default=20, type=int, help="invocations of each engine in a round")
    parser.add_argument("--delegate", default="builtin")
    parser.add_argument("--chart", metavar="FILE.svg")
    options = parser.parse_args()
    rows = []
    for threads in options.threads:
        for model in options.models:
            row = measure(model, threads, options)
            rows.append(row)
            text = f"{row['model']:44} t{threads}  ours {row['ms']['ours']:9.3f} ms"
            for engine, ratio in row["ratio"].items():
                text += f"  {engine} {row['ms'][engine]:9.3f} ms ({ratio['median']:.2f}x, {ratio['min']:.2f} to {ratio['max']:.2f})"
            for engine, error in row["failed"].items():
                text += f"  {engine} failed: {error}"
            print(text, flush=True)
    for threads in options.threads:
        for engine in options.peers:
            ratios = [row["ratio"][engine]["median"] for row in rows if row["threads"] == threads and engine in row["ratio"]]
            if ratios:
                print(f"geometric mean over {len(ratios)} models, {threads} threads: {engine} {geometric_mean(ratios):.2f}x")
    save(rows, options, chart)


if __name__ == "__main__":
    main()

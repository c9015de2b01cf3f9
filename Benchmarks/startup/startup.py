"""Start-up and peak memory of tflite beside LiteRT and OpenVINO: each measurement in a new process, in turns, with random inputs."""

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))
import peers  # noqa: E402


def resident(field):
    return int(re.search(rf"{field}:\s+(\d+)", Path("/proc/self/status").read_text()).group(1))


def start(engine, model, threads):
    """Loads the model and runs it twice in this process. Prints milliseconds, and kilobytes beyond those of the process before."""
    try:
        # Imports are no part of the measurement, and their memory belongs to the empty process.
        if engine == "litert":
            from ai_edge_litert.interpreter import Interpreter  # noqa: F401
        else:
            import openvino
            openvino.Core()
        before = resident("VmRSS")
        begin = time.perf_counter()
        run = {"litert": peers.litert, "openvino": peers.openvino}[engine](model, threads)
        loaded = time.perf_counter()
        run()
        first = time.perf_counter()
        run()
    except Exception as error:  # noqa: BLE001: whatever a peer does not support is reported and left out.
        print(json.dumps({"error": str(error).strip().splitlines()[-1][:200]}))
        return
    print(json.dumps({"load": (loaded - begin) * 1e3, "first": (first - loaded) * 1e3, "peak_kb": resident("VmHWM") - before}))


def run_peer(engine, model, threads):
    answer = subprocess.run([sys.executable, __file__, "--start", engine, str(threads), model],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return json.loads(answer.stdout) if answer.returncode == 0 else {"error": "the process ended"}


def run_ours(model, threads, cache):
    report = peers.report_of_ours(model, threads, "--runs", "1", "--warmup", "1", *(["--weight-cache", cache] if cache else []))
    return {"load": report["load_us"] / 1e3, "first": report["first_us"] / 1e3, "peak_kb": report["peak_rss_kb"]}


def measure(model, threads, options):
    """Medians of each engine; for each peer how much of its time and memory ours need."""
    cache = tempfile.mkdtemp(prefix="weight-cache-")
    try:
        engines = {"cold": lambda: run_ours(model, threads, None)}
        if options.warm:
            run_ours(model, threads, cache)
            engines["warm"] = lambda: run_ours(model, threads, cache)
        for peer in options.peers:
            engines[peer] = lambda peer=peer: run_peer(peer, model, threads)
        samples = {engine: [] for engine in engines}
        failed = {}
        for number in range(options.rounds):
            for engine in peers.in_turn(list(engines), number):
                if engine in failed:
                    continue
                sample = engines[engine]()
                if "error" in sample:
                    failed[engine] = sample["error"]
                else:
                    samples[engine].append(sample)
    finally:
        shutil.rmtree(cache)
    result = {
        engine: {
            "load_ms": statistics.median(sample["load"] for sample in taken),
            "first_ms": statistics.median(sample["first"] for sample in taken),
            "total_ms": statistics.median(sample["load"] + sample["first"] for sample in taken),
            "peak_kb": statistics.median(sample["peak_kb"] for sample in taken),
        }
        for engine, taken in samples.items() if engine not in failed
    }
    ours = [engine for engine in ("cold", "warm") if engine in result]
    return {
        "model": peers.name_of(model),
        "threads": threads,
        "engines": result,
        "ratio": {
            peer: {engine: {"time": result[engine]["total_ms"] / result[peer]["total_ms"],
                            "peak": result[engine]["peak_kb"] / max(result[peer]["peak_kb"], 1)} for engine in ours}
            for peer in options.peers if peer in result
        },
        "failed": failed,
    }


def main():
    if sys.argv[1:2] == ["--start"]:
        start(sys.argv[2], sys.argv[4], int(sys.argv[3]))
        return
    parser = peers.common_arguments(__doc__)
    parser.add_argument("--no-warm", dest="warm", action="store_false", help="leave out the runs with a weight cache")
    options = parser.parse_args()
    rows = []
    for threads in options.threads:
        for model in options.models:
            row = measure(model, threads, options)
            rows.append(row)
            print(f"{row['model']}, {threads} threads")
            for engine, values in row["engines"].items():
                text = (f"  {engine:9} load {values['load_ms']:8.2f} ms  first {values['first_ms']:8.2f} ms  "
                        f"together {values['total_ms']:8.2f} ms  peak {values['peak_kb'] / 1024:7.1f} MiB")
                for peer, ratios in row["ratio"].items():
                    if engine in ratios:
                        text += f"  {peer}: {ratios[engine]['time']:.2f} of its time, {ratios[engine]['peak']:.2f} of its memory"
                print(text, flush=True)
            for engine, error in row["failed"].items():
                print(f"  {engine} failed: {error}")
    for threads in options.threads:
        for peer in options.peers:
            for engine in ("cold", "warm"):
                ratios = [row["ratio"][peer][engine] for row in rows
                          if row["threads"] == threads and engine in row["ratio"].get(peer, {})]
                if ratios:
                    print(f"geometric mean over {len(ratios)} models, {threads} threads, {engine}: "
                          f"{peers.geometric_mean([ratio['time'] for ratio in ratios]):.2f} of {peer}'s time, "
                          f"{peers.geometric_mean([ratio['peak'] for ratio in ratios]):.2f} of its memory")
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()

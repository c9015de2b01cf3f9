"""Classifies the demo's digits in a data frame with Spark's `mapInPandas`: each partition feeds a process of `tflite stream`.

Usage: map_in_pandas.py TFLITE MODEL IMAGES.npz; prints a line for each image: its number, the class, and the score.
"""

import itertools
import json
import os
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
from pyspark.sql import SparkSession


def classify(tflite, model):
    """A function for `mapInPandas`: from columns `id` and `pixels` to `id`, `digit` and `score`."""

    def partition(frames):
        process = subprocess.Popen(
            [tflite, "stream", "--batch", "16", model], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

        def feed(frame):
            for key, pixels in zip(frame["id"], frame["pixels"]):
                record = {"id": int(key), "args_0": np.asarray(pixels).tolist()}
                process.stdin.write(json.dumps(record).encode() + b"\n")
            process.stdin.flush()

        for frame in frames:
            # Written in a thread of its own: results must be taken meanwhile, or both pipes fill up.
            feeder = threading.Thread(target=feed, args=(frame,))
            feeder.start()
            rows = [json.loads(line) for line in itertools.islice(process.stdout, len(frame))]
            feeder.join()
            if len(rows) < len(frame):
                break
            scores = np.array([row["outputs"]["output_0"][0] for row in rows])
            yield pd.DataFrame({"id": [row["id"] for row in rows], "digit": scores.argmax(1), "score": scores.max(1)})
        process.stdin.close()
        if process.wait() != 0:
            raise RuntimeError(f"tflite stream ended with status {process.returncode}")

    return partition


def main():
    tflite, model, path = (os.path.abspath(argument) for argument in sys.argv[1:4])
    images = np.load(path)["images"].reshape(-1, 32 * 32) / np.float32(255)
    spark = SparkSession.builder.master("local[2]").appName("digits").getOrCreate()
    frame = spark.createDataFrame(pd.DataFrame({"id": range(len(images)), "pixels": list(images)})).repartition(4)
    rows = frame.mapInPandas(classify(tflite, model), "id long, digit long, score double").orderBy("id").collect()
    for row in rows:
        print(row.id, row.digit, f"{row.score:.4f}")
    spark.stop()


main()

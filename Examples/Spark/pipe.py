"""Classifies the demo's digits with Spark, each partition through a process of `tflite stream`.

Usage: pipe.py TFLITE MODEL IMAGES.npz [COPIES]; prints a line for each image: its key, the class, and the score.
"""

import json
import os
import shlex
import sys
import zipfile

from pyspark.sql import SparkSession


def images(path, copies):
    """The rows of the array `images` (uint8) of an .npz file, with a key each, as (key, list of pixels between 0 and 1)."""
    with zipfile.ZipFile(path) as archive, archive.open("images.npy") as file:
        content = file.read()
    header = 10 + int.from_bytes(content[8:10], "little")
    size = 32 * 32
    rows = [content[start : start + size] for start in range(header, len(content), size)]
    return [(f"{copy}-{row}", [p / 255 for p in pixels]) for copy in range(copies) for row, pixels in enumerate(rows)]


def main():
    tflite, model, path = (os.path.abspath(argument) for argument in sys.argv[1:4])
    copies = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    spark = SparkSession.builder.master("local[2]").appName("digits").getOrCreate()
    rows = spark.sparkContext.parallelize(images(path, copies), 4)
    lines = rows.map(lambda row: json.dumps({"id": row[0], "args_0": row[1]}))
    command = f"{shlex.quote(tflite)} stream --batch 16 {shlex.quote(model)}"
    results = lines.pipe(command, checkCode=True).map(json.loads)
    for result in results.collect():
        scores = result["outputs"]["output_0"][0]
        best = max(range(len(scores)), key=scores.__getitem__)
        print(result["id"], best, f"{scores[best]:.4f}")
    spark.stop()


main()

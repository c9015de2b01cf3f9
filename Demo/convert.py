"""Converts the trained network to .tflite with LiteRT Torch, and quantises it with AI Edge Quantizer."""

import litert_torch
import numpy as np
import torch
from ai_edge_quantizer import quantizer, recipe
from torch import nn

from digits import SIZE, DigitNet, Split, normalized

SIGNATURE = "serving_default"
INPUT = "args_0"


def to_float32(model: DigitNet, path: str) -> None:
    """Writes the network with a softmax behind it: input [1, 32, 32, 1], output [1, 10], both float32."""
    classifier = nn.Sequential(model, nn.Softmax(dim=-1)).eval()
    channels_last = litert_torch.to_channel_last_io(classifier, args=[0])
    sample = (torch.zeros(1, SIZE, SIZE, 1),)
    litert_torch.convert(channels_last, sample).export(path)


def to_int8(float_path: str, path: str, training: Split) -> None:
    """Writes the float model at `float_path` with int8 weights (one scale per channel) and int8 activations,
    input and output included, whose ranges are those seen on the training images."""
    static = quantizer.Quantizer(float_path, recipe.static_wi8_ai8())
    samples = [{INPUT: image[np.newaxis]} for image in normalized(training.images)]
    ranges = static.calibrate({SIGNATURE: samples}, num_threads=1)
    with open(path, "wb") as file:
        file.write(static.quantize(ranges).quantized_model)

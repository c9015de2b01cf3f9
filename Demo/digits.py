"""The data and the network of the demo model.

The data are the 1797 handwritten digits that scikit-learn carries (`sklearn.datasets.load_digits`, 8x8 pixels with
values 0...16), enlarged once to 32x32 pixels with values 0...255. Every fifth digit, chosen by a fixed shuffle that
keeps the classes balanced, is held out and never seen by training or by the calibration of the int8 model.
"""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

SEED = 20
SIZE = 32
LABELS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@dataclass(frozen=True)
class Split:
    """Images [N, 32, 32] of bytes, 0 (paper) to 255 (ink), and their classes [N], 0...9."""

    images: np.ndarray
    labels: np.ndarray


def load() -> tuple[Split, Split]:
    """The training set (1437 digits) and the held-out test set (360 digits)."""
    digits = load_digits()
    images = np.stack([enlarge(image) for image in digits.images])
    labels = digits.target.astype(np.uint8)
    train, test = train_test_split(np.arange(len(labels)), test_size=0.2, random_state=SEED, stratify=labels)
    return Split(images[train], labels[train]), Split(images[test], labels[test])


def enlarge(digit: np.ndarray) -> np.ndarray:
    """An 8x8 digit of values 0...16 as 32x32 bytes (bicubic)."""
    pixels = np.round(digit * (255 / 16)).astype(np.uint8)
    return np.asarray(Image.fromarray(pixels).resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def normalized(images: np.ndarray) -> np.ndarray:
    """Bytes [N, 32, 32] as the float network input [N, 32, 32, 1]: pixel / 255."""
    return (images.astype(np.float32) / np.float32(255))[..., np.newaxis]


class Separable(nn.Module):
    """A depthwise-separable convolution, with a residual add where the shapes allow one."""

    def __init__(self, inputs: int, outputs: int, stride: int, activation: type[nn.Module]):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, inputs, 3, stride, padding=1, groups=inputs, bias=False),
            nn.BatchNorm2d(inputs),
            activation(),
            nn.Conv2d(inputs, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x) if self.residual else self.body(x)


class DigitNet(nn.Module):
    """[N, 1, 32, 32] to the logits [N, 10]; about 19 thousand parameters."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.Hardswish(),
            Separable(16, 16, 1, nn.ReLU6),
            nn.Conv2d(16, 32, 3, padding=1, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU6(),
            nn.MaxPool2d(2),
            Separable(32, 32, 1, nn.ReLU6),
            Separable(32, 64, 2, nn.Hardswish),
            Separable(64, 64, 1, nn.Hardswish),
        )
        self.classifier = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(x).mean((2, 3)))

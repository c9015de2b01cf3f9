"""Trains the demo network, the same way every time."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from digits import SEED, DigitNet, Split, normalized

EPOCHS = 60
BATCH = 64
LEARNING_RATE = 4e-3


def tensors(split: Split) -> tuple[torch.Tensor, torch.Tensor]:
    """The channels-first input and the classes of `split`."""
    images = torch.from_numpy(normalized(split.images)).permute(0, 3, 1, 2).contiguous()
    return images, torch.from_numpy(split.labels.astype(np.int64))


def distorted(images: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """Each image turned by up to 12 degrees, scaled by up to 12 % and moved by up to 2.5 pixels."""
    count = len(images)
    uniform = torch.rand(4, count, generator=random) * 2 - 1
    angle = uniform[0] * math.radians(12)
    scale = 1 + uniform[1] * 0.12
    shift = uniform[2:] * (5 / images.shape[-1])
    cosine, sine = angle.cos() * scale, angle.sin() * scale
    transform = torch.stack([
        torch.stack([cosine, -sine, shift[0]], dim=1),
        torch.stack([sine, cosine, shift[1]], dim=1),
    ], dim=1)
    grid = F.affine_grid(transform, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def train(split: Split) -> DigitNet:
    """A network trained on `split` from fixed seeds, in evaluation mode."""
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(2)
    torch.manual_seed(SEED)
    random = torch.Generator().manual_seed(SEED)

    images, labels = tensors(split)
    model = DigitNet()
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.02)
    steps = EPOCHS * math.ceil(len(labels) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    for epoch in range(1, EPOCHS + 1):
        total = 0.0
        for batch in torch.randperm(len(labels), generator=random).split(BATCH):
            loss = F.cross_entropy(model(distorted(images[batch], random)), labels[batch], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
        if epoch % 10 == 0:
            print(f"epoch {epoch:3d}  loss {total / len(labels):.4f}", flush=True)
    return model.eval()


@torch.no_grad()
def predictions(model: DigitNet, split: Split) -> np.ndarray:
    """The class the network gives each image of `split`."""
    return model(tensors(split)[0]).argmax(1).numpy()

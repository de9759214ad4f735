"""CIFAR-10 in plain PyTorch, as a tutorial writes it: what `cifar.py` compares Clearsight with.

    python benchmarks/plain_cifar.py FOLDER [--epochs 20] [--seed 0]

FOLDER holds train/<class>/*.jpg and test/<class>/*.jpg. A dataset opens each file with Pillow, `ToTensor` and `Normalize`
go picture by picture in two workers, and the test pictures are judged once an epoch. No Clearsight in here. The last
line printed is JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from pathlib import Path

import PIL.Image
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

BATCH, WORKERS, LR = 64, 2, 1e-3


class Pictures(Dataset[tuple[Tensor, int]]):
    """The pictures of a folder with a subfolder for each class."""

    def __init__(self, folder: Path) -> None:
        classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
        self.items = [(path, label) for label, name in enumerate(classes) for path in sorted((folder / name).iterdir())]
        self.classes = len(classes)
        self.transform = transforms.Compose(
            [transforms.ToTensor(), transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))]
        )

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        path, label = self.items[index]
        with PIL.Image.open(path) as picture:
            return self.transform(picture.convert("RGB")), label


def network(classes: int) -> nn.Sequential:
    """Two 3×3 convolutions of 32 and 64 channels, then 128 hidden units, for 32 × 32 pixels."""
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * 8 * 8, 128),
        nn.ReLU(),
        nn.Linear(128, classes),
    )


def train_epoch(net: nn.Module, optimiser: torch.optim.Optimizer, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
    """One pass over the training pictures."""
    net.train()
    for images, labels in batches:
        optimiser.zero_grad()
        F.cross_entropy(net(images), labels).backward()  # type: ignore[no-untyped-call]
        optimiser.step()


def accuracy(net: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> float:
    """Share of the pictures that the net gets right."""
    net.eval()
    right = seen = 0
    with torch.no_grad():
        for images, labels in batches:
            right += int((net(images).argmax(1) == labels).sum())
            seen += len(labels)
    return right / seen


def main() -> None:
    """Train, judge after every epoch, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    train, test = Pictures(options.folder / "train"), Pictures(options.folder / "test")
    # workers that live on are the quicker of the two ways, so that is what we are compared with
    learn = DataLoader(train, BATCH, shuffle=True, num_workers=WORKERS, persistent_workers=True)
    judge = DataLoader(test, 500, num_workers=WORKERS, persistent_workers=True)
    net = network(train.classes)
    optimiser = torch.optim.Adam(net.parameters(), lr=LR)
    epochs = []
    start = time.perf_counter()
    for _ in range(options.epochs):
        train_epoch(net, optimiser, learn)
        right = accuracy(net, judge)
        epochs.append({"seconds": time.perf_counter() - start, "accuracy": right})
    print(json.dumps({"train": len(train), "test": len(test), "epochs": epochs}))


if __name__ == "__main__":
    main()

"""Augmentation: ours, a whole batch at once, beside torchvision's v2 transforms, picture by picture; then each of ours.

    python benchmarks/augment.py [--rounds 7]

From uint8 pictures in memory to a float batch in [0, 1]. Photographs are cropped, mirrored and changed in colour; small
pictures are moved and mirrored. The strengths are equal; torchvision's colours change in a random order and also by no
rule of ours, so the pictures are alike and not the same. Both run on one core there, and ours on two threads where each
augmentation is measured alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from common import interleave, save, table
from torch import Tensor
from torchvision.transforms import v2

from clearsight.core.pipeline import Batch
from clearsight.engine.runtime import keep_freed_memory
from clearsight.ops.random import generator
from clearsight.tasks.picture.augment import Augmentation


def ours(augmentation: Augmentation, images: Tensor) -> Tensor:
    """The batch stage of a training."""
    count = len(images)
    targets = {"aspect": torch.ones(count), "label": torch.zeros(count, dtype=torch.int64)}
    batch = Batch(images, targets, [f"train/{i}" for i in range(count)], passes=torch.zeros(count, dtype=torch.int64))
    return augmentation(batch, generator(0)).images


def one_by_one(transform: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """What a `DataLoader`'s worker does: each picture by itself, then stacked."""
    return torch.stack([transform(image) for image in images])


def cases() -> dict[str, tuple[Tensor, dict[str, Callable[[Tensor], Tensor]]]]:
    """What is augmented, and by whom."""
    photos = torch.randint(256, (32, 3, 256, 256), dtype=torch.uint8)
    small = torch.randint(256, (64, 3, 32, 32), dtype=torch.uint8)
    scaled = v2.ToDtype(torch.float32, scale=True)
    photo_steps = [
        v2.RandomResizedCrop(224, scale=(0.5, 1.0), antialias=False),
        v2.RandomHorizontalFlip(),
        v2.ColorJitter(0.2, 0.2, 0.2),
        scaled,
    ]
    small_steps = [v2.RandomCrop(32, padding=3, padding_mode="reflect"), v2.RandomHorizontalFlip(), scaled]
    return {
        "photographs, 256 → 224": (
            photos,
            {
                "torchvision v2": partial(one_by_one, v2.Compose(photo_steps)),
                "ours": partial(ours, Augmentation({"crop": 0.5, "flip": 0.5, "colour": 0.2}, 224, 10)),
            },
        ),
        "small pictures, 32": (
            small,
            {
                "torchvision v2": partial(one_by_one, v2.Compose(small_steps)),
                "ours": partial(ours, Augmentation({"shift": 0.1, "flip": 0.5}, 32, 10)),
            },
        ),
    }


ALONE: dict[str, dict[str, float]] = {
    "none": {},
    "flip": {"flip": 0.5},
    "alternate": {"alternate": 1.0},
    "shift": {"shift": 0.0625},
    "flip, shift": {"flip": 0.5, "shift": 0.0625},
    "crop": {"crop": 0.5},
    "crop, rotate, scale, shear, flip": {"crop": 0.5, "rotate": 15.0, "scale": 0.2, "shear": 10.0, "flip": 0.5},
    "colour": {"colour": 0.2},
    "blur": {"blur": 0.5},
    "noise": {"noise": 0.1},
    "randaugment": {"randaugment": 5.0},
    "trivialaugment": {"trivialaugment": 1.0},
    "erase": {"erase": 0.25},
    "mixup": {"mixup": 0.2},
    "cutmix": {"cutmix": 1.0},
}
"""Strengths whose cost is measured."""


def costs(rounds: int) -> list[dict[str, Any]]:
    """Milliseconds of each augmentation, with the scaling to float that all go through."""
    small = torch.randint(256, (1000, 3, 32, 32), dtype=torch.uint8)
    photos = torch.randint(256, (32, 3, 224, 224), dtype=torch.uint8)
    runs = {
        (name, images): partial(ours, Augmentation(strengths, images.shape[-1], 10), images)
        for name, strengths in ALONE.items()
        for images in (small, photos)
    }
    seconds = interleave({f"{name}/{images.shape[-1]}": run for (name, images), run in runs.items()}, rounds)
    columns = {"ms per 1,000 of 32 px": "32", "ms per 32 of 224 px": "224"}
    return [
        {"augmentation": name, **{column: 1000 * seconds[f"{name}/{side}"] for column, side in columns.items()}}
        for name in ALONE
    ]


def main() -> None:
    """Measure, print the tables, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    keep_freed_memory()  # as every training does
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    for name, (images, methods) in cases().items():
        for method, call in methods.items():
            if call(images).shape[0] != len(images):
                raise SystemExit(f"{method} lost pictures")
        seconds = interleave({method: partial(call, images) for method, call in methods.items()}, options.rounds)
        for method, value in seconds.items():
            times = round(seconds["torchvision v2"] / value, 2)
            rows.append({"pictures": name, "method": method, "per second": len(images) / value, "times": times})
    table(rows, "Augmentation, one core")
    torch.set_num_threads(2)
    alone = costs(options.rounds)
    table(alone, "Ours one by one, two threads")
    note = "Pictures a second on one core, uint8 to augmented float, then milliseconds of each on two threads; medians."
    print(save("augment", [*rows, *alone], note))


if __name__ == "__main__":
    main()

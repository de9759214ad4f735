"""Decode and resize photographs on one core: Pillow, Pillow's draft mode, torchvision, and ours.

    python benchmarks/decode.py [--photos 100] [--rounds 7]

Pictures are in memory, so that no disk is measured. Each contender goes from a file's bytes to a row of a training set:
uint8 (3, S, S) in a tensor (N, 3, S, S), S being 224, a common canvas, and 288. Large photographs are the same ones
enlarged to 4000 pixels' width, with sensor noise.

Draft mode is shown, and not counted among those to be beaten: it leaves out most of a large photograph's pixels, ours
are the very ones that the model is judged on.
"""

from __future__ import annotations

import argparse
import io
import time
import zipfile
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import PIL.Image
import torch
from common import Figure, interleave, save, shared, table
from torch import Tensor
from torchvision.io import ImageReadMode, decode_jpeg
from torchvision.transforms.v2.functional import resize

from clearsight.data.decode import decode_fast
from clearsight.ops.resize import squeeze

Method = Callable[[bytes, Tensor], object]
BILINEAR = PIL.Image.Resampling.BILINEAR


def with_pillow(data: bytes, row: Tensor) -> None:
    """Decode, then resize with Pillow's antialiased bilinear filter."""
    with PIL.Image.open(io.BytesIO(data)) as picture:
        pixels = np.array(picture.convert("RGB").resize((row.shape[2], row.shape[1]), BILINEAR))
    row.copy_(torch.from_numpy(pixels).permute(2, 0, 1))


def with_draft(data: bytes, row: Tensor) -> None:
    """The same, with JPEGs decoded at a half, a quarter or an eighth where that leaves the pixels asked for: less work,
    and coarser pixels than the others give."""
    with PIL.Image.open(io.BytesIO(data)) as picture:
        picture.draft("RGB", (row.shape[2], row.shape[1]))
        pixels = np.array(picture.convert("RGB").resize((row.shape[2], row.shape[1]), BILINEAR))
    row.copy_(torch.from_numpy(pixels).permute(2, 0, 1))


def with_torchvision(data: bytes, row: Tensor) -> None:
    """torchvision's decoder and resizing, as its documentation has it."""
    image = decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8), mode=ImageReadMode.RGB)
    row.copy_(resize(image, list(row.shape[1:]), antialias=True))


def with_ours(data: bytes, row: Tensor) -> None:
    """What training does: `decode_fast`, with every rule for odd files, and `squeeze`."""
    row.copy_(squeeze(torch.from_numpy(decode_fast(data, "")), row.shape[1]))


METHODS: dict[str, Method] = {
    "Pillow": with_pillow,
    "Pillow, draft": with_draft,
    "torchvision": with_torchvision,
    "ours": with_ours,
}
WHOLE = ("Pillow", "torchvision")
"""Those to be beaten: they decode every pixel."""


def photographs(count: int) -> list[bytes]:
    """JPEG files of ants and bees, evenly chosen."""
    with zipfile.ZipFile(shared("data", "ants_bees.zip")) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        return [archive.read(name) for name in names[:: max(1, len(names) // count)][:count]]


def enlarged(data: bytes, width: int = 4000) -> bytes:
    """A photograph as a large camera would have taken it."""
    with PIL.Image.open(io.BytesIO(data)) as picture:
        large = picture.convert("RGB").resize((width, round(picture.height * width / picture.width)))
    noise = np.random.default_rng(0).normal(0, 6, (large.height, large.width, 1))
    buffer = io.BytesIO()
    PIL.Image.fromarray((np.asarray(large) + noise).clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def run(method: Method, files: Sequence[bytes], rows: Tensor) -> None:
    """One contender over all files."""
    for data, row in zip(files, rows, strict=True):
        method(data, row)


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)

    files = photographs(options.photos)
    sets = {"photographs": files, "4000 pixels wide": [enlarged(data) for data in files[:8]]}
    rows = []
    for name, pictures in sets.items():
        for size in (224, 288):
            canvas = torch.zeros(len(pictures), 3, size, size, dtype=torch.uint8)
            runs = {method: partial(run, call, pictures, canvas) for method, call in METHODS.items()}
            seconds = interleave(runs, options.rounds, time.process_time)
            best = min(seconds[method] for method in WHOLE)
            for method, value in seconds.items():
                rows.append(
                    {
                        "pictures": name,
                        "size": size,
                        "method": method,
                        "per second": round(len(pictures) / value, 1),
                        "of the best whole decoding": round(best / value, 3),
                    }
                )
    table(rows, "Decode and resize, one core")
    note = (
        "Pictures a second of one core's time, from a file's bytes to a row of a uint8 tensor; "
        "medians of interleaved rounds."
    )
    ratio = min(float(row["of the best whole decoding"]) for row in rows if row["method"] == "ours")
    what = "decode and resize beside the best of Pillow's and torchvision's decoder, worst case"
    print(save("decode", rows, note, [Figure(what, ratio, "×", 1.0, at_least=True)]))


if __name__ == "__main__":
    main()

"""Decode and resize photographs on one core: Pillow, Pillow's draft mode, torchvision, and ours.

    python benchmarks/decode.py [--photos 100] [--rounds 7]

Pictures are in memory, so that no disk is measured. Each contender goes from a file's bytes to uint8 pixels of S × S:
224, a common canvas, and 288. Large photographs are the same ones enlarged to 4000 pixels' width, with sensor noise.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import PIL.Image
import torch
import torch.nn.functional as F
from common import SHARED, interleave, save, table

from clearsight.data.decode import decode_fast
from clearsight.ops.resize import squeeze

Method = Callable[[bytes, int], object]


def with_pillow(data: bytes, size: int) -> object:
    """Decode, then resize with Pillow's antialiased bilinear filter."""
    with PIL.Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGB").resize((size, size), PIL.Image.Resampling.BILINEAR))


def with_draft(data: bytes, size: int) -> object:
    """The same, with JPEGs decoded at a half, a quarter or an eighth where that leaves enough pixels."""
    with PIL.Image.open(io.BytesIO(data)) as picture:
        picture.draft("RGB", (size, size))
        return np.asarray(picture.convert("RGB").resize((size, size), PIL.Image.Resampling.BILINEAR))


def with_torchvision(data: bytes, size: int) -> object:
    """torchvision's decoder, then `F.interpolate`, which its transforms call (8 bits, antialiased)."""
    image = torch.ops.image.decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8), 3, False)
    return F.interpolate(image[None], (size, size), mode="bilinear", antialias=True)


def with_ours(data: bytes, size: int) -> object:
    """What training does: `decode_fast`, with every rule for odd files, and `squeeze`."""
    return squeeze(torch.from_numpy(decode_fast(data, "")), size)


METHODS: dict[str, Method] = {
    "Pillow": with_pillow,
    "Pillow, draft": with_draft,
    "torchvision": with_torchvision,
    "ours": with_ours,
}


def photographs(count: int) -> list[bytes]:
    """JPEG files of ants and bees, evenly chosen."""
    with zipfile.ZipFile(SHARED / "data" / "ants_bees.zip") as archive:
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


def run(method: Method, files: Sequence[bytes], size: int) -> None:
    """One contender over all files."""
    for data in files:
        method(data, size)


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    import torchvision.io  # noqa: F401 (registers the operator: the wrapper's warning at each call is not measured)

    files = photographs(options.photos)
    sets = {"photographs": files, "4000 pixels wide": [enlarged(data) for data in files[:8]]}
    rows = []
    for name, pictures in sets.items():
        for size in (224, 288):
            runs = {method: partial(run, call, pictures, size) for method, call in METHODS.items()}
            seconds = interleave(runs, options.rounds)
            best = min(value for method, value in seconds.items() if method != "ours")
            for method, value in seconds.items():
                rows.append(
                    {
                        "pictures": name,
                        "size": size,
                        "method": method,
                        "per second": round(len(pictures) / value, 1),
                        "of the best other": round(best / value, 2),
                    }
                )
    table(rows, "Decode and resize, one core")
    note = "Pictures a second on one core, from a file's bytes to uint8 pixels; medians of interleaved rounds."
    print(save("decode", rows, note))


if __name__ == "__main__":
    main()

"""Decoded examples in a folder of the cache: the images as one raw file that is mapped, not read.

    <key>/images.u8            uint8 (N, C, S, S)
    <key>/targets.safetensors  stacked: "label"; of unequal shapes: "17/boxes"
    <key>/header.json          format, shape, and the pictures left out

The key is a hash of everything that the examples depend on, so a cache is never stale, only unused, and may be
deleted at any time. A folder appears in one move when it is whole. Processes that use it at once share its pages.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor

from clearsight.core.errors import BadImage
from clearsight.core.machine import cores
from clearsight.core.pipeline import Stages
from clearsight.core.sample import Sample
from clearsight.data.examples import Made
from clearsight.data.scan import content, digest
from clearsight.data.store import Columns, Targets

FORMAT = 1
ABANDONED = 86400.0
"""Seconds without a write after which a half-written folder is taken to be a killed process's."""


@dataclass(frozen=True, eq=False)
class Cached:
    """What lies in a cache folder."""

    images: Tensor  # uint8 (N, C, S, S), mapped: writing to it changes no file
    targets: Targets
    bad: Mapping[int, BadImage]  # by index among the samples that were given


def cache_key(samples: Sequence[Sample], stages: Stages, digests: Mapping[str, str] | None = None) -> str:
    """Hash of the stages' signature, the decoders' versions and, in order, each sample's key and content.

    `digests` are those of `scan.content` by key, where they are known; the other files are read.
    """
    known = digests or {}
    with ThreadPoolExecutor(cores()) as pool:
        contents = pool.map(lambda sample: known.get(sample.key) or content(sample, digest(sample.image)), samples)
        hasher = hashlib.blake2b(digest_size=16)
        for part in (FORMAT, *map(version, ("torch", "torchvision", "pillow")), stages.signature):
            hasher.update(f"{part}\n".encode())
        for sample, own in zip(samples, contents, strict=True):
            hasher.update(repr((sample.key, own)).encode())
    return hasher.hexdigest()


def write_cache(path: Path, made: Iterable[Made], shape: Sequence[int], columns: Columns) -> None:
    """Write a cache folder in one move, each example as it comes; `shape` is one image's, `columns` takes the targets.

    Raises `OSError` where the disk is full, and leaves nothing of it.
    """
    bad: list[tuple[int, str, str]] = []
    count = 0
    with _arriving(path) as folder:
        with (folder / "images.u8").open("wb") as file:
            for index, (sample, example) in enumerate(made):
                if isinstance(example, BadImage):
                    bad.append((index, example.name, example.reason))
                    continue
                check_shape(sample, example.image, shape)
                file.write(example.image.numpy().tobytes())
                columns.append(example.target)
                count += 1
            file.flush()
            os.fsync(file.fileno())
        targets = columns.targets()
        (folder / "targets.safetensors").write_bytes(_encoded(targets))
        header = {"format": FORMAT, "shape": [count, *shape], "single": isinstance(targets, list), "bad": bad}
        (folder / "header.json").write_text(json.dumps(header), encoding="utf-8")


@contextmanager
def _arriving(path: Path) -> Iterator[Path]:
    """A folder to fill, which then takes the place of `path`. Several processes may fill one each for the same place:
    what they write is the same, so the first to be ready wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path.parent)
    folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.part-"))
    try:
        yield folder
        if read_cache(path) is None:
            shutil.rmtree(path, ignore_errors=True)  # damaged, if there
            try:
                folder.rename(path)
            except OSError:
                if read_cache(path) is None:
                    raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read_cache(path: Path) -> Cached | None:
    """What a cache folder holds, its images mapped; None where it is missing, cut short or not ours."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        header = json.loads((path / "header.json").read_text(encoding="utf-8"))
        shape, bad = [int(length) for length in header["shape"]], header["bad"]
        flat = load((path / "targets.safetensors").read_bytes())
        images = path / "images.u8"
        size = int(torch.Size(shape).numel())
        if header["format"] != FORMAT or images.stat().st_size != size or len(shape) != 4 or not shape[0]:
            return None
        targets = _split(flat, shape[0]) if header["single"] else flat
        if isinstance(targets, dict) and any(len(value) != shape[0] for value in targets.values()):
            return None
        pixels = torch.from_file(str(images), shared=False, size=size, dtype=torch.uint8).view(shape)
        return Cached(pixels, targets, {index: BadImage(name, reason) for index, name, reason in bad})
    except (OSError, ValueError, KeyError, TypeError, IndexError, SafetensorError):
        return None


def check_shape(sample: Sample, image: Tensor, shape: Sequence[int]) -> None:
    """Raise `ValueError` where an example's image is not of the shape of the others: the task's mistake."""
    if image.shape != torch.Size(shape) or image.dtype != torch.uint8:
        found = f"{image.dtype} {tuple(image.shape)}"
        raise ValueError(f"{sample.key}: its example is {found}, the first one is uint8 {tuple(shape)}")


def _encoded(targets: Targets) -> bytes:
    from safetensors.torch import save

    if isinstance(targets, list):
        items = ((f"{row}/{name}", value) for row, target in enumerate(targets) for name, value in target.items())
        return save({name: value.contiguous().clone() for name, value in items})  # it refuses shared memory
    return save({name: value.contiguous() for name, value in targets.items()})


def _split(flat: Mapping[str, Tensor], count: int) -> list[dict[str, Tensor]]:
    targets: list[dict[str, Tensor]] = [{} for _ in range(count)]
    for name, value in flat.items():
        row, _, field = name.partition("/")
        targets[int(row)][field] = value
    return targets


def _sweep(folder: Path) -> None:
    """Remove what killed processes left half-written long ago."""
    for left in folder.glob(".*.part-*"):
        try:
            newest = max(entry.stat().st_mtime for entry in (left, *left.iterdir()))
            if time.time() - newest > ABANDONED:
                shutil.rmtree(left)
        except OSError:  # another process was quicker
            continue

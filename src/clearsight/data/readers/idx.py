"""The MNIST family's idx files, gzipped or not, in a folder or a zip.

A set is `train-images-idx3-ubyte` with `train-labels-idx1-ubyte`, and the same for `t10k`. EMNIST puts its
name in front, some copies write a dot for the hyphen, torchvision keeps them in `raw/`.
Format: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits.
"""

from __future__ import annotations

import gzip
import io
import math
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from clearsight.core.errors import InputError
from clearsight.core.reader import DataInfo, Evidence, Location, by_split
from clearsight.core.sample import Array, Sample, printable
from clearsight.data.readers.names import few
from clearsight.data.readers.rows import RowImage, member_stamp
from clearsight.data.tree import Tree, is_tree, open_tree

MAX_BYTES = 4 * 2**30
"""Size beyond which an idx file is refused before it is unpacked; EMNIST's largest has half a GiB."""

_IMAGES = re.compile(r"^(?P<stem>[^/]*?)(?P<what>images)(?P<end>[-._]idx3[-.]ubyte)(\.gz)?$", re.IGNORECASE)


@dataclass(frozen=True)
class _Pair:
    """The two files of a split."""

    images: str
    labels: str


def sniff(location: Location) -> Evidence | None:
    """Certain where a file of pictures in idx format lies."""
    if not is_tree(location.path):
        return None
    tree = open_tree(location.path)
    found = [name for name in tree.files if _IMAGES.match(name.removeprefix(tree.heart))]
    return Evidence(0.98, f"MNIST's idx files: {few(found)}") if found else None


def info(location: Location) -> DataInfo:
    """Splits, labels. Raises `InputError` for a damaged file, or as many labels as there are not pictures."""
    tree = open_tree(location.path)
    counts: dict[str, int] = {}
    values: set[int] = set()
    for split, pair in _pairs(tree).items():
        with _unpacked(tree.read(pair.images), _shown(tree, pair.images)) as stream:
            counts[split] = _shape(stream, _shown(tree, pair.images), 3)[0]
        targets = _targets(tree, pair.labels)
        if len(targets) != counts[split]:
            pictures = f"{_shown(tree, pair.images)} holds {counts[split]:,} pictures"
            raise InputError(f"{pictures}, {_shown(tree, pair.labels)} {len(targets):,} labels; one of them is wrong")
        values.update(targets.tolist())
    labels = tuple(str(value) for value in sorted(values))
    return DataInfo("idx", counts, labels, frozenset({"labels"}))


def read(location: Location, split: str) -> Iterator[Sample]:
    """The pictures of a split in the file's order, keys "train/00000" and on."""
    tree = open_tree(location.path)
    pair = _pairs(tree).get(split)
    if pair is None:
        return
    pictures = table(location.path, pair.images)  # here, so that a damaged file is one error and not 60,000
    for index, target in zip(range(len(pictures)), _targets(tree, pair.labels).tolist(), strict=True):
        image = RowImage(table, location.path, pair.images, index)
        yield Sample(f"{split}/{index:05d}", image, labels=(str(target),))


def table(path: Path, member: str) -> Array:
    """All pictures of an idx file, uint8 (N, H, W), read once per process. Raises `InputError`."""
    return _table(path, member, member_stamp(path, member))


@lru_cache(maxsize=4)
def _table(path: Path, member: str, _stamp: tuple[int, int]) -> Array:
    tree = open_tree(path)
    pixels = decode(tree.read(member), _shown(tree, member), 3)
    if "emnist" in member.lower():
        return pixels.transpose(0, 2, 1)  # EMNIST's files hold every letter on its side
    return pixels


def decode(data: bytes, name: str, dimensions: int) -> Array:
    """The uint8 array of an idx file's bytes. Raises `InputError` where it is another thing or cut short."""
    with _unpacked(data, name) as stream:
        shape = _shape(stream, name, dimensions)
        size = math.prod(shape)
        body = _read(stream, size + 1, name)
    if len(body) != size:
        has = "more than that" if len(body) > size else f"{len(body):,}"
        raise InputError(f"{name} is damaged: its header promises {size:,} bytes, it holds {has}; download it again")
    return np.frombuffer(body, np.uint8).reshape(shape)


def _pairs(tree: Tree) -> dict[str, _Pair]:
    """The files of each split, in the order of the splits. Raises `InputError` where they are not clear."""
    files = set(tree.files)
    found: dict[str, _Pair] = {}
    for name in tree.files:
        match = _IMAGES.match(name.removeprefix(tree.heart))
        if match is None or (name.lower().endswith(".gz") and name[:-3] in files):
            continue  # unpacked beside its .gz, as torchvision leaves it
        split = _split(match["stem"])
        if split is None:
            raise InputError(f"{_shown(tree, name)}: its name must say train, val, test or t10k")
        plain = f"{match['stem']}labels{match['end'].replace('3', '1')}"
        beside = (f"{tree.heart}{plain}{end}" for end in ("", ".gz"))
        labels = next((candidate for candidate in beside if candidate in files), None)
        if labels is None:
            raise InputError(f"{_shown(tree, name)} has no labels beside it; put {plain} there")
        if split in found:
            both = f"{found[split].images} and {name}"
            raise InputError(f"{_shown(tree, '')} holds several sets, {both}; put one into a folder of its own")
        found[split] = _Pair(name, labels)
    if not found:
        raise InputError(f"{_shown(tree, '')} holds no idx file such as train-images-idx3-ubyte.gz")
    return by_split(found)


def _split(stem: str) -> str | None:
    lowered = stem.lower()
    known = {"train": "train", "t10k": "test", "test": "test", "val": "val"}
    return next((split for word, split in known.items() if word in lowered), None)


def _targets(tree: Tree, member: str) -> Array:
    return decode(tree.read(member), _shown(tree, member), 1)


def _unpacked(data: bytes, name: str) -> BinaryIO:
    if not data:
        raise InputError(f"{name} is empty; download it again")
    if data[:2] == b"\x1f\x8b":
        return cast(BinaryIO, gzip.GzipFile(fileobj=io.BytesIO(data)))
    return io.BytesIO(data)


def _shape(stream: BinaryIO, name: str, dimensions: int) -> tuple[int, ...]:
    """The header: two zeros, 8 for unsigned bytes, the number of dimensions, then sizes as big-endian uint32."""
    magic = _read(stream, 4, name)
    if magic != bytes((0, 0, 8, dimensions)):
        wanted = f"00 00 08 {dimensions:02d}"
        has = f"it starts {magic.hex(' ')}, not {wanted}"
        raise InputError(f"{name} is no idx file of bytes in {dimensions} dimensions: {has}")
    sizes = _read(stream, 4 * dimensions, name)
    if len(sizes) < 4 * dimensions:
        raise InputError(f"{name} is cut short within its header; download it again")
    shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
    if math.prod(shape) > MAX_BYTES or 0 in shape:
        raise InputError(f"{name} is damaged: its header speaks of {' x '.join(map(str, shape))} values")
    return shape


def _read(stream: BinaryIO, size: int, name: str) -> bytes:
    try:
        return stream.read(size)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{name} is damaged or cut short ({error}); download it again") from None


def _shown(tree: Tree, member: str) -> str:
    return printable(str(tree.path / member))

"""CIFAR-10 and CIFAR-100 in their official binary layout: a folder, a zip, or the .tar.gz, read in place.

A record is one byte of label (CIFAR-100: superclass, then class) and 3×32×32 bytes, the red plane first.
Source: A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009;
https://www.cs.toronto.edu/~kriz/cifar.html
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

import numpy as np

from clearsight.core.errors import InputError
from clearsight.core.reader import DataInfo, Evidence, Location
from clearsight.core.sample import Array, Sample, printable
from clearsight.data.readers.rows import RowImage, member_stamp
from clearsight.data.tree import MAX_MEMBER, is_tree, open_tree, stamp

PIXELS = 3 * 32 * 32
COARSE_NAMES = "coarse_label_names.txt"


@dataclass(frozen=True)
class _Layout:
    """One of the two sets: its batches by split, the label bytes of a record, the list of names."""

    splits: Mapping[str, tuple[str, ...]]
    label_bytes: int
    names: str
    classes: int

    @property
    def batches(self) -> tuple[str, ...]:
        return tuple(name for batches in self.splits.values() for name in batches)


CIFAR10 = _Layout(
    {"train": tuple(f"data_batch_{number}.bin" for number in range(1, 6)), "test": ("test_batch.bin",)},
    label_bytes=1,
    names="batches.meta.txt",
    classes=10,
)
CIFAR100 = _Layout(
    {"train": ("train.bin",), "test": ("test.bin",)},
    label_bytes=2,
    names="fine_label_names.txt",
    classes=100,
)
_OWN = frozenset({*CIFAR10.batches, *CIFAR100.batches, CIFAR10.names, CIFAR100.names, COARSE_NAMES})


def sniff(location: Location) -> Evidence | None:
    """Certain where the official file names are found; of a tar, the first file's name is looked at."""
    path = location.path
    if is_tree(path):
        names = set(_members(path))
        if names & set(CIFAR10.batches) or {"train.bin", CIFAR100.names} <= names:
            return Evidence(0.98, "CIFAR's binary batches")
    elif _is_tar(path) and _first_file(path) in _OWN:
        return Evidence(0.98, "CIFAR's binary batches in a tar")
    return None


def info(location: Location) -> DataInfo:
    """Splits and class names. Raises `InputError` for a file missing, cut short or none of CIFAR's."""
    path = location.path
    members = _members(path)
    layout = _layout(path, members)
    labels, note = _names(path, members, layout.names, layout.classes)
    counts: dict[str, int] = {}
    for split, batches in layout.splits.items():
        present = [name for name in batches if name in members]
        missing = sorted(set(batches) - set(present))
        if present and missing:
            raise InputError(f"{printable(str(path))} lacks {', '.join(missing)}; download it again")
        if present:
            counts[split] = sum(len(_records(path, members[name])) for name in present)
    columns = ("superclass",) if layout is CIFAR100 else ()
    return DataInfo("cifar", counts, labels, frozenset({"labels"}), columns, notes=(note,) if note else ())


def read(location: Location, split: str) -> Iterator[Sample]:
    """The pictures of a split in the files' order, keys "data_batch_1/00000" and on."""
    path = location.path
    members = _members(path)
    layout = _layout(path, members)
    labels, _ = _names(path, members, layout.names, layout.classes)
    coarse, _ = _names(path, members, COARSE_NAMES, 20) if layout is CIFAR100 else ((), None)
    for name in layout.splits.get(split, ()):
        if name not in members:
            continue
        targets = _records(path, members[name])[:, : layout.label_bytes]
        _check_targets(targets, (len(coarse), len(labels))[-layout.label_bytes :], path / members[name])
        for index, target in enumerate(targets.tolist()):
            extra = {"superclass": coarse[target[0]]} if coarse else {}
            image = RowImage(table, path, members[name], index)
            key = f"{name.removesuffix('.bin')}/{index:05d}"
            yield Sample(key, image, labels=(labels[target[-1]],), extra=extra)


def table(path: Path, member: str) -> Array:
    """All pictures of a batch, uint8 (N, 32, 32, 3), a view of the file's bytes. Raises `InputError`."""
    planes = _records(path, member)[:, -PIXELS:].reshape(-1, 3, 32, 32)
    return planes.transpose(0, 2, 3, 1)


def _records(path: Path, member: str) -> Array:
    """A batch as uint8 (N, label bytes + 3072), read once per process."""
    return _read_records(path, member, member_stamp(path, member))


@lru_cache(maxsize=12)
def _read_records(path: Path, member: str, _stamp: tuple[int, int]) -> Array:
    layout = CIFAR100 if PurePosixPath(member).name in CIFAR100.batches else CIFAR10
    data, length = _bytes(path, member), layout.label_bytes + PIXELS
    if not data or len(data) % length:
        where = printable(str(path / member))
        what = f"{len(data):,} bytes are no multiple of {length:,}"
        raise InputError(f"{where} is cut short: {what}; download it again")
    return np.frombuffer(data, np.uint8).reshape(-1, length)


def _check_targets(targets: Array, classes: tuple[int, ...], file: Path) -> None:
    high = targets.max(axis=0)
    if (high >= np.array(classes)).any():
        where = printable(str(file))
        raise InputError(f"{where} has a label {high.max()}, beyond the names of its classes; download it again")


def _layout(path: Path, members: Mapping[str, str]) -> _Layout:
    for layout in (CIFAR10, CIFAR100):
        if any(name in members for name in layout.batches):
            return layout
    place = printable(str(path))
    raise InputError(f"{place} holds none of CIFAR's binary batches such as data_batch_1.bin or train.bin")


def _names(path: Path, members: Mapping[str, str], file: str, classes: int) -> tuple[tuple[str, ...], str | None]:
    """Class names from the set's own list, else numbers and a note that says so."""
    if file in members:
        return tuple(_bytes(path, members[file]).decode("utf-8", "replace").split()), None
    note = f"{printable(str(path))} lacks {file}; the classes are called by their numbers"
    return tuple(map(str, range(classes))), note


def _members(path: Path) -> dict[str, str]:
    """CIFAR's own files: bare name -> name within the place."""
    if not is_tree(path):
        return {PurePosixPath(name).name: name for name in _read_tar(path, stamp(path))}
    tree = open_tree(path)
    names = {name.removeprefix(tree.heart): name for name in tree.files}
    return {name: names[name] for name in sorted(_OWN & names.keys())}


def _bytes(path: Path, member: str) -> bytes:
    return open_tree(path).read(member) if is_tree(path) else _read_tar(path, stamp(path))[member]


@lru_cache(maxsize=1)
def _read_tar(path: Path, _stamp: tuple[int, int]) -> Mapping[str, bytes]:
    """One pass through the archive: seeking in a .tar.gz would unpack it anew for every file."""
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                own = PurePosixPath(member.name).name in _OWN
                if own and member.size <= MAX_MEMBER and (content := archive.extractfile(member)):
                    files[member.name] = content.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise _damaged(path, error) from None
    return files


def _is_tar(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith((".tar", ".tar.gz", ".tgz"))


def _first_file(path: Path) -> str | None:
    try:
        with tarfile.open(path, "r|*") as archive:
            first = next((member for member in archive if member.isfile()), None)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise _damaged(path, error) from None
    return PurePosixPath(first.name).name if first else None


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(f"{printable(str(path))} is damaged or cut short ({error}); download it again")

"""CIFAR-10 and CIFAR-100 in their official layouts, binary or Python's: a folder, a zip, or the .tar.gz, read in place.

A binary record is one byte of label (CIFAR-100: superclass, then class) and 3×32×32 bytes, the red plane first;
`cifar_python` makes such records of the pickles.
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
from clearsight.data.readers import cifar_python
from clearsight.data.readers.cifar_python import PIXELS
from clearsight.data.readers.rows import RowImage, member_stamp
from clearsight.data.tree import is_tree, open_tree, stamp


@dataclass(frozen=True)
class _Layout:
    """One of the two sets in one of two layouts: its batches by split, and for each label of a record how many classes
    there are, the file that names them, and in a pickle their list and the batches' list of labels."""

    splits: Mapping[str, tuple[str, ...]]
    classes: tuple[int, ...]
    names: tuple[str, ...]
    lists: tuple[str, ...] = ()  # of a pickle; none in the binary layout
    targets: tuple[str, ...] = ()

    @property
    def label_bytes(self) -> int:
        return len(self.classes)

    @property
    def batches(self) -> tuple[str, ...]:
        return tuple(name for batches in self.splits.values() for name in batches)


_FIVE = range(1, 6)
CIFAR10 = _Layout(
    {"train": tuple(f"data_batch_{number}.bin" for number in _FIVE), "test": ("test_batch.bin",)},
    classes=(10,),
    names=("batches.meta.txt",),
)
CIFAR100 = _Layout(
    {"train": ("train.bin",), "test": ("test.bin",)},
    classes=(20, 100),
    names=("coarse_label_names.txt", "fine_label_names.txt"),
)
CIFAR10_PYTHON = _Layout(
    {"train": tuple(f"data_batch_{number}" for number in _FIVE), "test": ("test_batch",)},
    classes=(10,),
    names=("batches.meta",),
    lists=("label_names",),
    targets=("labels",),
)
CIFAR100_PYTHON = _Layout(
    {"train": ("train",), "test": ("test",)},
    classes=(20, 100),
    names=("meta", "meta"),
    lists=("coarse_label_names", "fine_label_names"),
    targets=("coarse_labels", "fine_labels"),
)
LAYOUTS = (CIFAR10, CIFAR100, CIFAR10_PYTHON, CIFAR100_PYTHON)
_OWN = frozenset(name for layout in LAYOUTS for name in (*layout.batches, *layout.names))
_BESIDE = frozenset({"readme.html", "file.txt~"})
"""What else lies in the official archives, perhaps first."""

_COMMON = frozenset({"train", "test", "meta"})
"""Names of CIFAR's that files of others bear as well."""

ROW = 3_200
"""Bytes beyond which a picture's part of a batch is none of CIFAR's: a record has 3,074, in a pickle 3,105."""


def sniff(location: Location) -> Evidence | None:
    """Certain where the official file names are found; of a tar, the first file's name is looked at."""
    path = location.path
    if is_tree(path):
        names = set(_members(path))
        if names & {*CIFAR10.batches, *CIFAR10_PYTHON.batches}:
            return Evidence(0.98, "CIFAR-10's batches")
        if {"train.bin", "fine_label_names.txt"} <= names or {"train", "meta"} <= names:
            return Evidence(0.98, "CIFAR-100's batches")
    elif _is_tar(path) and _begins_well(path):
        return Evidence(0.98, "CIFAR's batches in a tar")
    return None


def info(location: Location) -> DataInfo:
    """Splits and class names. Raises `InputError` for a file missing, cut short or none of CIFAR's."""
    path = location.path
    members = _members(path)
    layout = _layout(path, members)
    labels, note = _names(path, members, layout, -1)
    counts: dict[str, int] = {}
    for split, batches in layout.splits.items():
        present = [name for name in batches if name in members]
        missing = sorted(set(batches) - set(present))
        if present and missing:
            raise InputError(f"{printable(str(path))} lacks {', '.join(missing)}; download it again")
        if present:
            counts[split] = sum(len(_records(path, members[name])) for name in present)
    columns = ("superclass",) if layout.label_bytes > 1 else ()
    return DataInfo("cifar", counts, labels, frozenset({"labels"}), columns, notes=(note,) if note else ())


def read(location: Location, split: str) -> Iterator[Sample]:
    """The pictures of a split in the files' order, keys "data_batch_1/00000" and on."""
    path = location.path
    members = _members(path)
    layout = _layout(path, members)
    labels, _ = _names(path, members, layout, -1)
    coarse, _ = _names(path, members, layout, 0) if layout.label_bytes > 1 else ((), None)
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
    name = PurePosixPath(member).name
    layout = next(layout for layout in LAYOUTS if name in layout.batches)
    data, length = _bytes(path, member), layout.label_bytes + PIXELS
    if layout.targets:
        return cifar_python.records(data, str(path / member), layout.targets)
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
    for layout in LAYOUTS:
        if any(name in members for name in layout.batches):
            return layout
    place = printable(str(path))
    raise InputError(
        f"{place} holds none of CIFAR's batches such as data_batch_1, data_batch_1.bin, train or train.bin"
    )


def _names(path: Path, members: Mapping[str, str], layout: _Layout, which: int) -> tuple[tuple[str, ...], str | None]:
    """Names of the classes that a record's label stands for, from the set's own list, else numbers and a note."""
    file = layout.names[which]
    if file not in members:
        note = f"{printable(str(path))} lacks {file}; the classes are called by their numbers"
        return tuple(map(str, range(layout.classes[which]))), note
    data = _bytes(path, members[file])
    if layout.lists:
        return cifar_python.names(data, str(path / members[file]), layout.lists[which]), None
    return tuple(data.decode("utf-8", "replace").split()), None


def _members(path: Path) -> dict[str, str]:
    """CIFAR's own files: bare name -> name within the place."""
    if not is_tree(path):
        return {name: member for name, (member, _) in _read_tar(path, stamp(path)).items()}
    tree = open_tree(path)
    names = {name.removeprefix(tree.heart): name for name in tree.files}
    return {name: names[name] for name in sorted(_OWN & names.keys())}


def _bytes(path: Path, member: str) -> bytes:
    if is_tree(path):
        return open_tree(path).read(member)
    return _read_tar(path, stamp(path))[PurePosixPath(member).name][1]


@lru_cache(maxsize=1)
def _read_tar(path: Path, _stamp: tuple[int, int]) -> Mapping[str, tuple[str, bytes]]:
    """CIFAR's own files by their bare names, each with its whole name and its bytes. One pass through the archive:
    seeking in a .tar.gz would unpack it anew for every file. Raises `InputError` where one is there twice or larger than
    it can be."""
    files: dict[str, tuple[str, bytes]] = {}
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                if name not in _OWN or not member.isreg():
                    continue
                if name in files:
                    both = printable(f"{files[name][0]} and {member.name}")
                    raise InputError(f"{printable(str(path))} holds two sets, {both}; give a tar of one")
                if member.size > _most(name):
                    what = f"{member.size:,} bytes, more than CIFAR's"
                    raise InputError(f"{printable(str(path / member.name))} has {what}; download it again")
                if content := archive.extractfile(member):
                    files[name] = member.name, content.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise _damaged(path, error) from None
    return files


def _is_tar(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith((".tar", ".tar.gz", ".tgz"))


def _most(name: str) -> int:
    """Bytes that a file of CIFAR's may have."""
    if name in (*CIFAR100.splits["train"], *CIFAR100_PYTHON.splits["train"]):
        return 50_000 * ROW
    return 10_000 * ROW if any(name in layout.batches for layout in LAYOUTS) else 2**20


def _begins_well(path: Path) -> bool:
    """Whether the first file is called as only CIFAR's are; of common names, train and meta must be among the first."""
    seen: set[str] = set()
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                if not member.isfile() or name in _BESIDE:
                    continue
                if name not in _COMMON or name in seen or member.size > _most(name):
                    return name in _OWN - _COMMON
                seen.add(name)
                if {"train", "meta"} <= seen:
                    return True
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise _damaged(path, error) from None
    return False


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(f"{printable(str(path))} is damaged or cut short ({error}); download it again")

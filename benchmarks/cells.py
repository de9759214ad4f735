"""Tables whose cells each take a training: one that was stopped goes on with the cells that are missing."""

from __future__ import annotations

import gzip
import json
import struct
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from common import RESULTS, save

Cell = tuple[str, ...]


def measured(name: str) -> dict[str, Any]:
    """What `results/<name>.json` holds; {"rows": []} where there is none."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"rows": []}


def fill(
    name: str, columns: Cell, note: str, todo: Mapping[Cell, Callable[[], Mapping[str, Any]]], keep: bool
) -> list[dict[str, Any]]:
    """The rows of a table, one for each cell of `todo`, whose values in `columns` name it; each is measured by its
    function, and written at once where `keep` says so, unless it lies there already for the same note."""
    before = measured(name)
    there = before["rows"] if before.get("note") == note and keep else []
    rows = {tuple(row[column] for column in columns): row for row in there}
    for number, (cell, run) in enumerate(todo.items(), 1):
        if cell in rows:
            continue
        print(f"{number} of {len(todo)}: {' '.join(cell)}", flush=True)
        rows[cell] = {**dict(zip(columns, cell, strict=True)), **run()}
        if keep:
            save(name, [rows[known] for known in todo if known in rows], note)
    return [rows[cell] for cell in todo]


def part_of_mnist(folder: Path, to: Path, train: int, test: int) -> Path:
    """The first so many pictures of either split, in MNIST's own format."""
    to.mkdir(parents=True)
    for split, count in (("train", train), ("t10k", test)):
        for kind, header in (("images-idx3", 16), ("labels-idx1", 8)):
            name = f"{split}-{kind}-ubyte.gz"
            with gzip.open(folder / name) as file:
                magic, _, *sides = struct.unpack(f">{header // 4}I", file.read(header))
                values = file.read(count * (sides[0] * sides[1] if sides else 1))
            content = struct.pack(f">{header // 4}I", magic, count, *sides) + values
            (to / name).write_bytes(gzip.compress(content, mtime=0))
    return to


def part_of_zip(data: Path, to: Path, train: int, test: int) -> Path:
    """A zip with so many pictures of either split of another, as many of each class."""
    with zipfile.ZipFile(data) as archive, zipfile.ZipFile(to, "w") as part:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        places = ["/".join(PurePosixPath(name).parts[-3:-1]) for name in names]  # split and class
        classes = len({place.split("/")[1] for place in places})
        taken: Counter[str] = Counter()
        for name, place in zip(names, places, strict=True):
            taken[place] += 1
            if taken[place] * classes <= (train if place.startswith("train") else test):
                part.writestr(name, archive.read(name))
    return to

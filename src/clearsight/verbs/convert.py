"""Write a data set in another format, and prove that it reads the same.

Pictures that are files are copied byte for byte, others are written as PNG. What was written is read again and compared,
box by box, before the folder takes its name: where anything differs nothing is written, and the exit code is 1. What the
format cannot hold, such as crowds in YOLO's, is counted and named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from clearsight.core.errors import InputError
from clearsight.core.options import DataOptions
from clearsight.core.registry import names
from clearsight.data.open import Dataset, open_data
from clearsight.data.readers.names import count, few
from clearsight.data.write import FIELDS, Written, labels_of, write_data
from clearsight.verbs.progress import bar
from clearsight.verbs.run_folder import run_name

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

SUMMARY = "Write a data set in another format, and prove that it reads the same."

ITEMS = 5
"""Differences, and pictures that cannot be read, that are shown one by one."""


class Options(DataOptions):
    """Options of `clearsight convert`."""

    data: str = Field(description="Folder, zip, table or name of the data to write anew.")
    to: str | None = Field(
        None,
        description="Format to write: coco, voc, yolo, boxes, labelme, cvat, labelstudio, masks, object-masks, cityscapes, "
        "folder or table.",
    )
    output: Path | None = Field(None, description="Folder to write; by default called after the data and the format.")
    splits: str | None = Field(None, description="Splits to write, by commas; by default all.")
    overwrite: bool = Field(False, description="Replace the folder, and all that is in it, where it is not empty.")


@dataclass(frozen=True)
class ConvertOutcome:
    """What was written, what could not be, and how it reads."""

    dataset: Dataset
    format: str
    folder: Path
    written: Written

    @property
    def exit_code(self) -> int:
        """1 where something is read otherwise than it was written, or a picture cannot be read."""
        return int(not self.written.stands or bool(self.written.bad))

    def counts(self) -> dict[str, dict[str, Any]]:
        """Pictures, boxes, masks and labels of each split, and of each class."""
        found: dict[str, dict[str, Any]] = {}
        for split, placed in self.written.pictures.items():
            found[split] = {"pictures": len(placed)}
            for name in FIELDS:
                counts = Counter(dict.fromkeys(self.dataset.info.classes(name), 0))  # in the order of the classes
                counts.update(label for picture in placed for label in labels_of(picture, name))
                found[split][name] = {label: number for label, number in counts.items() if number}
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        comparison = self.written.comparison
        counts = {name: getattr(comparison, name) for name in ("pictures", "boxes", "masks", "labels")}
        return {
            "data": self.dataset.name,
            "from": self.dataset.format,
            "to": self.format,
            "output": str(self.folder) if self.written.stands else None,
            "splits": self.counts(),
            "lost": {what: dict(where) for what, where in self.written.lost.kinds.items()},
            "notes": list(self.dataset.info.notes),
            "faults": [asdict(fault) for fault in self.dataset.info.faults],
            "bad_pictures": [{"name": item.name, "reason": item.reason} for item in self.written.bad],
            "read_back": counts,
            "largest_difference": comparison.largest,
            "differences": list(comparison.differences),
        }

    def show(self, console: Console) -> None:
        """Counts, what was lost, and how it reads."""

        def say(text: str, style: str | None = None) -> None:
            console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

        say(f"{self.dataset.name}, read as {self.dataset.format}, to {self.format}:")
        counts = self.counts()
        both = all(row["boxes"] == row["masks"] for row in counts.values())  # of the same objects: one table will do
        for name in FIELDS:
            title = "boxes and masks" if both and name == "boxes" else name
            table = _table(counts, name, self.dataset.info.classes(name), title)
            if table is not None and not (both and name == "masks"):
                console.print(table)
        for note in _notes(self.dataset):
            say(f"· note {note}", "dim")
        for what, where in self.written.lost.kinds.items():
            say(f"▲ not taken over: {what}, {where.total():,} in all ({few(list(where))})", "yellow")
        for item in self.written.bad[:ITEMS]:
            say(f"✖ not written: {item}", "red")
        if more := len(self.written.bad[ITEMS:]):
            say(f"✖ and {count(more, 'more picture')} not written (--json names all)", "red")
        self._show_comparison(say)

    def _show_comparison(self, say: Any) -> None:
        comparison = self.written.comparison
        if self.written.stands:
            found = [count(comparison.pictures, "picture")]
            if comparison.boxes:
                off = (
                    f", no corner off by more than {comparison.largest:.0e} px"
                    if comparison.largest
                    else " to the last digit"
                )
                found.append(f"{comparison.boxes:,} boxes{off}")
            if comparison.masks:
                found.append(f"{count(comparison.masks, 'mask')} to the last pixel")
            if comparison.labels:
                found.append(count(comparison.labels, "label"))
            what = "all that was written" if self.written.lost.kinds or self.written.bad else "all"
            say(f"Read back, {what} is the same: {', '.join(found)}.", "green")
            say(f"written {self.folder}")
            return
        for text in comparison.differences[:ITEMS]:
            say(f"✖ {text}", "red")
        more = len(comparison.differences[ITEMS:])
        also = f" and {more:,} more (--json names all)" if more else ""
        say(f"Read back, it differs{also}: nothing was written.", "red")


def run(options: Options) -> ConvertOutcome:
    """Read, write, read back and compare. Raises `InputError` where nothing can be written."""
    known = ", ".join(names("writers"))
    if options.to not in names("writers"):
        said = f"--to {options.to}: there is no such format" if options.to else "--to says the format to write"
        raise InputError(f"{said}; it is one of {known}")
    dataset = open_data(options.data, **options.reading())
    folder = options.output or Path(f"{run_name(options.data, None)}-{options.to}")
    splits = None if options.splits is None else [split.strip() for split in options.splits.split(",")]
    with bar(f"Writing {folder}") as progress:
        written = write_data(dataset, options.to, folder, splits=splits, overwrite=options.overwrite, progress=progress)
    return ConvertOutcome(dataset, options.to, folder, written)


def _notes(dataset: Dataset) -> list[str]:
    """What its reader says of the data, for a person: notes, and faults of its annotations with the first few of each."""
    faults = (
        f"{fault.what} were {fault.done}, {len(fault.items):,} of {fault.total:,}: {few(list(fault.items))}"
        for fault in dataset.info.faults
    )
    return [*dataset.info.notes, *faults]


def _table(counts: Mapping[str, Mapping[str, Any]], what: str, classes: Sequence[str], title: str) -> Table | None:
    """Boxes, masks or labels by class and split, and pictures; None where there are none."""
    from rich.table import Table
    from rich.text import Text

    used = {label for row in counts.values() for label in row[what]}
    labels = [*(label for label in classes if label in used), *sorted(used - set(classes))]
    if not labels:
        return None
    table = Table(f"{title} of class", box=None, header_style="bold")
    for split in counts:
        table.add_column(split, justify="right")
    for label in labels:
        table.add_row(Text(label), *(f"{row[what].get(label, 0):,}" for row in counts.values()))
    totals = {"in all": [sum(row[what].values()) for row in counts.values()]}
    totals["pictures"] = [row["pictures"] for row in counts.values()]
    for name, numbers in totals.items():
        table.add_row(Text(name, "bold"), *(f"{number:,}" for number in numbers))
    return table

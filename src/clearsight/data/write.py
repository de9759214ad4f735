"""From a data set to a folder in another format: pictures copied, annotations written, all of it read back and compared.

The folder takes its name when everything in it is complete and right: before that it is a hidden one beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clearsight.core.errors import BadImage, InputError
from clearsight.core.files import replacing_folder
from clearsight.core.reader import SPLITS
from clearsight.core.registry import find, names
from clearsight.core.sample import FileImage, Masks, Sample
from clearsight.core.writer import Placed, Writer
from clearsight.data.open import Dataset
from clearsight.data.read_back import Comparison, read_back
from clearsight.data.writers.keeping import Keeping, Lost
from clearsight.data.writers.naming import Names
from clearsight.data.writers.pictures import encode
from clearsight.data.writers.putting import put

FIELDS = ("boxes", "masks", "labels")
"""What writers write of a sample, beside its picture and further columns."""


@dataclass
class Written:
    """What was written, and how it reads."""

    pictures: dict[str, list[Placed]] = field(default_factory=dict)  # by split, in their order
    lost: Lost = field(default_factory=Lost)  # what the format cannot hold
    bad: list[BadImage] = field(default_factory=list)  # pictures that cannot be read, and so were not written
    comparison: Comparison = field(default_factory=Comparison)

    def borne(self, classes: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
        """The classes of each field that something bears; the others are noted as lost."""
        found = {}
        for name, labels in classes.items():
            if name == "masks" and any(m.kind == "semantic" for m in self._masks()):
                found[name] = tuple(labels)  # which of them are borne only its pixels tell
                continue
            used = {
                label for placed in self.pictures.values() for picture in placed for label in labels_of(picture, name)
            }
            found[name] = tuple(label for label in labels if label in used)
            for label in labels:
                self.lost.add("classes that nothing bears", label, int(label not in used))
        return found

    def _masks(self) -> list[Masks]:
        samples = (picture.sample for placed in self.pictures.values() for picture in placed)
        return [sample.masks for sample in samples if sample.masks is not None]

    @property
    def stands(self) -> bool:
        """Whether the folder is there: it is not where something is read otherwise than it was to be written."""
        return not self.comparison.differences


class _Differs(Exception):  # noqa: N818
    """Leaves the folder that is being filled, so that it goes."""


def write_data(
    dataset: Dataset,
    format: str,
    folder: Path,
    *,
    splits: Sequence[str] | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Written:
    """Write a data set, or some of its splits, into a folder. Where the folder holds something, `overwrite` replaces it.

    Raises `InputError` for a format or a split that there is not, data of which the format can hold nothing, and a folder
    that must not be written.
    """
    writer: Writer = find("writers", format)
    fields = holdable(dataset, writer.HOLDS)
    if not fields:
        raise InputError(_nothing(dataset, format, writer.HOLDS))
    for split in splits or ():
        if split not in dataset.info.splits:
            raise InputError(f"--splits {split}: {dataset.name} has {', '.join(dataset.info.splits)}")
    check_folder(folder, dataset, overwrite)
    chosen = [split for split in SPLITS if split in (splits or dataset.info.splits)]
    if splits is not None:
        fields = _borne(dataset, chosen, fields)
    keeping = Keeping(writer.HOLDS, fields, writer.TAKEN, dataset.info.classes("masks"))
    keeping = keeping.suited(sample for split in chosen for sample in dataset.stream(split))
    written = Written()
    try:
        with replacing_folder(folder) as new:
            copying = _Copying(dataset, writer, keeping, new, folder, written, progress)
            for split in chosen:
                copying.split(split)
            if not written.pictures:
                raise InputError(_no_picture(dataset, format, written))
            classes = {name: _classes(dataset, name, written.pictures) for name in FIELDS if name in keeping.fields}
            if "classes" not in writer.HOLDS:
                classes = written.borne(classes)
            writer.write(new, written.pictures, classes)
            written.comparison = read_back(new, format, written.pictures, classes, keeping)
            if not written.stands:
                raise _Differs
    except _Differs:
        pass
    return written


def check_folder(folder: Path, dataset: Dataset, overwrite: bool) -> None:
    """Raises `InputError` where a folder must not be written: it is a file, holds something, or has to do with the data."""
    here, source = folder.resolve(), dataset.location.path.resolve()
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--output {folder} is a file; name a folder")
    if source.exists() and source.is_relative_to(here):
        raise InputError(f"--output {folder} holds the data itself; name another folder")
    if source.is_dir() and here.is_relative_to(source):
        raise InputError(f"--output {folder} lies among the data, and would be read as part of it; name another folder")
    if not overwrite and folder.is_dir() and any(folder.iterdir()):
        raise InputError(f"--output {folder} is not empty; name another folder, or say --overwrite to replace it")


@dataclass
class _Copying:
    """Copies pictures into the new folder, split by split, and notes what becomes of each sample."""

    dataset: Dataset
    writer: Writer
    keeping: Keeping
    new: Path
    folder: Path  # what the new one is to replace
    written: Written
    progress: Callable[[int, int], None] | None
    names: Names = field(default_factory=Names)
    done: int = 0

    def split(self, split: str) -> None:
        """All samples of a split."""
        total = sum(count or 0 for count in self.dataset.info.splits.values())
        for sample in self.dataset.stream(split):
            self._sample(sample, split)
            self.done += 1
            if self.progress is not None:
                self.progress(self.done, max(total, self.done))

    def _sample(self, sample: Sample, split: str) -> None:
        if isinstance(sample.image, FileImage) and sample.image.path.resolve().is_relative_to(self.folder.resolve()):
            raise InputError(f"--output {self.folder} holds pictures of the data itself; name another folder")
        try:
            picture = encode(sample)
            kept = self.keeping.keep(sample, picture.size)
            self.written.lost.compare(sample, kept, self.keeping)
        except BadImage as error:
            self.written.bad.append(error)
            return
        if kept is None:
            return
        place = self.writer.place(kept, split, self.names.name(sample.key, picture.ending))
        put(self.new / place, picture.data)
        placed = Placed(kept, place, picture.size, picture.digest)
        self.written.pictures.setdefault(split, []).append(placed)


def holdable(dataset: Dataset, holds: frozenset[str]) -> frozenset[str]:
    """What of the data a format can hold of `FIELDS`. Masks of objects may also be painted as the class of each pixel."""
    fields = dataset.info.annotated & holds & set(FIELDS)
    own = "masks" if dataset.info.instances else "semantic"
    if "masks" in dataset.info.annotated and {own, "semantic"} & holds:
        return fields | {"masks"}
    return fields - {"masks"}


def _borne(dataset: Dataset, splits: Sequence[str], fields: frozenset[str]) -> frozenset[str]:
    """Without boxes or masks where nothing in these splits bears them, as formats know of both by what is there; where nothing
    is there at all, there are no boxes."""
    bare = fields & {"boxes", "masks"}
    for sample in (sample for split in splits for sample in dataset.stream(split)):
        bare -= {name for name in bare if (found := getattr(sample, name)) is not None and found.labels}
        if not bare:
            break
    return fields - bare or fields - {"masks"} or fields


def _classes(dataset: Dataset, name: str, pictures: Mapping[str, Sequence[Placed]]) -> tuple[str, ...]:
    """The classes of a field in their order, those last that the data does not declare, as those of a stream."""
    samples = [picture.sample for placed in pictures.values() for picture in placed]
    painted = (sample.masks.labels for sample in samples if sample.masks and sample.masks.kind == "semantic")
    if name == "masks" and (labels := next(painted, None)) is not None:
        return labels  # one list for all pictures
    known = dict.fromkeys(dataset.info.classes(name))
    for placed in pictures.values():
        for picture in placed:
            known.update(dict.fromkeys(labels_of(picture, name)))
    return tuple(known)


def labels_of(picture: Placed, name: str) -> tuple[str, ...]:
    """The labels of a picture, or those of its boxes or its instances. Of semantic masks nothing is known unread."""
    sample = picture.sample
    if name == "labels":
        return sample.labels or ()
    if name == "boxes":
        return () if sample.boxes is None else sample.boxes.labels
    return () if sample.masks is None or sample.masks.kind == "semantic" else sample.masks.labels


WORDS = {
    "boxes": "boxes",
    "masks": "masks of objects",
    "semantic": "masks of classes",
    "labels": "labels of whole pictures",
}


def _nothing(dataset: Dataset, format: str, holds: frozenset[str]) -> str:
    """Why a format does not suit the data, and which do."""
    own = set(dataset.info.annotated)
    if "masks" in own and not dataset.info.instances:
        own = own - {"masks"} | {"semantic"}
    suits = [name for name in names("writers") if holdable(dataset, find("writers", name).HOLDS)]
    if not suits:
        return f"{dataset.name} has neither boxes nor masks nor labels, and nothing else can be written"
    held, has = (_listed([WORDS[name] for name in WORDS if name in some], "and") for some in (holds, own))
    return f"--to {format} holds {held}, and {dataset.name} has {has}; say --to {_listed(suits, 'or')}"


def _listed(words: Sequence[str], last: str) -> str:
    """Words in a row: "a, b and c"."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _no_picture(dataset: Dataset, format: str, written: Written) -> str:
    why = f"{written.bad[0]}" if written.bad else f"{format} can hold none: {', '.join(written.lost.kinds)}"
    return f"no picture of {dataset.name} can be written ({why})"

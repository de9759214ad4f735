"""What each column of a table is for: as the user said, else by its name, else by what the first row holds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from clearsight.core.errors import InputError
from clearsight.core.image import is_picture
from clearsight.core.reader import Location
from clearsight.core.sample import ImageSource, printable
from clearsight.data.readers.names import split_of
from clearsight.data.readers.sheet import Row

# Names that columns go by, likeliest first, compared without case, blanks, - and _.
_IMAGE = "image imagepath imagefile imagename path filepath file filename img imgpath photo photopath picture"
_LABEL = "label labels labelname class classname category categoryname target species breed tag tags y"
IMAGE_COLUMNS, LABEL_COLUMNS = tuple(_IMAGE.split()), tuple(_LABEL.split())
BYTES_COLUMNS = (*IMAGE_COLUMNS, "jpg", "jpeg", "png", "webp", "bytes", "imagebytes")
SPLIT_COLUMNS = ("split", "subset")
SEPARATORS = (";", "|")


@dataclass(frozen=True)
class Columns:
    """What each column of a table is for."""

    image: str
    labels: tuple[str, ...]
    values: tuple[str, ...]
    split: str | None
    extra: tuple[str, ...]
    separators: Mapping[str, str] = field(default_factory=dict)  # label column -> what parts the labels of its cells
    left_out: tuple[str, ...] = ()  # further columns of bytes


def choose(columns: Sequence[str], first: Row, location: Location, name: str) -> Columns:
    """The columns of a table by their purpose. `name` is what a person calls the table.

    Raises `InputError` where a column that was asked for is not there, or none holds pictures.
    """
    held = [column for column in columns if isinstance(first.get(column), ImageSource)]
    image = asked(location.image_column, columns, name)[:1] or _known(held, BYTES_COLUMNS)
    image = image or _known(columns, IMAGE_COLUMNS)
    image = image or [column for column in columns if is_picture(str(first.get(column, "")))][:1] or held[:1]
    if not image:
        has = ", ".join(columns)
        raise InputError(f"{printable(name)} has no column of pictures among {has}; say --image-column")
    values = asked(location.value_column, columns, name)
    rest = [column for column in columns if column != image[0] and column not in held and column not in values]
    label_column, separators = _separated(location.label_column, columns)
    labels = asked(label_column, columns, name) or _known(rest, LABEL_COLUMNS)
    rest = [column for column in rest if column not in labels]
    split = _known(rest, SPLIT_COLUMNS)
    rest = [column for column in rest if column not in split]
    if not labels and not values and len(rest) == 1:  # the only other column, whatever it is called
        labels, rest = rest, []
    left_out = tuple(column for column in held if column not in (image[0], *labels, *values))
    where = split[0] if split else None
    return Columns(image[0], tuple(labels), tuple(values), where, tuple(rest), separators, left_out)


def asked(option: str | None, columns: Sequence[str], name: str) -> list[str]:
    """The columns of an option, one or several by commas, each of which must be there. Raises `InputError`."""
    if option is None:
        return []
    wanted = [option] if option in columns else [part.strip() for part in option.split(",")]
    for column in wanted:
        if column not in columns:
            close = get_close_matches(column, columns, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise InputError(f"{printable(name)} has no column {column!r}, it has {', '.join(columns)}{hint}")
    return list(dict.fromkeys(wanted))


def without_foreign_split(columns: Columns, rows: Sequence[Row]) -> bool:
    """Whether a column `split` never names one of our splits, and therefore means something else."""
    return columns.split is not None and not any(split_of(str(row.get(columns.split))) for row in rows)


def _separated(option: str | None, columns: Sequence[str]) -> tuple[str | None, dict[str, str]]:
    """Of `tags;,kind` the columns, `tags,kind`, and the separators, {"tags": ";"}."""
    if option is None or option in columns:
        return option, {}
    plain: list[str] = []
    separators: dict[str, str] = {}
    for part in map(str.strip, option.split(",")):
        column = part[:-1].strip()
        if part not in columns and part.endswith(SEPARATORS) and column in columns:
            separators[column] = part[-1]
            part = column
        plain.append(part)
    return ",".join(plain), separators


def _known(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    """The column with the likeliest of the names, as a list of one, or none."""
    plain = {column: re.sub(r"[\s_-]", "", column.casefold()) for column in columns}
    found = sorted((names.index(short), column) for column, short in plain.items() if short in names)
    return [found[0][1]] if found else []

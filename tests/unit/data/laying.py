"""Pictures, folders and zips for the tests of the readers, and what holds for whatever these make of them."""

from __future__ import annotations

import copy
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from hypothesis import strategies as st

from clearsight.core.errors import BadImage, InputError
from clearsight.core.reader import DataInfo, Location, Reader
from clearsight.core.sample import Boxes, ImageSource, Masks

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
"""Anything that JSON can say."""


def picture(colour: int = 0, size: tuple[int, int] = (4, 3)) -> bytes:
    """A small PNG of one grey."""
    buffer = io.BytesIO()
    PIL.Image.new("L", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def lay(root: Path, files: dict[str, bytes | str]) -> Path:
    """Write files below a folder."""
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return root


def pack(path: Path, files: dict[str, bytes | str]) -> Path:
    """Write files into a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def with_one_replaced(document: Any, number: int, value: Any) -> Any:
    """A JSON document with one of the values in it, however deep, replaced by another."""
    document = copy.deepcopy(document)
    places = list(_places(document))
    holder, key = places[number % len(places)]
    holder[key] = value
    return document


def damaged(text: str, place: int, new: bytes, gone: int) -> bytes:
    """A file's bytes of which some are exchanged, from `place` on, which may be any number."""
    data = text.encode()
    place %= len(data)
    return data[:place] + new + data[place + gone :]


def read_or_refused(reader: Reader, location: Location) -> bool:
    """Whether a set that may be damaged could be read. Then what is read can be used: finite boxes within their pictures, as
    many masks as labels, all of classes that `info` names. Else it was refused in a sentence that names the place."""
    reader.sniff(location)
    try:
        info = reader.info(location)
        samples = {split: list(reader.read(location, split)) for split in info.splits}
    except InputError as error:
        assert str(location.path) in str(error)
        return False
    assert {split: len(own) for split, own in samples.items()} == info.splits
    for sample in (sample for own in samples.values() for sample in own):
        assert set(sample.labels or ()) <= set(info.labels)
        if sample.boxes is not None:
            _check_boxes(sample.boxes, sample.image, info)
        if sample.masks is not None:
            _check_masks(sample.masks, info)
    return True


def _check_boxes(boxes: Boxes, image: ImageSource, info: DataInfo) -> None:
    """That boxes lie within the picture, by its own size or by the one that its annotations say."""
    assert set(boxes.labels) <= set(info.classes("boxes"))
    assert np.isfinite(boxes.xyxy).all() and (boxes.xyxy[:, :2] < boxes.xyxy[:, 2:]).all() and (boxes.xyxy >= 0).all()
    try:
        size = image.size()
    except BadImage:
        size = (10**9, 10**9)
    assert any((boxes.xyxy[:, 2:] <= own[::-1]).all() for own in (size, boxes.said or size))


def _check_masks(masks: Masks, info: DataInfo) -> None:
    assert set(masks.labels) <= set(info.classes("masks"))
    try:
        assert len(masks.load()) == len(masks.labels)
    except BadImage as error:  # a size that is said and not that of the picture
        assert error.reason


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield value, key
        yield from _places(inner)

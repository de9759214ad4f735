"""Pictures, folders and zips for the tests of the readers."""

from __future__ import annotations

import copy
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import PIL.Image
from hypothesis import strategies as st

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


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield value, key
        yield from _places(inner)

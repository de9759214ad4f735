"""What a whole data set is, in one number, and what one sample is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from clearsight.core.errors import BadImage
from clearsight.core.sample import Array, ImageSource, Sample


def fingerprint(digests: Mapping[str, str]) -> str:
    """SHA-256 over all keys and content hashes, whatever their order: equal for equal data sets, and only for them."""
    total = hashlib.sha256()
    for key in sorted(digests):
        total.update(json.dumps([key, digests[key]]).encode())
    return total.hexdigest()


def content(sample: Sample, picture: str) -> str:
    """A hash of all that a sample is: its picture, whose hash is given, what its annotations say, and what the files of its
    masks hold. Where its files lie is no part of it."""
    total = hashlib.blake2b(picture.encode(), digest_size=16)
    values = None if sample.values is None else dict(sample.values)
    said: list[Any] = [sample.labels, values, sample.caption, dict(sample.extra)]
    if (boxes := sample.boxes) is not None:
        said += [boxes.labels, *map(_bytes, (boxes.xyxy, boxes.crowd, boxes.difficult, boxes.area))]
    drawn = ""
    if (masks := sample.masks) is not None:
        said += [masks.kind, masks.labels, _bytes(masks.crowd)]
        drawn = repr((masks.load, masks.ignored))  # drawing every mask would take minutes
        for file in masks.files():
            drawn = drawn.replace(repr(file), digest(file))
    total.update(repr((said, drawn)).encode())
    return total.hexdigest()


def _bytes(array: Array | None) -> bytes | None:
    return None if array is None else array.tobytes()


def digest(source: ImageSource) -> str:
    """The hash of a file's content; of one that cannot be read, why not."""
    try:
        return source.digest()
    except BadImage as bad:
        return f"bad: {bad.reason}"

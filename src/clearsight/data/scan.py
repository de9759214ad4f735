"""What a whole data set is, in one number, and what the files of one sample are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from clearsight.core.errors import BadImage
from clearsight.core.sample import ImageSource, Sample


def fingerprint(digests: Mapping[str, str]) -> str:
    """SHA-256 over all keys and content hashes, whatever their order: equal for equal data sets, and only for them."""
    total = hashlib.sha256()
    for key in sorted(digests):
        total.update(json.dumps([key, digests[key]]).encode())
    return total.hexdigest()


def content(sample: Sample, picture: str) -> str:
    """A hash of what a sample's files hold: that of its picture, which is given, and with it of the files of its masks."""
    files = () if sample.masks is None else sample.masks.files()
    if not files:
        return picture
    parts = " ".join((picture, *map(digest, files)))
    return hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()


def digest(source: ImageSource) -> str:
    """The hash of a file's content; of one that cannot be read, why not."""
    try:
        return source.digest()
    except BadImage as bad:
        return f"bad: {bad.reason}"

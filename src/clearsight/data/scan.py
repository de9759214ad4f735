"""What a whole data set is, in one number."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def fingerprint(digests: Mapping[str, str]) -> str:
    """SHA-256 over all keys and content hashes, whatever their order: equal for equal data sets, and only for them."""
    total = hashlib.sha256()
    for key in sorted(digests):
        total.update(json.dumps([key, digests[key]]).encode())
    return total.hexdigest()

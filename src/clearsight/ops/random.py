"""Random draws that depend on nothing but the numbers given: the same on every worker, device and day."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch


def fold(*parts: int | str) -> int:
    """One 63-bit seed from several numbers or names; any change of any part gives an unrelated seed."""
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def generator(*parts: int | str) -> torch.Generator:
    """A CPU generator seeded by `fold(*parts)`."""
    return torch.Generator().manual_seed(fold(*parts))


def hashed(keys: Sequence[str], *parts: int | str) -> torch.Tensor:
    """A number int64 (B,) of 0 to 2⁶³ − 1 for each key, all bits of which follow from the key and the parts."""
    salt = fold(*parts).to_bytes(8, "little")
    digests = b"".join(hashlib.blake2b(key.encode(), digest_size=8, key=salt).digest() for key in keys)
    return torch.from_numpy((np.frombuffer(digests, np.uint64) >> np.uint64(1)).astype(np.int64))

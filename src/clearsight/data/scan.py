"""The content of a whole data set in hashes: of each picture for duplicates and splits, of all for the manifest."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from clearsight.core.errors import BadImage
from clearsight.core.sample import Sample

CHUNK = 32
"""Samples that a thread takes at once: few enough for a smooth bar, enough to make the hand-over free."""


def digests(
    samples: Sequence[Sample],
    *,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[dict[str, str], list[BadImage]]:
    """Content hash of every sample by key, in the samples' order, and those that cannot be read.

    `progress(done, total)` is called in the caller's thread. Pictures are read, not decoded.
    """
    chunks = [samples[start : start + CHUNK] for start in range(0, len(samples), CHUNK)]
    results: list[list[str | BadImage]] = [[] for _ in chunks]
    done = 0
    with ThreadPoolExecutor(threads or min(16, 2 * (os.cpu_count() or 1))) as pool:
        futures = {pool.submit(_chunk, chunk): number for number, chunk in enumerate(chunks)}
        try:
            for future in as_completed(futures):
                number = futures[future]
                results[number] = future.result()
                done += len(results[number])
                if progress is not None:
                    progress(done, len(samples))
        except BaseException:  # Ctrl-C above all: what has not begun is not waited for
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    found: dict[str, str] = {}
    bad: list[BadImage] = []
    for sample, result in zip(samples, (item for chunk in results for item in chunk), strict=True):
        if isinstance(result, BadImage):
            bad.append(result)
        else:
            found[sample.key] = result
    return found, bad


def fingerprint(digests: Mapping[str, str]) -> str:
    """SHA-256 over all keys and content hashes, whatever their order: equal for equal data sets, and only for them."""
    total = hashlib.sha256()
    for key in sorted(digests):
        total.update(json.dumps([key, digests[key]]).encode())
    return total.hexdigest()


def _chunk(samples: Sequence[Sample]) -> list[str | BadImage]:
    return [_digest(sample) for sample in samples]


def _digest(sample: Sample) -> str | BadImage:
    try:
        return sample.image.digest()
    except BadImage as error:
        return error

"""What options make of the samples that a reader gives: some are left out, some get other labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from clearsight.core.sample import Sample

Change = Callable[[Sample], Sample | None]
"""A sample changed, or None where it is left out. Picklable, for workers that read a stream."""


def changed(samples: Iterable[Sample], changes: Sequence[Change]) -> Iterator[Sample]:
    """The samples after all changes, one after another, without those left out."""
    for sample in samples:
        left: Sample | None = sample
        for change in changes:
            if left is not None:
                left = change(left)
        if left is not None:
            yield left

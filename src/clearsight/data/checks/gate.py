"""Read every picture once, then ask every check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from clearsight.core.errors import BadImage
from clearsight.core.registry import find, names
from clearsight.core.sample import Sample
from clearsight.data.checks.base import FEW, Finding, GateContext
from clearsight.data.checks.mask_facts import MaskFacts, facts_of
from clearsight.data.scan import content
from clearsight.data.threads import in_threads, threads_for

if TYPE_CHECKING:
    from clearsight.data.open import Dataset

LEVELS = ("error", "warning", "note")
Seen = tuple[str, tuple[int, int], str, MaskFacts | BadImage | None]
"""Digest, (height, width), the hash of all that the sample is, what is in its masks where these are looked at."""

Progress = Callable[[int, int], None]
"""Called with the number of pictures read so far and that of all."""


def gather(
    dataset: Dataset,
    progress: Progress | None = None,
    *,
    full: bool = False,
    masks: bool = False,
    max_bad: float = FEW,
    threads: int | None = None,
    heads: bool = False,
) -> GateContext:
    """Hash every picture of a data set and the files of its masks, and read its size, in threads; `full` decodes the pixels and
    loads the masks too, `masks` these alone. With `heads`, only some pictures of splits that are streams, from the
    beginnings of all their parts.

    Pictures that cannot be read are in the context's `bad`; none is an error here.
    """
    partly = frozenset(split for split, count in dataset.info.splits.items() if count is None and heads)
    samples = {s: dataset.parts(s).head() if s in partly else dataset.samples(s) for s in dataset.info.splits}
    everything = [sample for part in samples.values() for sample in part]
    digests: dict[str, str] = {}
    contents: dict[str, str] = {}
    sizes: dict[str, tuple[int, int]] = {}
    bad: list[BadImage] = []
    seen_masks: dict[str, MaskFacts | BadImage] = {}
    for sample, seen in zip(everything, _looks(everything, full, full or masks, threads, progress), strict=True):
        if isinstance(seen, BadImage):
            bad.append(seen)
        else:
            digests[sample.key], sizes[sample.key], contents[sample.key], facts = seen
            if facts is not None:
                seen_masks[sample.key] = facts
    return GateContext(
        dataset.info, samples, digests, sizes, bad, full, max_bad, partly, dataset.group, seen_masks, contents
    )


def run_checks(context: GateContext) -> list[Finding]:
    """The findings of every registered check, errors first."""
    findings = [finding for name in names("checks") for finding in find("checks", name)(context)]
    return sorted(findings, key=lambda finding: LEVELS.index(finding.level))


def _looks(
    samples: Sequence[Sample], full: bool, masks: bool, threads: int | None, progress: Progress | None
) -> list[Seen | BadImage]:
    """`_look` at each; how many threads do it follows from the first picture's size."""
    first = [_look(sample, full, masks) for sample in samples[:1]]
    if threads is None and first and not isinstance(first[0], BadImage) and threads_for(*first[0][1]) == 1:
        threads = 1

    def told(done: int, total: int) -> None:
        if progress is not None:
            progress(done + len(first), total + len(first))

    return first + in_threads(partial(_look, full=full, masks=masks), samples[1:], threads=threads, progress=told)


def _look(sample: Sample, full: bool, masks: bool) -> Seen | BadImage:
    try:
        digest, size = sample.image.glance(full)
    except BadImage as error:
        return error
    facts = facts_of(sample.masks) if masks and sample.masks is not None else None
    return digest, size, content(sample, digest), facts

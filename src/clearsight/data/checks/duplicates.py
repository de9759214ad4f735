"""Exact copies: within a split they count double, across splits they flatter, with other labels they confuse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from clearsight.core.sample import Sample
from clearsight.data.checks.base import Finding, GateContext, level_of, number, verb

Copies = Sequence[tuple[str, Sample]]
"""Pictures of one content, each with its split; the first is taken for the original."""


def check(context: GateContext) -> Iterator[Finding]:
    """Copies with different labels, copies of one split in another, copies within a split."""
    groups: dict[str, list[tuple[str, Sample]]] = defaultdict(list)
    for split in context.samples:
        for sample in context.readable(split):
            groups[context.digests[sample.key]].append((split, sample))
    copies = [group for group in groups.values() if len(group) > 1]
    yield from _contradicting(copies, len(context.digests))
    for split in context.samples:
        yield from _leaked(copies, split, sum(1 for _ in context.readable(split)))
        yield from _repeated(copies, split)


def _contradicting(copies: Sequence[Copies], total: int) -> Iterator[Finding]:
    yield from _other_boxes(copies, total)
    found = []
    for group in copies:
        labelled = [sample for _, sample in group if sample.labels is not None]
        if len({tuple(sorted(sample.labels or ())) for sample in labelled}) > 1:
            found.append(labelled)
    count = sum(map(len, found))
    if count:
        items = [" = ".join(f"{s.key} ({', '.join(s.labels or ()) or 'none'})" for s in group) for group in found]
        message = f"{number(count, 'picture')} are exact copies with different labels: keep the right one of each"
        yield Finding(level_of(count, total), "duplicates", message, tuple(items))


def _other_boxes(copies: Sequence[Copies], total: int) -> Iterator[Finding]:
    found, count = [], 0
    for group in copies:
        boxed = [(sample, sample.boxes) for _, sample in group if sample.boxes is not None]
        if len({tuple(sorted(zip(boxes.labels, *boxes.xyxy.T.tolist(), strict=True))) for _, boxes in boxed}) > 1:
            found.append(" = ".join(f"{s.key} ({number(len(boxes.labels), 'box', 'boxes')})" for s, boxes in boxed))
            count += len(boxed)
    if found:
        message = f"{number(count, 'picture')} are exact copies with different boxes: keep the right one of each"
        yield Finding(level_of(count, total), "duplicates", message, tuple(found))


def _leaked(copies: Sequence[Copies], split: str, total: int) -> Iterator[Finding]:
    """Pictures of this split that an earlier one has too: a leak, whichever of the two is judged on."""
    items, others = [], {}
    for group in copies:
        first, original = group[0]
        if first != split:
            here = [sample.key for name, sample in group if name == split]
            items += [f"{key} = {original.key}" for key in here]
            others.update(dict.fromkeys([first] if here else []))
    if items:
        are = verb(len(items), "is", "are")
        message = (
            f"{len(items):,} of {number(total, 'picture')} of {split} {are} also in {' or '.join(others)}, "
            f"which makes figures on {split} too good: remove one of each two"
        )
        yield Finding(level_of(len(items), total), "duplicates", message, tuple(items))


def _repeated(copies: Sequence[Copies], split: str) -> Iterator[Finding]:
    items = []
    for group in copies:
        original, *others = [sample.key for name, sample in group if name == split] or [""]
        items += [f"{other} = {original}" for other in others]
    if items:
        are = verb(len(items), "is an exact copy of another", "are exact copies of others")
        message = f"{number(len(items), 'picture')} of {split} {are} and {verb(len(items), 'counts', 'count')} double"
        yield Finding("warning", "duplicates", f"{message}: remove the copies", tuple(items))

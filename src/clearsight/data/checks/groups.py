"""Groups that lie in several splits: what is learnt of a patient, a camera, a burst, helps to judge the same one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from clearsight.data.checks.base import Finding, GateContext, number, verb


def check(context: GateContext) -> Iterator[Finding]:
    """Values of --group in more than one of the data's own splits, and pictures without a value."""
    if context.group is None:
        return
    homes: dict[str, dict[str, int]] = defaultdict(dict)  # value -> split -> pictures
    without = []
    for split in context.samples:
        for sample in context.readable(split):
            value = sample.extra.get(context.group)
            if value in (None, ""):
                without.append(sample.key)
            else:
                homes[str(value)][split] = homes[str(value)].get(split, 0) + 1
    shared = {value: counts for value, counts in homes.items() if len(counts) > 1}
    if shared:
        pictures = sum(sum(list(counts.values())[1:]) for counts in shared.values())
        items = tuple(
            f"{value} ({', '.join(f'{split} {count:,}' for split, count in counts.items())})"
            for value, counts in shared.items()
        )
        are = verb(len(shared), "is", "are")
        message = (
            f"{number(len(shared), 'value')} of '{context.group}' {are} in more than one split, with "
            f"{number(pictures, 'picture')} of the later ones, which makes figures too good: put all of one value into one split"
        )
        yield Finding("warning", "groups", message, items)
    if without:
        have = verb(len(without), "has", "have")
        message = f"{number(len(without), 'picture')} {have} no value of '{context.group}' and will stand alone"
        yield Finding("warning", "groups", message, tuple(without))

"""How the pictures spread over the classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clearsight.data.checks.base import Finding, GateContext, number, verb

SCARCE = 5
"""Pictures of a class below which little can be learnt of it, and nothing judged."""

UNEVEN = 10
"""How many times more the commonest class may have than the rarest before it is worth a word."""


def check(context: GateContext) -> Iterator[Finding]:
    """One class only, classes that a split lacks, classes with few pictures, uneven classes, missing labels."""
    if "labels" not in context.info.annotated or context.info.values:  # with numbers to learn, labels are no classes
        return
    table = context.counts()
    present = {label for row in table.values() for label, count in row.items() if count}
    if not present:
        yield Finding("error", "balance", "no picture that can be read has a label: there is nothing to learn")
        return
    if len(present) == 1 and not (context.partly or context.info.several):
        only = f"every picture is of the one class {next(iter(present))!r}, so there is nothing to tell apart"
        yield Finding("error", "balance", f"{only}: add pictures of another class")
    yield from _unlabelled(context)
    if "train" in table and not context.partly:  # of a part nothing follows for the whole
        yield from _missing(table)
        yield from _uneven({label: count for label, count in table["train"].items() if count})


def _unlabelled(context: GateContext) -> Iterator[Finding]:
    for split in context.samples:
        items = tuple(sample.key for sample in context.readable(split) if sample.labels is None)
        if items:
            have = verb(len(items), "has", "have")
            message = f"{number(len(items), 'picture')} of {split} {have} no label and will not be used: label them"
            yield Finding("warning", "balance", message, items)


def _missing(table: Mapping[str, Mapping[str, int]]) -> Iterator[Finding]:
    train = table["train"]
    for split, row in table.items():
        unknown = tuple(label for label, count in row.items() if count and not train.get(label))
        if unknown:
            message = (
                f"{number(len(unknown), 'class', 'classes')} of {split} cannot be learnt, for train has no picture"
            )
            yield Finding(
                "error", "balance", f"{message} of {verb(len(unknown), 'it', 'them')}: check the names", unknown
            )
        unjudged = tuple(label for label, count in train.items() if count and not row.get(label))
        if unjudged and any(row.values()):
            message = (
                f"{number(len(unjudged), 'class', 'classes')} of train cannot be judged on {split}, which has none"
            )
            yield Finding(
                "warning", "balance", f"{message}: add pictures of {verb(len(unjudged), 'it', 'them')}", unjudged
            )


def _uneven(train: Mapping[str, int]) -> Iterator[Finding]:
    scarce = tuple(f"{label} ({count})" for label, count in train.items() if count < SCARCE)
    if scarce:
        have = verb(len(scarce), "has", "have")
        message = (
            f"{number(len(scarce), 'class', 'classes')} of train {have} fewer than {SCARCE} pictures: collect more"
        )
        yield Finding("warning", "balance", message, scarce)
    if len(train) < 2:
        return
    rarest, commonest = min(train, key=train.__getitem__), max(train, key=train.__getitem__)
    ratio = train[commonest] / train[rarest]
    if ratio > UNEVEN:
        message = (
            f"train has {number(train[commonest], 'picture')} of {commonest!r} and {train[rarest]:,} of {rarest!r}, "
            f"{ratio:.0f} times fewer: collect more of the rare classes, or weigh them more"
        )
        yield Finding("warning", "balance", message)

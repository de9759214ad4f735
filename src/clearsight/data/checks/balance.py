"""How the classes are spread: over pictures, or over boxes or instances where these bear them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clearsight.data.checks.base import Finding, GateContext, number, verb
from clearsight.data.counting import COUNTED, SHOWING, Counted

SCARCE = 5
"""Pictures of a class below which little can be learnt of it, and nothing judged."""

UNEVEN = 10
"""How many times more the commonest class may have than the rarest before it is worth a word."""

UNEVEN_DRAWN = 100
"""The same for boxes and instances: what is common comes many times in each picture."""


def check(context: GateContext) -> Iterator[Finding]:
    """One class only, classes that a split lacks, classes with little of them, uneven classes, missing annotations."""
    kind = context.counted
    if kind is None or context.info.values:  # with numbers to learn, labels are no classes
        return
    table = context.counts()
    present = {label for row in table.values() for label, count in row.items() if count}
    if kind.field == "masks" and not any(_annotated(context, split, kind) for split in context.samples):
        return  # semantic, and not loaded: what is in them is not known
    if not present:
        what = "label" if kind.field == "labels" else kind.one
        yield Finding("error", "balance", f"no picture that can be read has a {what}: there is nothing to learn")
        return
    if kind.field == "labels" and len(present) == 1 and not (context.partly or context.info.several):
        only = f"every picture is of the one class {next(iter(present))!r}, so there is nothing to tell apart"
        yield Finding("error", "balance", f"{only}: add pictures of another class")
    yield from _unmarked(context, kind)
    if kind.field == "labels":
        yield from _beside(context)
    else:
        yield from _never(context, kind, present)
        if kind != SHOWING:
            yield from _bare(context, kind)
    if "train" in table and not context.partly:  # of a part nothing follows for the whole
        yield from _missing(table, kind)
        yield from _uneven({label: count for label, count in table["train"].items() if count}, kind)


def _annotated(context: GateContext, split: str, kind: Counted) -> list[str]:
    """The keys of a split's pictures that are annotated."""
    return [sample.key for sample in context.readable(split) if context.classes_of(sample, kind.field) is not None]


def _unmarked(context: GateContext, kind: Counted) -> Iterator[Finding]:
    for split in context.samples:
        items = tuple(
            sample.key for sample in context.readable(split) if context.classes_of(sample, kind.field) is None
        )
        if items:
            have = verb(len(items), "has", "have")
            if kind.field == "labels":
                what, todo = f"{have} no label", "label them"
            else:
                what, todo = f"{verb(len(items), 'is', 'are')} not annotated with {_many(kind)}", "annotate them"
            message = f"{number(len(items), 'picture')} of {split} {what} and will not be used: {todo}"
            yield Finding("warning", "balance", message, items)


def _many(kind: Counted) -> str:
    return "masks" if kind == SHOWING else kind.many


def _never(context: GateContext, kind: Counted, present: set[str]) -> Iterator[Finding]:
    """Classes that are declared and never annotated."""
    never = tuple(label for label in context.info.classes(kind.field) if label not in present)
    if never and not context.partly:
        are = verb(len(never), "is declared and has", "are declared and have")
        out = ",".join(f"-{label}" for label in never[:3])
        message = f"{number(len(never), 'class', 'classes')} {are} no {kind.one} anywhere"
        yield Finding("warning", "balance", f"{message}: annotate, or leave out with --classes={out}", never)


def _beside(context: GateContext) -> Iterator[Finding]:
    """Classes of boxes or instances beside labels of whole pictures that are declared and never annotated."""
    single = {"boxes", "masks"} if context.info.instances else {"boxes"}
    drawn = [kind for kind in COUNTED if kind.field in single & context.info.annotated]
    samples = [sample for split in context.samples for sample in context.readable(split)]
    found = (context.classes_of(sample, kind.field) for sample in samples for kind in drawn)
    if drawn:
        yield from _never(context, drawn[0], {label for labels in found for label in labels or ()})


def _bare(context: GateContext, kind: Counted) -> Iterator[Finding]:
    """Pictures that show none of the classes: right as background, wrong where someone forgot to annotate."""
    for split in context.samples:
        items = tuple(sample.key for sample in context.readable(split) if context.classes_of(sample, kind.field) == ())
        if items:
            show = verb(len(items), "is annotated and has", "are annotated and have")
            message = f"{number(len(items), 'picture')} of {split} {show} no {kind.one}: background, if that is meant"
            yield Finding("note", "balance", message, items)


def _missing(table: Mapping[str, Mapping[str, int]], kind: Counted) -> Iterator[Finding]:
    train = table["train"]
    for split, row in table.items():
        unknown = tuple(label for label, count in row.items() if count and not train.get(label))
        if unknown:
            message = (
                f"{number(len(unknown), 'class', 'classes')} of {split} cannot be learnt, for train has no {kind.one}"
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
                "warning", "balance", f"{message}: add {kind.many} of {verb(len(unjudged), 'it', 'them')}", unjudged
            )


def _uneven(train: Mapping[str, int], kind: Counted) -> Iterator[Finding]:
    scarce = tuple(f"{label} ({count})" for label, count in train.items() if count < SCARCE)
    if scarce:
        have = verb(len(scarce), "has", "have")
        message = (
            f"{number(len(scarce), 'class', 'classes')} of train {have} fewer than {SCARCE} {kind.many}: collect more"
        )
        yield Finding("warning", "balance", message, scarce)
    if len(train) < 2:
        return
    rarest, commonest = min(train, key=train.__getitem__), max(train, key=train.__getitem__)
    ratio = train[commonest] / train[rarest]
    if ratio > (UNEVEN if kind.field == "labels" else UNEVEN_DRAWN):
        message = (
            f"train has {number(train[commonest], kind.one, kind.many)} of {commonest!r} and {train[rarest]:,} of "
            f"{rarest!r}, {ratio:.0f} times fewer: collect more of the rare classes, or weigh them more"
        )
        yield Finding("warning", "balance", message)

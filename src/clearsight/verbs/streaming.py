"""Training pictures that are read as a stream: their roles, and how long a training of unknown length is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from typing import Any

from clearsight.core.errors import InputError
from clearsight.core.sample import Sample
from clearsight.data.checks import GateContext
from clearsight.data.open import Dataset
from clearsight.data.readers.names import few
from clearsight.data.sample_stream import SampleStream
from clearsight.engine.plan import Plan
from clearsight.verbs.roles import CHOOSING_SHARE, Roles, annotated, blind

LISTED = "needs them listed, which --cache memory or --cache disk does"


def streams(dataset: Dataset, options: Any) -> bool:
    """Whether a data set is read as a stream: it has no known length, and nobody asks to keep its pictures decoded."""
    return dataset.endless and options.cache in (None, "stream")


def stream_roles(
    options: Any,
    dataset: Dataset,
    context: GateContext,
    *,
    choosing: bool,
    other: Sequence[Sample] | None,
    needs: Set[str] = frozenset(),
) -> Roles:
    """Roles of a stream: what teaches is not listed, what chooses and judges is.

    Without a split of its own, pictures are held out by a hash of their key, or their group, as a stream's contents are
    not read beforehand. A split none of whose samples has any of the fields `needs` judges and chooses nothing. Raises
    `InputError` where there is nothing to learn from, and for options that need a list.
    """
    _require_train(options, dataset)
    splits = dataset.info.splits
    train, group = dataset.parts("train"), dataset.group
    head = [sample for sample in context.samples["train"] if sample.key in context.digests]
    judge, chosen, notes = list(other or ()), list[Sample](), list[str]()
    named = []
    for split in ("test", "val"):
        if split in splits and annotated(dataset.stream(split), needs):
            named.append(split)
        elif split in splits:
            notes.append(blind(split, needs))
    if other is not None:
        name, named = "val", [split for split in named if split == "val"]
        notes.append("judged on the pictures given with --val")
    elif named:
        name = named.pop(0)
        judge = dataset.samples(name)
        notes.append(f"judged on the data's {name} split")
    else:
        name = "held out"
        train, judge = _parted(train, options.val_share, group)
        why = "no split is left to judge on" if notes else "the data has no split of its own"
        notes.append(f"{why}: pictures are held out by a hash of their {group or 'name'}")
    if named:
        chosen = dataset.samples("val")
        notes.append("the val split chooses the weights and what is fitted afterwards")
    elif choosing:
        train, chosen = _parted(train, CHOOSING_SHARE, group, salt="choose")
        notes.append(f"{len(chosen):,} training pictures are kept aside to choose the weights")
    else:
        notes.append("nothing is chosen on held-out pictures: the last weights become the model")
    if not judge or (choosing and not chosen):
        what = "choose by" if judge else "judge on"
        raise InputError(f"no pictures to {what}: the hash held none of a set so small out; give more with --val-share")
    if options.train_share < 1:
        train = train.within(0, options.train_share, salt=f"share {options.seed}", group=group)
        notes.append(f"of the others, {options.train_share:.3g} are learnt from, by a hash of their {group or 'name'}")
    about, exact = train.count()
    if about == 0:
        raise InputError("there are no training pictures left; hold out fewer, or leave out fewer")
    notes.insert(0, f"the training pictures are a stream of {len(train.parts):,} parts, {_amount(about, exact)}")
    _named_once(judge)
    _named_once(chosen)
    kept = [sample for sample in head if train.holds(sample)] or train.head()
    return Roles(kept, chosen, judge, name, tuple(notes), train, about)


def pictures_in_epoch(plan: Plan, roles: Roles) -> int:
    """How many pictures an epoch has: counted or estimated; where neither can be, a tenth of the steps is one.

    Raises `InputError` where there are no steps either, and for settings that a stream cannot serve.
    """
    if roles.stream is None:
        return len(roles.train)
    if plan.optimiser == "gd" or plan.sampling == "balanced":
        what = "--optimiser gd takes all pictures at once" if plan.optimiser == "gd" else "--sampling balanced"
        raise InputError(f"{what}: for a stream this {LISTED}")
    if roles.about is not None:
        return roles.about
    if plan.steps is None:
        raise InputError(f"{plan.data} is a stream whose length is not known: say with --steps how long to train")
    return max(1, int(plan.steps * plan.batch_size * plan.accumulate) // 10)


def _require_train(options: Any, dataset: Dataset) -> None:
    """Raises `InputError` where there is nothing to learn from, or it is to be divided into folds."""
    splits = dataset.info.splits
    if "train" not in splits:
        raise InputError(f"there are no training pictures; the data has only {', '.join(splits)}")
    if options.fold is not None:
        raise InputError(f"--folds: dividing the pictures of a stream into folds {LISTED}")


def _parted(stream: SampleStream, share: float, group: str | None, salt: str = "") -> tuple[SampleStream, list[Sample]]:
    """What is left of a stream, and the share of it that is held out."""
    kept = stream.within(0, 1 - share, salt=salt, group=group)
    return kept, list(stream.within(1 - share, 1, salt=salt, group=group))


def _named_once(samples: Sequence[Sample]) -> None:
    """Raises `InputError` where two of the samples have the same key, as figures and looks go by it."""
    counts = Counter(sample.key for sample in samples)
    if twice := [key for key, number in counts.items() if number > 1]:
        raise InputError(f"{few(twice)}: more than one picture is called so: give every picture a name of its own")


def _amount(about: int | None, exact: bool) -> str:
    if about is None:
        return "nobody knows how long"
    return f"{about:,} pictures" if exact else f"about {about:,} pictures by the size of those not counted"

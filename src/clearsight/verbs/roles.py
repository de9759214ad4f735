"""Which pictures teach, which choose, and which judge. Nothing is chosen on what it is judged on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clearsight.core.errors import InputError
from clearsight.core.sample import Sample
from clearsight.data.splits import divide

CHOOSING_SHARE = 0.1
"""Share of the training pictures that choose, where choosing is wanted and the data has no split for it."""


@dataclass(frozen=True)
class Roles:
    """The pictures by what they are for. `choose` may be empty: then nothing is chosen, and the last weights count."""

    train: Sequence[Sample]
    choose: Sequence[Sample]
    judge: Sequence[Sample]
    judged_split: str  # what the judging pictures are called: "test", "val", "held out"
    notes: tuple[str, ...]  # how the roles came about, in sentences

    def keys(self) -> dict[str, list[str]]:
        """Role -> keys: what is saved beside the plan."""
        return {name: [s.key for s in getattr(self, name)] for name in ("train", "choose", "judge")}


def assign_roles(
    splits: Mapping[str, Sequence[Sample]],
    digests: Mapping[str, str],
    *,
    share: float,
    choosing: bool,
    other: Sequence[Sample] | None = None,
) -> Roles:
    """Roles from a data set's own splits, or by hash of the content where it has none.

    `choosing` is whether something must be chosen on held-out pictures (the best weights, when to stop); `other` are
    judging pictures from elsewhere. Raises `InputError` where nothing is left to learn from.
    """
    train, val, test = (list(splits.get(name, ())) for name in ("train", "val", "test"))
    notes: list[str] = []
    chosen: list[Sample] = []
    if not train:
        raise InputError(f"there are no training pictures; the data has only {', '.join(splits) or 'nothing'}")
    if other is not None:
        judge, name = list(other), "val"
        notes.append("judged on the pictures given with --val")
        chosen = val
    elif test and val:
        judge, name, chosen = test, "test", val
        notes.append("judged on the data's test split; its val split chooses the weights and fits the temperature")
    elif test or val:
        judge, name = test or val, "test" if test else "val"
        notes.append(f"judged on the data's {name} split")
    else:
        parts = divide(train, digests, {"train": 1 - share, "judge": share})
        train, judge, name = list(parts.parts["train"]), list(parts.parts["judge"]), "held out"
        notes += ["the data has no split of its own: pictures are held out by a hash of their content", *parts.notes]
    if choosing and not chosen:
        parts = divide(train, digests, {"train": 1 - CHOOSING_SHARE, "choose": CHOOSING_SHARE}, salt="choose")
        train, chosen = list(parts.parts["train"]), list(parts.parts["choose"])
        notes += [f"{len(chosen)} training pictures are kept aside to choose the weights", *parts.notes]
    if not chosen:
        notes.append("nothing is chosen on held-out pictures: the last weights become the model")
    return Roles(train, chosen, judge, name, tuple(notes))

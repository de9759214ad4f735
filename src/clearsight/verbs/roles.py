"""Which pictures teach, which choose, and which judge. Nothing is chosen on what it is judged on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clearsight.core.errors import InputError
from clearsight.core.sample import Sample
from clearsight.data.sample_stream import SampleStream
from clearsight.data.splits import divide

CHOOSING_SHARE = 0.1
"""Share of the training pictures that choose, where choosing is wanted and the data has no split for it."""


@dataclass(frozen=True)
class Roles:
    """The pictures by what they are for. `choose` may be empty: then nothing is chosen, and the last weights count."""

    train: Sequence[Sample]  # of a stream, those that were looked at
    choose: Sequence[Sample]
    judge: Sequence[Sample]
    judged_split: str  # what the judging pictures are called: "test", "val", "held out"
    notes: tuple[str, ...]  # how the roles came about, in sentences
    stream: SampleStream | None = None  # the training pictures where they are not listed
    about: int | None = None  # how many a stream has, where that can be estimated

    @property
    def count(self) -> int | None:
        """How many pictures teach; None for a stream."""
        return len(self.train) if self.stream is None else None

    def sizes(self) -> dict[str, str]:
        """The sizes of a stream's parts, by which a change of them is seen though not all of them was read."""
        return {} if self.stream is None else {f"part {part.name}": str(part.nbytes) for part in self.stream.parts}

    def counts(self) -> dict[str, int | None]:
        """Role -> number of pictures; of a stream an estimate, None where there is none."""
        teach = len(self.train) if self.stream is None else self.about
        return {"train": teach, "choose": len(self.choose), "judge": len(self.judge)}

    def keys(self) -> dict[str, list[str]]:
        """Role -> keys, none of a stream that teaches: what is saved beside the plan."""
        train = self.train if self.stream is None else ()
        return {
            "train": [s.key for s in train],
            "choose": [s.key for s in self.choose],
            "judge": [s.key for s in self.judge],
        }


def assign_roles(
    splits: Mapping[str, Sequence[Sample]],
    digests: Mapping[str, str],
    *,
    share: float,
    choosing: bool,
    other: Sequence[Sample] | None = None,
    group: str | None = None,
) -> Roles:
    """Roles from a data set's own splits, or by hash of the content, or of the column `group`, where it has none.

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
        parts = divide(train, digests, {"train": 1 - share, "judge": share}, group=group)
        train, judge, name = list(parts.parts["train"]), list(parts.parts["judge"]), "held out"
        what = "their content" if group is None else f"their {group}"
        notes += [f"the data has no split of its own: pictures are held out by a hash of {what}", *parts.notes]
    if choosing and not chosen:
        shares = {"train": 1 - CHOOSING_SHARE, "choose": CHOOSING_SHARE}
        parts = divide(train, digests, shares, group=group, salt="choose")
        train, chosen = list(parts.parts["train"]), list(parts.parts["choose"])
        notes += [f"{len(chosen)} training pictures are kept aside to choose the weights", *parts.notes]
    if not chosen:
        notes.append("nothing is chosen on held-out pictures: the last weights become the model")
    return Roles(train, chosen, judge, name, tuple(notes))

"""Which pictures teach, which choose, and which judge. Nothing is chosen on what it is judged on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clearsight.core.errors import InputError
from clearsight.core.sample import Sample
from clearsight.data.sample_stream import SampleStream
from clearsight.data.splits import divide

if TYPE_CHECKING:
    from clearsight.data.open import Dataset

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


def annotated(samples: Iterable[Sample], needs: Set[str]) -> bool:
    """Whether some sample has one of these fields: {"labels"}. Without fields, they are not looked at."""
    return not needs or any(getattr(sample, field) is not None for sample in samples for field in needs)


def blind(split: str, needs: Set[str]) -> str:
    """The note on a split that cannot judge."""
    return f"the {split} split has no {' or '.join(sorted(needs))}: it is not judged on, and nothing is chosen on it"


def checked(roles: Roles, needs: Set[str]) -> Roles:
    """The same roles. Raises `InputError` where no picture that judges or chooses has any of the fields `needs`."""
    for samples, purpose in ((roles.judge, "judge on"), (roles.choose, "choose on")):
        if samples and not annotated(samples, needs):
            what = f"none of the {len(samples):,} pictures to {purpose} has {' or '.join(sorted(needs))}"
            raise InputError(f"{what}: annotate more, or hold out more with --val-share")
    return roles


def teaching(roles: Roles, needs: Set[str]) -> Roles:
    """The same roles without training pictures that have none of the fields `needs`: they would fill batches and teach nothing.
    Where none has any they stay, for the checks to say what is missing."""
    kept = [sample for sample in roles.train if annotated((sample,), needs)]
    if not kept or len(kept) == len(roles.train):
        return roles
    left = len(roles.train) - len(kept)
    what = f"{left:,} of {len(roles.train):,} pictures, as they have no {' or '.join(sorted(needs))}"
    return replace(roles, train=kept, notes=(*roles.notes, f"left out of training: {what}"))


def judging_of(other: Dataset, needs: Set[str], place: str) -> list[Sample]:
    """The pictures of --val: of its test split, else its val split, else its only one, the first that has annotations.
    Raises `InputError` where none has."""
    there = [name for name in ("test", "val", "train") if other.info.splits.get(name, 0) != 0]
    judge = next((samples for name in there if annotated(samples := other.samples(name), needs)), None)
    if there and judge is None:
        raise InputError(f"--val {place}: none of its pictures has {' or '.join(sorted(needs))} to judge by")
    return judge or []


def assign_roles(
    splits: Mapping[str, Sequence[Sample]],
    digests: Mapping[str, str],
    *,
    share: float,
    choosing: bool,
    other: Sequence[Sample] | None = None,
    group: str | None = None,
    needs: Set[str] = frozenset(),
) -> Roles:
    """Roles from a data set's own splits, or by hash of the content, or of the column `group`, where it has none.

    `choosing` is whether something must be chosen on held-out pictures (the best weights, when to stop); `other` are
    judging pictures from elsewhere; a split none of whose samples has any of the fields `needs` judges and chooses
    nothing. Raises `InputError` where nothing is left to learn from.
    """
    told = {name: annotated(splits.get(name, ()), needs) for name in ("val", "test")}
    train, val, test = (list(splits.get(name, ())) if told.get(name, True) else [] for name in ("train", "val", "test"))
    notes = [blind(name, needs) for name in ("test", "val") if splits.get(name) and not told[name]]
    chosen: list[Sample] = []
    if not train:
        raise InputError(f"there are no training pictures; the data has only {', '.join(splits) or 'nothing'}")
    if other is not None:
        judge, name = list(other), "val"
        notes.append("judged on the pictures given with --val")
        chosen = val
    elif test and val:
        judge, name, chosen = test, "test", val
        notes.append("judged on the data's test split; its val split chooses the weights and what is fitted afterwards")
    elif test or val:
        judge, name = test or val, "test" if test else "val"
        notes.append(f"judged on the data's {name} split")
    else:
        parts = divide(train, digests, {"train": 1 - share, "judge": share}, group=group)
        train, judge, name = list(parts.parts["train"]), list(parts.parts["judge"]), "held out"
        what = "their content" if group is None else f"their {group}"
        why = "no split is left to judge on" if notes else "the data has no split of its own"
        notes += [f"{why}: pictures are held out by a hash of {what}", *parts.notes]
    if choosing and not chosen:
        shares = {"train": 1 - CHOOSING_SHARE, "choose": CHOOSING_SHARE}
        parts = divide(train, digests, shares, group=group, salt="choose")
        train, chosen = list(parts.parts["train"]), list(parts.parts["choose"])
        notes += [f"{len(chosen)} training pictures are kept aside to choose the weights", *parts.notes]
    if lacking := "learn from" if not train else "" if judge else "judge on":
        what = f"groups of equal {group}" if group else "pictures"
        raise InputError(
            f"no pictures to {lacking}: there are too few {what} to divide; give more, or others with --val"
        )
    if not chosen:
        notes.append("nothing is chosen on held-out pictures: the last weights become the model")
    return Roles(train, chosen, judge, name, tuple(notes))

"""Roles where the user asks for a part of the pictures: one fold of several to judge on, or a share to learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from clearsight.core.errors import InputError
from clearsight.core.sample import Sample
from clearsight.data.folds import divide_folds
from clearsight.data.splits import divide
from clearsight.verbs.roles import CHOOSING_SHARE, Roles


def fold_roles(
    splits: Mapping[str, Sequence[Sample]], digests: Mapping[str, str], options: Any, *, choosing: bool
) -> Roles:
    """Roles that judge on fold `options.fold` of `options.folds` and learn from the others.

    The folds are of the train and the val split; a test split stays out. Raises `InputError` for a fold that there is
    not, and with --val.
    """
    fold, folds = options.fold, options.folds
    if folds is None:
        raise InputError(f"--fold {fold}: say with --folds how many there are")
    if not 1 <= fold <= folds:
        raise InputError(f"--fold {fold}: there are {folds}, the first is 1")
    if options.val is not None:
        raise InputError("--folds judges on every picture of the data in its turn: leave --val out")
    pool = [sample for name in ("train", "val") for sample in splits.get(name, ())]
    if not pool:
        raise InputError(f"there are no pictures for folds; the data has only {', '.join(splits) or 'nothing'}")
    parts = divide_folds(pool, digests, folds, group=options.group)
    judge = parts.parts.pop(str(fold))
    train, chosen = [sample for part in parts.parts.values() for sample in part], []
    notes = [*parts.notes, f"judged on fold {fold} of {folds}"]
    if splits.get("test"):
        notes.append(f"the data's test split stays out of the folds ({len(splits['test']):,} pictures)")
    if choosing:
        shares = {"train": 1 - CHOOSING_SHARE, "choose": CHOOSING_SHARE}
        aside = divide(train, digests, shares, group=options.group, salt="choose")
        train, chosen = aside.parts["train"], aside.parts["choose"]
        notes += [f"{len(chosen)} training pictures are kept aside to choose the weights", *aside.notes]
    else:
        notes.append("nothing is chosen on held-out pictures: the last weights become the model")
    return Roles(train, chosen, judge, "held out", tuple(notes))


def share_roles(roles: Roles, digests: Mapping[str, str], options: Any) -> Roles:
    """These roles with `options.train_share` of the training pictures, the others left out.

    The parts are nested, as they go by hash: 0.2 holds all of 0.1. Another seed draws other ones.
    """
    share = options.train_share
    if share == 1:
        return roles
    shares = {"learnt from": share, "left out": 1 - share}
    parts = divide(roles.train, digests, shares, group=options.group, salt=f"share {options.seed}")
    kept = parts.parts["learnt from"]
    if not kept:
        raise InputError(f"--train-share {share:g}: of {len(roles.train)} training pictures none is left")
    return replace(roles, train=kept, notes=(*roles.notes, *parts.notes))

"""Roles of a stream, and how long an epoch of one is."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from clearsight.core.errors import InputError
from clearsight.core.reader import DataInfo, Location
from clearsight.core.sample import ArrayImage, Sample
from clearsight.data import open as opening
from clearsight.data.checks import gather, run_checks
from clearsight.data.open import Dataset
from clearsight.data.sample_stream import SampleStream
from clearsight.verbs.roles import Roles
from clearsight.verbs.streaming import pictures_in_epoch, stream_roles, streams


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A set whose reader knows neither lengths nor parts: 3,000 pictures to learn from, 40 in val."""

    def read(location: Location, split: str) -> Any:
        for n in range(3000 if split == "train" else 40):
            pixels = np.full((4, 4), n % 200, np.uint8)
            yield Sample(
                f"{split}/{n}", ArrayImage(pixels), labels=("a" if n < 2500 else "b",), extra={"day": n // 100}
            )

    monkeypatch.setattr(opening, "find", lambda table, name: SimpleNamespace(read=read))
    info = DataInfo("made", {"train": None, "val": None}, ("a", "b"), frozenset({"labels"}), ("day",))
    return Dataset("made", Location("made"), "made", info)  # type: ignore[arg-type]


def options(**more: Any) -> Any:
    defaults = {"cache": None, "fold": None, "val_share": 0.2, "train_share": 1.0, "seed": 0}
    return SimpleNamespace(**defaults | more)


def test_a_stream_is_only_looked_at(endless: Dataset) -> None:
    assert streams(endless, options()) and not streams(endless, options(cache="disk"))
    context = gather(endless, heads=True)
    assert context.partly == {"train", "val"} and len(context.samples["train"]) == 2000 and len(context.digests) == 2040
    findings = run_checks(context)  # the head has only one of the classes, which says nothing of the rest
    assert not [f for f in findings if f.check == "balance"]
    assert "train is a stream: 2,000 pictures from all over it stood for it" in str(findings)
    roles = stream_roles(options(train_share=0.5), endless, context, choosing=False, other=None)
    assert roles.count is None and roles.counts() == {"train": roles.about, "choose": 0, "judge": 40}
    assert roles.about is not None and 1400 < roles.about < 1600 and roles.stream is not None
    assert len(list(roles.stream)) == roles.about and all(roles.stream.holds(sample) for sample in roles.train)
    assert roles.keys()["train"] == [] and roles.sizes() == {"part train": "0"}
    assert roles.judged_split == "val" and "of the others, 0.5 are learnt from" in " ".join(roles.notes)


def test_a_split_of_a_stream_without_labels_does_not_judge(endless: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    read = opening.find("readers", "made").read

    def blind(location: Location, split: str) -> Any:
        return (replace(s, labels=None) if split == "val" else s for s in read(location, split))

    monkeypatch.setattr(opening, "find", lambda table, name: SimpleNamespace(read=blind))
    context, needs = gather(endless, heads=True), frozenset({"labels"})
    roles = stream_roles(options(), endless, context, choosing=False, other=None, needs=needs)
    assert roles.judged_split == "held out" and 500 < len(roles.judge) < 700 and not roles.choose
    assert "the val split has no labels: it is not judged on, and nothing is chosen on it" in roles.notes
    roles = stream_roles(options(), endless, context, choosing=True, other=roles.judge[:5], needs=needs)
    assert len(roles.judge) == 5 and all(s.key.startswith("train/") for s in roles.choose)


def test_what_is_held_out_is_never_learnt_from(endless: Dataset) -> None:
    context = gather(endless, heads=True)
    other = endless.samples("val")[:5]
    chosen = stream_roles(options(), endless, context, choosing=False, other=other)
    assert len(chosen.judge) == 5 and len(chosen.choose) == 40  # the data's own val split is free to choose on
    del endless.info.splits["val"]  # type: ignore[attr-defined]
    roles = stream_roles(options(), endless, context, choosing=True, other=None)
    assert roles.stream is not None
    parts = [{sample.key for sample in part} for part in (roles.stream, roles.choose, roles.judge)]
    assert sum(map(len, parts)) == len(set().union(*parts)) == 3000 and 500 < len(parts[2]) < 700
    with pytest.raises(InputError, match="no pictures to judge on: the hash held none"):
        stream_roles(options(val_share=1e-9), endless, context, choosing=False, other=None)
    with pytest.raises(InputError, match="folds needs them listed"):
        stream_roles(options(fold=1), endless, context, choosing=False, other=None)


def test_an_epoch_of_unknown_length(endless: Dataset) -> None:
    listed = Roles(endless.samples("val"), (), (), "val", ())
    stream = Roles((), (), (), "val", (), SampleStream(()), 123)
    plan = SimpleNamespace(data="made", optimiser="adamw", sampling="natural", steps=None, batch_size=8, accumulate=2)
    assert pictures_in_epoch(plan, listed) == 40 and pictures_in_epoch(plan, stream) == 123  # type: ignore[arg-type]
    unknown = Roles((), (), (), "val", (), SampleStream(()), None)
    with pytest.raises(InputError, match="made is a stream whose length is not known: say with --steps how long"):
        pictures_in_epoch(plan, unknown)  # type: ignore[arg-type]
    plan.steps = 50
    assert pictures_in_epoch(plan, unknown) == 80  # type: ignore[arg-type]

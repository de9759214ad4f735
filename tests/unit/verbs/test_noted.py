"""What only training finds out is written into plan.yaml, and the same command still resumes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import clearsight
from clearsight.engine.plan import USER, Plan


def train(tmp_path: Path, **more: object) -> Plan:
    settings = {"name": "r", "runs": str(tmp_path), "net": "lenet", "steps": 3, "batch_size": 8, "threads": 1, **more}
    clearsight.train("digits", **settings)
    return Plan.load(tmp_path / "r" / "plan.yaml")


def test_where_pictures_are_kept_and_a_found_rate(tmp_path: Path) -> None:
    plan = train(tmp_path, find_lr=True, steps=60, batch_size=64, optimiser="sgd")
    assert plan.cache == "memory" and "fit in the" in plan.why["cache"]
    assert plan.why["lr"].startswith("range test") and plan.lr > 0


def test_a_machine_that_cannot_compile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no compiler")

    monkeypatch.setattr(torch, "compile", broken)
    for resume in (False, True):
        plan = train(tmp_path, compile=True, resume=resume)
        assert plan.compile is True and plan.why["compile"].startswith(USER)
        assert "cannot compile" in plan.why["compile"] and plan.cache == "memory"

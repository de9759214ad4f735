"""The resume proof: SIGKILL at any moment, the same command with --resume, and the end is bit-identical."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from resume_proof import prove


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
@pytest.mark.parametrize(
    ("kills", "more"),
    [(12, ()), (8, ("--cache", "stream", "--workers", "2"))],
    ids=["memory", "workers"],
)
def test_killed_runs_end_like_one_that_was_left_alone(kills: int, more: tuple[str, ...], tmp_path: Path) -> None:
    proof = prove(tmp_path, kills, more, seed=len(more))
    assert len(proof.kills) == kills
    assert {kill.during for kill in proof.kills} >= {"start-up", "training"}
    assert 0 < proof.best < proof.steps < proof.total, "early stopping was not in play"
    assert proof.found and all(found == proof.wanted for found in proof.found)

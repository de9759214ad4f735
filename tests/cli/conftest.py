"""What the tests of the command line share: one small set and one run trained on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import QUICK, clearsight, paint


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 60 pictures in three classes."""
    return paint(tmp_path_factory.mktemp("sets") / "colours", 20)


@pytest.fixture(scope="session")
def trained(colours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run on it. Tests that change anything take a copy."""
    runs = tmp_path_factory.mktemp("runs")
    said = clearsight("train", colours, "--runs", runs, *QUICK)
    assert said.code == 0, said.err
    return runs / "colours"

"""A model folder of every format number there ever was loads and answers as it did."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import clearsight
from clearsight.core.artifact import FORMAT

FOLDERS = sorted(Path(__file__).parent.glob("format-*"))


def test_every_format_has_its_folder() -> None:
    assert [folder.name for folder in FOLDERS] == [f"format-{number}" for number in range(1, FORMAT + 1)]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_it_answers_as_it_did(folder: Path) -> None:
    prediction = clearsight.load(folder / "model").predict(folder / "photo.png")
    expected = json.loads((folder / "expected.json").read_text())
    np.testing.assert_allclose(prediction.probabilities, expected, atol=1e-6)
    assert prediction.label == ("cat", "dog", "émeu")[int(np.argmax(expected))]

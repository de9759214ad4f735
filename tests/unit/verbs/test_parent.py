"""What is said of a model of ours that training goes on from."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from clearsight.core.files import write_json
from clearsight.core.sample import ArrayImage, Sample
from clearsight.verbs.parent import seen_before

JUDGE = [Sample(key, ArrayImage(np.zeros((1, 1), np.uint8)), ("a",)) for key in ("1", "2", "3")]


@pytest.mark.parametrize(
    ("listed", "parent", "said"),
    [
        ({"train": ["9", "1"], "choose": ["2"], "judge": ["3"]}, None, "2 of the 3 pictures to judge on are called as"),
        ({"train": ["9"], "choose": [], "judge": ["1", "2", "3"]}, None, None),
        ({"train": [], "choose": ["9"], "judge": []}, None, "cannot be told: its run does not list those"),
        ({"train": [], "choose": ["1"], "judge": []}, None, "1 of the 3 pictures"),
        (None, None, "whether RUN has learnt from pictures to judge on cannot be told: its run does not list"),
        ({"train": ["9"], "choose": [], "judge": []}, "older", "cannot be told: it went on from older"),
        ({"train": ["1"], "choose": [], "judge": []}, "older", "1 of the 3 pictures"),
    ],
)
def test_what_a_parent_has_learnt_from(tmp_path: Path, listed: Any, parent: str | None, said: str | None) -> None:
    if listed is not None:
        write_json(tmp_path / "splits.json", listed)
    provenance = {"run": {"name": "run"}, **({"parent": {"name": parent}} if parent else {})}
    model: Any = SimpleNamespace(path=tmp_path / "model", provenance=provenance)
    found = seen_before(model, JUDGE, "RUN")
    assert found is None if said is None else said in str(found)

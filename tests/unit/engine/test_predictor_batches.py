"""How many photographs go through the net at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clearsight.core.registry import net_family
from clearsight.engine.predictor import MOST, Predictor
from clearsight.tasks.classify.task import Classify


@pytest.mark.parametrize(
    ("side", "size", "asked", "together"),
    [(16, 16, None, MOST), (16, 224, None, 54), (700, 16, None, 32), (16, 16, 5, 5)],
    ids=["small", "a large canvas", "large photographs", "as asked for"],
)
def test_a_batch_is_as_large_as_its_pictures_are_small(
    side: int, size: int, asked: int | None, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Classify(labels=("a", "b"), size=size)
    family, config = net_family("classify", "twoconv" if size < 100 else "test_vit")
    predictor = Predictor(task, family.build(task, config), batch_size=asked)
    seen: list[int] = []
    monkeypatch.setattr(predictor, "_batch", lambda photos: [seen.append(len(photos))] * len(photos))
    photos: Any = [np.zeros((side, side, 3), np.uint8)] * (2 * together + 1)
    assert len(list(predictor(photos))) == len(photos)
    assert seen == [together, together, 1]

from __future__ import annotations

import pytest

from clearsight.core.errors import InputError
from clearsight.core.reader import DataInfo
from clearsight.core.registry import TASKS, names
from clearsight.verbs.choose import choose_task, require_verb


class Toy:
    name = "toy"
    needs = frozenset({"labels", "boxes"})
    verbs = frozenset({"train", "predict"})


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    names.cache_clear()
    monkeypatch.setitem(names("tasks"), "toy", f"{__name__}:Toy")


def info(*annotated: str) -> DataInfo:
    return DataInfo("folder", {"train": 1}, ("a", "b"), frozenset(annotated))


def test_the_task_that_uses_most_of_the_annotations(toy: None) -> None:
    assert choose_task(info("labels")).name == "classify"
    assert choose_task(info("labels", "boxes")).__name__ == "Toy"
    assert choose_task(info("labels", "boxes"), "classify").name == "classify"


def test_data_without_what_a_task_needs(toy: None) -> None:
    with pytest.raises(InputError, match=r"^toy learns from boxes, but the data has labels$"):
        choose_task(info("labels"), "toy")
    with pytest.raises(InputError, match="no task can learn from this data, which has no annotation: classify needs"):
        choose_task(info())
    with pytest.raises(InputError, match="there is no task 'sing'"):
        choose_task(info("labels"), "sing")


def test_a_verb_that_a_task_lacks() -> None:
    require_verb(Toy, "train")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"^export does not work for toy, which has predict, train$"):
        require_verb(Toy, "export")  # type: ignore[arg-type]
    assert "toy" not in TASKS

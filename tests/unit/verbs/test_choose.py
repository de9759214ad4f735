from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clearsight.core.errors import InputError
from clearsight.core.reader import DataInfo
from clearsight.core.registry import TASKS, find, names
from clearsight.core.sample import ArrayImage, Sample
from clearsight.engine.config import TrainOptions
from clearsight.verbs.choose import choose_task, require_fitting, require_verb


class Toy:
    name = "toy"
    needs = frozenset({"labels", "boxes"})
    verbs = frozenset({"train", "predict"})

    @classmethod
    def suits(cls, info: DataInfo) -> bool:
        return True


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    names.cache_clear()
    monkeypatch.setitem(names("tasks"), "toy", f"{__name__}:Toy")


def info(*annotated: str, several: bool = False, values: tuple[str, ...] = ()) -> DataInfo:
    return DataInfo("folder", {"train": 1}, ("a", "b"), frozenset(annotated), several=several, values=values)


def test_the_task_that_uses_most_of_the_annotations(toy: None) -> None:
    assert choose_task(info("labels")).name == "classify"
    assert choose_task(info("labels", "boxes")).__name__ == "Toy"
    assert choose_task(info("labels", "boxes"), "classify").name == "classify"


def labelled(*labels: str) -> Sample:
    return Sample("a.jpg", ArrayImage(np.zeros((1, 1), np.uint8)), labels)


def test_several_labels_and_numbers_are_tasks_of_their_own() -> None:
    assert choose_task(info("labels", several=True)).name == "multilabel"
    assert choose_task(info("labels"), None, [labelled("a"), labelled("a", "b")]).name == "multilabel"
    assert choose_task(info("labels"), None, [labelled("a"), labelled()]).name == "classify"
    assert choose_task(info("values", values=("age",))).name == "regress"
    assert choose_task(info("labels", "values", values=("age",))).name == "regress"
    assert choose_task(info("labels", several=True), "classify").name == "classify"
    assert choose_task(info("labels"), "multilabel").name == "multilabel"


def test_options_that_mean_nothing_to_a_task_are_refused() -> None:
    task = find("tasks", "regress")(labels=("age",), size=32)
    require_fitting(task, TrainOptions(data="x", label_smoothing=0.0, class_weights="none"))
    require_fitting(find("tasks", "classify")(labels=("a", "b"), size=32), TrainOptions(data="x", label_smoothing=0.1))
    with pytest.raises(InputError, match=r"^--label-smoothing does not fit regress: numbers have no classes"):
        require_fitting(task, TrainOptions(data="x", label_smoothing=0.1))


def test_data_without_what_a_task_needs(toy: None) -> None:
    with pytest.raises(InputError, match=r"^toy learns from boxes, but the data has labels$"):
        choose_task(info("labels"), "toy")
    with pytest.raises(InputError, match="no task can learn from this data, which has no annotation: classify needs"):
        choose_task(info())
    hint = "x.csv has no column of labels that is known by its name; say --label-column cat,dog"
    with pytest.raises(InputError, match=f"; {hint}$"):
        choose_task(replace(info(), notes=(hint, "1 row is odd")))
    with pytest.raises(InputError, match="there is no task 'sing'"):
        choose_task(info("labels"), "sing")


def test_a_verb_that_a_task_lacks() -> None:
    require_verb(Toy, "train")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"^export does not work for toy, which has predict, train$"):
        require_verb(Toy, "export")  # type: ignore[arg-type]
    assert "toy" not in TASKS

"""The tables of the registries hold what the design says of them."""

from __future__ import annotations

import pytest

from clearsight.core.errors import InputError
from clearsight.core.registry import find, names, net_family
from clearsight.core.task import Situation
from clearsight.verbs.choose import require_verb
from tests.contract.toys import FindBox

TASKS = list(names("tasks"))
VERBS = list(names("verbs"))


@pytest.mark.parametrize("table", ["verbs", "tasks", "predictions", "nets", "readers", "writers", "checks", "sections"])
def test_every_name_leads_to_something(table: str) -> None:
    for name in names(table):
        assert find(table, name) is not None


@pytest.mark.parametrize("task", TASKS)
def test_a_task_names_verbs_that_exist_and_a_prediction_that_is_registered(task: str) -> None:
    kind = find("tasks", task)
    assert kind.name == task
    assert kind.verbs <= set(VERBS)
    assert find("predictions", task) is kind.prediction
    net, _ = kind.default_net(32, Situation(1000, "cpu", None))
    family, _ = net_family(task, net)
    assert family.name


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_has_its_three_parts(verb: str) -> None:
    module = find("verbs", verb)
    assert module.SUMMARY.endswith(".")
    assert callable(module.run)
    assert all(field.description for field in module.Options.model_fields.values())


def test_a_hole_in_the_table_answers_with_a_sentence() -> None:
    with pytest.raises(InputError, match="export"):
        require_verb(FindBox(labels=("bright",), size=16), "export")


@pytest.mark.parametrize("reader", list(names("readers")))
def test_a_reader_has_its_three_functions(reader: str) -> None:
    module = find("readers", reader)
    assert all(callable(getattr(module, name)) for name in ("sniff", "info", "read"))


@pytest.mark.parametrize("writer", list(names("writers")))
def test_a_writer_has_its_parts_and_a_reader_of_its_name(writer: str) -> None:
    module = find("writers", writer)
    assert callable(module.place)
    assert callable(module.write)
    assert module.HOLDS & {"boxes", "labels", "masks", "semantic"}
    assert isinstance(module.TAKEN, frozenset)
    assert writer in names("readers")

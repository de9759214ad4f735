from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from clearsight.core import registry
from clearsight.core.errors import InputError
from clearsight.core.registry import TABLES, find, names, net_family


@pytest.fixture
def extra_readers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def entry_points(group: str) -> list[EntryPoint]:
        if group != "clearsight.readers":
            return []
        return [
            EntryPoint("tfrecord", "json.decoder:JSONDecoder", group),
            EntryPoint("folder", "somewhere.else", group),
        ]

    monkeypatch.setattr(registry, "entry_points", entry_points)
    names.cache_clear()
    yield
    names.cache_clear()


def test_names_of_other_packages_are_found_and_hide_none_of_ours(extra_readers: None) -> None:
    import json

    assert find("readers", "tfrecord") is json.JSONDecoder
    assert names("readers")["folder"] == TABLES["readers"]["folder"]
    assert list(names("readers"))[-1] == "tfrecord"


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"^there is no task 'clasify'; there is classify"):
        find("tasks", "clasify")


def test_a_name_without_an_attribute_is_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TABLES, "toys", {"json": "json", "decoder": "json:JSONDecoder"})  # type: ignore[misc]
    import json

    assert find("toys", "json") is json
    assert find("toys", "decoder") is json.JSONDecoder


@pytest.mark.parametrize("table", TABLES)
def test_every_entry_leads_to_something(table: str) -> None:
    root = Path(registry.__file__).parents[1]
    for name, target in TABLES[table].items():
        module, _, attribute = target.partition(":")
        path = root.joinpath(*module.split(".")[1:])
        file = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
        assert file.is_file(), f"{table} {name}: no module {module}"
        assert attribute == "" or attribute in file.read_text(encoding="utf-8"), f"{name}: no {target}"


def test_a_net_that_is_not_listed_is_one_of_timm_s() -> None:
    own, config = net_family("classify", "lenet")
    assert (own.__name__, config) == ("LeNet", {})
    assert net_family("classify", "resnet18") == (find("nets", "classify.timm"), {"model": "resnet18"})


def test_a_task_without_a_timm_family_lists_its_nets() -> None:
    with pytest.raises(InputError, match="there is no net 'resnet18' for listen; there is none"):
        net_family("listen", "resnet18")


def test_the_contracts_of_data_need_no_torch() -> None:
    modules = ("errors", "files", "image", "options", "prediction", "reader", "registry", "sample")
    code = "".join(f"import clearsight.core.{module}\n" for module in modules)
    code += "import sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

from __future__ import annotations

import builtins
import io
from typing import Any

import pytest

from clearsight.core.errors import InputError
from clearsight.verbs import nets
from clearsight.verbs.nets import Options, run


def shown(outcome: Any) -> str:
    from rich.console import Console

    console = Console(file=io.StringIO(), width=120)
    outcome.show(console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_our_nets_with_parameters_counted_by_hand() -> None:
    outcome = run(Options())
    found = {net.name: net for net in outcome.own}
    assert list(found) == ["feedforward", "lenet", "twoconv"]
    assert outcome.size == 224
    convolutions = (3 * 9 * 32 + 32) + (32 * 9 * 64 + 64)
    assert found["twoconv"].parameters == convolutions + (64 * 56 * 56 * 128 + 128) + (128 * 10 + 10)
    dense = (3 * 224 * 224 * 256 + 256) + (256 * 128 + 128) + (128 * 10 + 10)
    assert found["feedforward"].parameters == dense
    assert all(net.task == "classify" and net.about.endswith(".") for net in outcome.own)
    text = shown(outcome)
    assert "25,710,922" in text
    assert f"timm's {outcome.timm_count:,} models" in text


def test_without_a_pattern_timm_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def guarded(name: str, *rest: Any) -> Any:
        assert name.split(".")[0] != "timm", "timm takes seconds to import"
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", guarded)
    assert run(Options()).timm_count > 1000
    with pytest.raises(AssertionError, match="takes seconds"):
        run(Options(pattern="resnet*"))  # the guard does guard


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """timm with two models; the patterns it was asked for."""
    asked: list[str] = []

    def timm_models(pattern: str) -> dict[str, list[str]]:
        asked.append(pattern)
        return {"resnet18": ["a1_in1k", "tv_in1k"], "resnet34": []} if "resnet" in pattern else {}

    monkeypatch.setattr(nets, "timm_models", timm_models)
    return asked


def test_a_part_of_a_name_finds_ours_and_timms(few: list[str]) -> None:
    ours = run(Options(pattern="Conv"))
    assert [net.name for net in ours.own] == ["twoconv"]
    assert ours.timm == {}
    theirs = run(Options(pattern="resnet*"))
    assert few == ["*conv*", "resnet*"]
    assert theirs.own == []
    assert theirs.to_dict()["timm"][0] == {"name": "resnet18", "pretrained": ["a1_in1k", "tv_in1k"]}
    text = shown(theirs)
    assert "a1_in1k, tv_in1k" in text
    assert "none" in text
    assert "2 nets match" in text


@pytest.mark.usefixtures("few")
def test_a_pattern_that_nothing_matches() -> None:
    with pytest.raises(InputError, match="no net matches 'nothing-such'"):
        run(Options(pattern="nothing-such"))


@pytest.mark.slow
def test_timm_is_counted_and_searched_rightly() -> None:
    import timm

    assert nets.count_timm() == len(timm.list_models())
    found = nets.timm_models("resnet18*")
    assert set(found) == set(timm.list_models("resnet18*"))
    assert "a1_in1k" in found["resnet18"]
    assert sum(map(len, found.values())) == len(timm.list_models("resnet18*", pretrained=True))

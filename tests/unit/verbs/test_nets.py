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
    named = ["feedforward", "lenet", "conv32", "conv32-64", "twoconv", "recurrent", "vit", "resnet20", "resnet56"]
    assert list(found)[:9] == named
    assert found["twoconv"].size == 32
    convolutions = (3 * 9 * 32 + 32) + (32 * 9 * 64 + 64)
    assert found["twoconv"].parameters == convolutions + (64 * 8 * 8 * 128 + 128) + (128 * 10 + 10)
    positions = 32 * 32 * 3 * 9 * 32 + 16 * 16 * 32 * 9 * 64
    assert found["twoconv"].multiply_adds == positions + 64 * 8 * 8 * 128 + 128 * 10
    dense = (3 * 32 * 32 * 256 + 256) + (256 * 128 + 128) + (128 * 10 + 10)
    assert found["feedforward"].parameters == dense
    assert found["feedforward"].multiply_adds == dense - 256 - 128 - 10
    assert found["resnet20"].parameters == 269_722
    assert all(net.about.endswith(".") for net in outcome.own)
    slow = {"detect", "segment", "instances"}  # these take seconds to make
    assert all((net.parameters is None) == (net.task in slow) for net in outcome.own)
    text = shown(outcome)
    assert "545,098" in text and "6.1 M" in text and "–: clearsight nets NAME counts it" in text
    assert f"timm's {outcome.timm_count:,} models" in text


def test_a_detector_is_counted_where_it_is_asked_for() -> None:
    (found,) = run(Options(pattern="yolo")).own
    assert found.size == 416 and found.parameters is not None and 1e6 < found.parameters < 3e6
    assert found.multiply_adds is not None and 1e9 < found.multiply_adds < 2e9


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
    assert [net.name for net in ours.own] == ["conv32", "conv32-64", "twoconv"]
    assert ours.timm == {}
    theirs = run(Options(pattern="resnet*"))
    assert few == ["*conv*", "resnet*"]
    assert [net.name for net in theirs.own] == ["resnet20", "resnet56"]
    assert theirs.to_dict()["timm"][0] == {"name": "resnet18", "pretrained": ["a1_in1k", "tv_in1k"]}
    text = shown(theirs)
    assert "a1_in1k, tv_in1k" in text
    assert "none" in text
    assert "4 nets match" in text


def test_the_name_of_one_of_ours_shows_its_settings(few: list[str]) -> None:
    outcome = run(Options(pattern="conv32"))
    assert few == []
    assert [net.name for net in outcome.own] == ["conv32"]
    settings = outcome.to_dict()["nets"][0]["settings"]
    assert settings["kernel"] == {"default": 3, "may_be": "3, 5 or 7"}
    text = shown(outcome)
    assert "relu, tanh, sigmoid, gelu or silu" in text
    assert "train it with: clearsight train photos/ --net conv32" in text
    assert "[256, 128]" in shown(run(Options(pattern="feedforward")))


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

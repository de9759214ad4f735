"""Options → plan → file → plan."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from clearsight.core.errors import InputError
from clearsight.core.options import parse
from clearsight.engine.config import AUGMENTATIONS, TrainOptions
from clearsight.engine.plan import USER, Plan, differences, resolve


def plan_for(**said: object) -> Plan:
    options = parse(TrainOptions, {"data": "photos", **said})
    return resolve(options, {"device": ("cpu", "found")}, {"lr": (0.5, "suits"), "flip": (0.5, "photos")}, {"batch": 8})


def test_the_user_wins_then_what_was_chosen_then_the_suggestion() -> None:
    plan = plan_for(lr=0.1)
    assert (plan.lr, plan.why["lr"]) == (0.1, USER)
    assert (plan.device, plan.why["device"]) == ("cpu", "found")
    assert (plan.flip, plan.why["flip"]) == (0.5, "photos")
    assert plan.schedule == "cosine" and plan.batch == 8
    assert plan_for().lr == 0.5


def test_a_suggestion_does_not_override_a_zero() -> None:
    assert plan_for(flip=0).flip == 0


def test_steps_take_the_place_of_epochs() -> None:
    assert plan_for(steps=5).epochs is None


def test_every_augmentation_is_an_option() -> None:
    assert set(AUGMENTATIONS) <= set(TrainOptions.model_fields)
    assert plan_for().augment.keys() == set(AUGMENTATIONS)


def test_a_plan_from_before_an_augmentation_is_without_it() -> None:
    plan = plan_for(flip=0.5)
    old = Plan({name: value for name, value in plan.settings.items() if name not in {"mosaic", "crop"}}, {}, {})
    assert (old.augment["flip"], old.augment["mosaic"], old.augment["crop"]) == (0.5, 0.0, 1.0)


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    plan = plan_for(lr=0.25)
    plan.save(tmp_path / "plan.yaml")
    again = Plan.load(tmp_path / "plan.yaml")
    assert again.settings == plan.settings and again.facts == plan.facts
    content = yaml.safe_load((tmp_path / "plan.yaml").read_text())
    assert content["settings"]["lr"] == {"value": 0.25, "why": USER}


@pytest.mark.parametrize("text", ["", "settings: 3", "{", "settings: {lr: 1}\nfacts: {}"])
def test_a_damaged_plan_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.yaml").write_text(text)
    with pytest.raises(InputError, match=r"plan\.yaml"):
        Plan.load(tmp_path / "plan.yaml")


def test_differences_are_named() -> None:
    plan = plan_for(lr=0.25)
    assert differences(parse(TrainOptions, {"data": "photos", "lr": 0.25, "resume": True}), plan) == []
    assert differences(parse(TrainOptions, {"data": "photos", "lr": 0.5}), plan) == ["lr is 0.5 now and was 0.25"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"epochs": -1}, "--epochs"),
        ({"optimiser": "lion"}, "--optimiser"),
        ({"epohcs": 3}, "no option --epohcs"),
        ({"name": "a/b"}, "folder"),
    ],
)
def test_a_wrong_option_is_one_sentence_in_its_own_words(said: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        parse(TrainOptions, {"data": "photos", **said})
    assert "\n" not in str(caught.value)

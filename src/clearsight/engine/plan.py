"""Options → plan: every None resolved, once, with its reason. A resumed run reads the plan and decides nothing anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from clearsight.core.errors import InputError
from clearsight.core.files import write_text
from clearsight.engine.config import AUGMENTATIONS, TrainOptions

FALLBACK: Mapping[str, Any] = {
    "epochs": 10.0,
    "batch_size": 32,
    "optimiser": "adamw",
    "lr": 1e-3,
    "weight_decay": 0.0,
    "schedule": "cosine",
    "warmup": 0.0,
    "ema": 0.0,
    "freeze": 0.0,
    "backbone_lr": 1.0,
    "layer_decay": 1.0,
    "unfreeze": 0.0,
    "still": 0.0,
    "progressive": 1.0,
    "sampling": "natural",
    "momentum": 0.9,
    "nesterov": True,
    "eval_every": 1.0,
    "label_smoothing": 0.0,
    "focal_gamma": 2.0,
    "tta": "none",
    "crop": 1.0,
    "precision": "32",
    **{name: 0.0 for name in AUGMENTATIONS if name != "crop"},
}
"""What is used where neither the user nor the task says anything."""

USER = "you said so"


@dataclass(frozen=True)
class Plan:
    """Everything that decides how a training goes."""

    settings: Mapping[str, Any]  # every field of TrainOptions, resolved
    why: Mapping[str, str]  # the reason for each
    facts: Mapping[str, Any]  # derived numbers: total steps, task, net, counts, the data's fingerprint

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        for table in (self.settings, self.facts):
            if name in table:
                return table[name]
        raise AttributeError(name)

    @property
    def augment(self) -> dict[str, float]:
        """Strengths of the augmentations; none of those that an older plan does not know."""
        return {name: self.settings.get(name, FALLBACK[name]) for name in AUGMENTATIONS}

    def with_setting(self, name: str, value: Any, why: str) -> Plan:
        """This plan with one setting decided."""
        return Plan({**self.settings, name: value}, {**self.why, name: why}, self.facts)

    def save(self, path: Path) -> None:
        """Write plan.yaml."""
        settings = {
            name: {"value": value, "why": self.why.get(name, "") or "default"} for name, value in self.settings.items()
        }
        text = yaml.safe_dump(
            {"settings": settings, "facts": dict(self.facts)}, sort_keys=False, allow_unicode=True, width=100
        )
        write_text(path, "# Everything that was decided before this training, and why.\n" + text)

    @classmethod
    def load(cls, path: Path) -> Plan:
        """Read plan.yaml. Raises `InputError`."""
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            settings = {name: entry["value"] for name, entry in content["settings"].items()}
            why = {name: entry["why"] for name, entry in content["settings"].items()}
            return cls(settings, why, content["facts"])
        except (yaml.YAMLError, UnicodeDecodeError, AttributeError, KeyError, TypeError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{path} is not a plan written by clearsight ({reason})") from None


def resolve(
    options: TrainOptions,
    chosen: Mapping[str, tuple[Any, str]],
    suggested: Mapping[str, tuple[Any, str]],
    facts: Mapping[str, Any],
) -> Plan:
    """The plan: what the user said wins, then what was `chosen` from data and machine, then what the task suggests."""
    settings: dict[str, Any] = {}
    why: dict[str, str] = {}
    for name, value in options.model_dump().items():
        if name in options.model_fields_set and value is not None:
            settings[name], why[name] = value, USER
        elif name in chosen:
            settings[name], why[name] = chosen[name]
        elif value is None and name in suggested:
            settings[name], why[name] = suggested[name]
        else:
            settings[name], why[name] = (FALLBACK.get(name) if value is None else value), ""
    if options.steps is not None and options.epochs is None:
        settings["epochs"], why["epochs"] = None, "steps were given"
    return Plan(settings, why, facts)


def differences(options: TrainOptions, plan: Plan) -> list[str]:
    """What the user says now against what the plan holds; empty when the command is the same."""
    ignored = {"resume", "runs", "name"}
    said = {name: getattr(options, name) for name in options.model_fields_set - ignored}
    return [
        f"{name} is {value} now and was {plan.settings.get(name)}"
        for name, value in said.items()
        if value is not None and plan.settings.get(name) != value
    ]

"""Going on from a model of ours: its net, the way it sees pictures, and its weights, those of the head by label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearsight.core import artifact
from clearsight.core.artifact import PICKLES, Artifact
from clearsight.core.errors import InputError
from clearsight.core.files import read_json
from clearsight.core.registry import net_family
from clearsight.engine.config import AUGMENTATIONS
from clearsight.nets.timm import is_hub_folder

if TYPE_CHECKING:
    from clearsight.core.net import Net
    from clearsight.core.sample import Sample
    from clearsight.core.task import Situation, Task

SEEN = ("size", "channels", "fit", "share")
"""Fields of a task that say how a net sees a photograph."""

OF_THE_NET = frozenset({*AUGMENTATIONS, "clip", "tta"})
"""Settings that net and pictures decide, whether training begins from nothing or goes on."""


def is_ours(weights: str | None) -> bool:
    """Whether --weights names a model or a run of ours, and not a weight file or a folder that the hub's libraries saved."""
    if weights in (None, "", "none", "download"):
        return False
    path = Path(str(weights)).expanduser()
    if path.is_dir():
        return not is_hub_folder(path)
    return path.suffix.lower() not in {".safetensors", *PICKLES}


def find_parent(weights: str | None) -> Artifact | None:
    """The model of ours that --weights names; None where it names none. Raises `InputError` where it cannot be read."""
    return artifact.load(Path(str(weights)).expanduser()) if is_ours(weights) else None


def seen_alike(parent: Artifact | None, said: Mapping[str, Any]) -> dict[str, Any]:
    """How the net is to see photographs: as the user said, and where that is None as the parent does."""
    if parent is None:
        return dict(said)
    own = {name: getattr(parent.task, name) for name in SEEN if hasattr(parent.task, name)}
    return {**own, **{name: value for name, value in said.items() if value is not None}}


def net_name(parent: Artifact, task: Task[Any], options: Any) -> tuple[str, str]:
    """The parent's net by the name that --net takes, and why. Raises `InputError` where the user said another one."""
    net = parent.net
    name = str(net.config.get("model", net.name))
    if options.net not in (None, name):
        raise InputError(f"--weights {options.weights} holds the net {name}, not {options.net}: leave --net out")
    if options.net_options:
        raise InputError(f"--weights {options.weights} holds a net with its settings: leave --net-options out")
    if net_family(task.name, name)[0] is not type(net):
        raise InputError(f"--weights {options.weights}: its net {name} is none of those for {task.name}")
    return name, f"that of {options.weights}"


def begin(net: Net, task: Task[Any], weights: str, sha256: str | None = None) -> str:
    """Fill a net with the weights that --weights names; what was taken over is returned in words.

    Raises `InputError` where they do not fit, or where `sha256` is given and the model is no longer that one.
    """
    parent = find_parent(weights)
    if parent is None:
        return net.load_pretrained(weights)
    if sha256 is not None and facts(parent)["sha256"] != sha256:
        raise InputError(f"{weights} is not the model it was when this run was planned: train anew, without --resume")
    if parent.task.channels != task.channels:
        raise InputError(
            f"{weights} sees pictures of {parent.task.channels} channels and this training asks for {task.channels}: "
            "leave --channels out"
        )
    return f"{weights}: {net.take_over(parent.net, parent.task, task)}"


def facts(parent: Artifact) -> dict[str, Any]:
    """What a run keeps of the model it goes on from: names and hashes, no paths."""
    assert parent.path is not None  # it was loaded from there
    run = parent.provenance.get("run", {})
    return {
        "name": run.get("name") or parent.path.resolve().name,
        "sha256": artifact.describe(parent.path)["weights"]["sha256"],
        "fingerprint": run.get("fingerprint"),
        "labels": list(parent.task.labels),
    }


def fine_tuning(task: Task[Any], net: Net, situation: Situation) -> Mapping[str, tuple[Any, str]]:
    """The settings for going on: those of fine-tuning. A net without a pretrained part moves as a whole from the start,
    and its pictures are augmented as if it learnt them from nothing."""
    settings = dict(task.suggest(situation))
    if net.backbone_parameters():
        return settings
    nothing = replace(situation, weights=None)
    pictures = {**task.suggest(nothing), **type(net).settings(task, nothing)}
    why = "the whole net goes on: it has no part that was pretrained alone"
    return {
        **{name: value for name, value in settings.items() if name not in OF_THE_NET},
        **{name: value for name, value in pictures.items() if name in OF_THE_NET},
        "freeze": (0.0, why),
        "backbone_lr": (1.0, why),
    }


def seen_before(parent: Artifact, judge: Sequence[Sample], weights: str) -> str | None:
    """What to be warned of: pictures to judge on bear the names of pictures that the parent has learnt from, or whether
    it has learnt from them cannot be told. None where nothing speaks for it."""
    assert parent.path is not None  # it was loaded from there
    listed = parent.path.parent / "splits.json"
    keys = read_json(listed) if listed.is_file() else {"train": [], "choose": []}
    learnt = {key for role in ("train", "choose") for key in keys[role]}
    if both := sum(sample.key in learnt for sample in judge):
        return (
            f"{both:,} of the {len(judge):,} pictures to judge on are called as pictures that {weights} has learnt "
            "from: where they are the same, the figures are too good"
        )
    if keys["train"] and "parent" not in parent.provenance:
        return None
    why = "its run does not list those that it learnt from"
    if keys["train"]:
        why = f"it went on from {parent.provenance['parent']['name']}"
    return f"whether {weights} has learnt from pictures to judge on cannot be told: {why}"

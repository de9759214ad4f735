"""Where a training stands, on disk: tensors as safetensors, the rest as JSON. Never a pickle, never half a file.

`last/state.json` names the tensor file that belongs to it and is replaced in one move after that file is whole, so
whenever the process is killed, `state.json` leads to a complete state.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from clearsight.core.errors import InputError
from clearsight.core.files import write_bytes, write_json
from clearsight.core.learner import Learner
from clearsight.engine.optimisers import Average


def save(folder: Path, tensors: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
    """Write a state and remove the one before it, and what a killed process left. One writer at a time."""
    from safetensors.torch import save as to_bytes

    data = to_bytes({name: value.detach().cpu().contiguous() for name, value in tensors.items()})
    digest = hashlib.sha256(data).hexdigest()
    name = f"state-{digest[:16]}.safetensors"
    write_bytes(folder / name, data)
    write_json(folder / "state.json", {"tensors": name, "sha256": digest, **values})
    for old in [*folder.glob("state-*.safetensors"), *folder.glob(".state*")]:  # hidden ones are half written
        if old.name != name:
            old.unlink(missing_ok=True)


def load(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """The state saved last, or None where none was. Raises `InputError` where it is damaged."""
    from safetensors.torch import load as from_bytes

    path = folder / "state.json"
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        data = (folder / values["tensors"]).read_bytes()
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} cannot be resumed from ({error}); train anew without --resume") from None
    if hashlib.sha256(data).hexdigest() != values["sha256"]:
        raise InputError(f"{folder / values['tensors']} is damaged (its SHA-256 differs); train anew without --resume")
    return from_bytes(data), values


def save_training(
    folder: Path,
    learner: Learner,
    average: Average | None,
    optimisers: Mapping[str, torch.optim.Optimizer],
    state: Mapping[str, Any],
) -> None:
    """Everything that a training goes on from. `state` is the loop's own, plain JSON."""
    tensors = {f"learner.{name}": value for name, value in learner.state_dict().items()}
    values: dict[str, Any] = {"state": state, "optimisers": {}}
    if average is not None:
        tensors |= {f"average.{name}": value for name, value in average.state.items()}
        values["average_updates"] = average.updates
    for phase, optimiser in optimisers.items():
        packed, values["optimisers"][phase] = pack_optimiser(f"optimiser-{phase}", optimiser)
        tensors |= packed
    save(folder, tensors, values)


def load_training(
    folder: Path,
    learner: Learner,
    average: Average | None,
    optimisers: Mapping[str, torch.optim.Optimizer],
) -> dict[str, Any] | None:
    """Give learner, average and optimisers what `save_training` wrote; returns the loop's state, None if none was."""
    saved = load(folder)
    if saved is None:
        return None
    tensors, values = saved
    learner.load_state_dict(_under("learner.", tensors))
    if average is not None:
        average.load(_under("average.", tensors), values["average_updates"])
    for phase, optimiser in optimisers.items():
        unpack_optimiser(f"optimiser-{phase}", optimiser, tensors, values["optimisers"][phase])
    state: dict[str, Any] = values["state"]
    return state


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def pack_optimiser(name: str, optimiser: torch.optim.Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """An optimiser's state as tensors and plain values. Parameters go by their number."""
    tensors: dict[str, Tensor] = {}
    values: dict[str, Any] = {}
    for number, state in optimiser.state_dict()["state"].items():
        for key, value in state.items():
            if isinstance(value, Tensor):
                tensors[f"{name}.{number}.{key}"] = value
            else:
                values[f"{number}.{key}"] = value
    return tensors, values


def unpack_optimiser(
    name: str, optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor], values: Mapping[str, Any]
) -> None:
    """Give an optimiser the state that `pack_optimiser` took, laid out in memory as its parameters are."""
    params = [param for group in optimiser.param_groups for param in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    prefix = f"{name}."
    for full, value in [*tensors.items(), *((prefix + key, value) for key, value in values.items())]:
        if full.startswith(prefix):
            number, key = full.removeprefix(prefix).split(".", 1)
            like = params[int(number)]
            if isinstance(value, Tensor) and value.shape == like.shape:
                value = torch.empty_like(like, dtype=value.dtype).copy_(value)
            state.setdefault(int(number), {})[key] = value
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})

"""A model on disk: a folder with `model.safetensors`, `model.json` and a card. Loading it cannot run code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearsight.core.errors import InputError
from clearsight.core.files import replacing_folder, write_bytes, write_json, write_text
from clearsight.core.registry import find

if TYPE_CHECKING:
    from clearsight.core.net import Net
    from clearsight.core.task import Task

FORMAT = 1
"""Number of the model folder's format. A new number keeps a golden folder of the old one loading in the tests."""

PICKLES = frozenset({".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".joblib", ".pt2"})


@dataclass(frozen=True)
class Artifact:
    """A task, the net that answers it, and where they come from."""

    task: Task[Any]
    net: Net
    provenance: Mapping[str, Any] = field(default_factory=dict)  # data, metrics, licence, versions: plain JSON
    path: Path | None = None


def save(artifact: Artifact, path: Path, card: str) -> None:
    """Write the model folder in one move. `card` is the text of its README.md."""
    from safetensors.torch import save as to_bytes

    state = {name: value.detach().cpu().contiguous() for name, value in artifact.net.state_dict().items()}
    weights = to_bytes(state, metadata={"format": "pt"})
    description = {
        "format": FORMAT,
        "task": {"name": artifact.task.name, **artifact.task.model_dump(mode="json")},
        "net": {"name": artifact.net.name, "config": dict(artifact.net.config)},
        "weights": {"sha256": hashlib.sha256(weights).hexdigest(), "bytes": len(weights)},
        **artifact.provenance,
    }
    with replacing_folder(path) as folder:
        write_bytes(folder / "model.safetensors", weights)
        write_json(folder / "model.json", description)
        write_text(folder / "README.md", card)


def locate(path: Path) -> Path:
    """The model folder behind what a user names: itself, or a run's `model/`. Raises `InputError`."""
    if path.suffix.lower() in PICKLES:
        raise InputError(
            f"{path} is a pickle, which can run code when it is loaded; "
            "only model folders (model.safetensors and model.json) and .onnx files are read"
        )
    for folder in (path, path / "model"):
        if (folder / "model.json").is_file():
            return folder
    if (path / "plan.yaml").is_file():
        raise InputError(f"{path} is a run that has not finished: continue it with its command and --resume")
    if not path.exists():
        raise InputError(f"{path} is not there; give a run folder, a model folder or an .onnx file")
    raise InputError(f"{path} is no model: it has no model.json")


def describe(folder: Path) -> dict[str, Any]:
    """The content of model.json, its format checked. No torch. Raises `InputError`."""
    path = folder / "model.json"
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not JSON ({error}); the model folder is damaged: copy or train it again") from None
    number = description.get("format") if isinstance(description, dict) else None
    if not isinstance(number, int) or number < 1:
        raise InputError(f"{path} has no format number: it was not written by clearsight")
    if number > FORMAT:
        raise InputError(f"{path} has format {number}, newer than the {FORMAT} known here: pip install -U clearsight")
    missing = {"task", "net", "weights"} - description.keys()
    if missing:
        raise InputError(f"{path} lacks {', '.join(sorted(missing))}; the model folder is damaged")
    for name in ("task", "net", "weights"):
        if not isinstance(description[name], dict):
            raise InputError(f"{path}: its {name} is no object; the model folder is damaged")
    return dict(description)


def load(path: str | Path) -> Artifact:
    """Read a model folder (or a run's). Raises `InputError` where hash, format or shapes do not match."""
    folder = locate(Path(path))
    description = describe(folder)
    task = load_task(description["task"], folder)
    net = _load_net(description, task, folder)
    known = {"format", "task", "net", "weights"}
    provenance = {name: value for name, value in description.items() if name not in known}
    return Artifact(task, net, provenance, folder)


def load_task(description: Mapping[str, Any], folder: Path) -> Task[Any]:
    """The task of a model.json. Raises `InputError` where a field is unknown or wrong."""
    from pydantic import ValidationError

    fields = dict(description)
    kind = find("tasks", fields.pop("name", "?"))
    try:
        task: Task[Any] = kind.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"{folder / 'model.json'}: task field {where}: {first['msg'].lower()}") from None
    return task


def _load_net(description: Mapping[str, Any], task: Task[Any], folder: Path) -> Net:
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    path = folder / "model.safetensors"
    try:
        weights = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path} is missing; the model folder is not whole: copy it again") from None
    if hashlib.sha256(weights).hexdigest() != description["weights"].get("sha256"):
        raise InputError(f"{path} is not the file that model.json was written for (its SHA-256 differs): copy it again")
    try:
        state = from_bytes(weights)
        family = find("nets", f"{task.nets or task.name}.{description['net']['name']}")
        net: Net = family.build(task, description["net"]["config"])
    except InputError as error:
        raise InputError(f"{folder / 'model.json'}: {error}") from None
    except (SafetensorError, KeyError, TypeError) as error:
        raise InputError(f"{folder} is damaged ({type(error).__name__}: {error}): copy it again") from None
    wanted = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    given = {name: tuple(value.shape) for name, value in state.items()}
    if wanted != given:
        odd = sorted(name for name in wanted.keys() | given.keys() if wanted.get(name) != given.get(name))
        name = odd[0]
        raise InputError(
            f"{path}: {len(odd)} of its tensors do not fit the net that model.json describes; "
            f"{name} is {given.get(name, 'missing')}, the net has {wanted.get(name, 'none')}"
        )
    net.load_state_dict(state)
    return net.eval()

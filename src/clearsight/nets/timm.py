"""timm's models: made by name, filled from a local safetensors file or timm's own download, and what was loaded told."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from clearsight.core.errors import InputError


@dataclass(frozen=True)
class LoadReport:
    """Which tensors of a weight file went into a net, and which did not."""

    source: str
    loaded: tuple[str, ...]
    head: tuple[str, ...]  # of the classifier, left random because the classes differ
    unused: tuple[str, ...]  # in the file only

    def __str__(self) -> str:
        text = f"{len(self.loaded)} tensors loaded from {self.source}"
        if self.head:
            text += f"; the head ({', '.join(self.head)}) starts anew"
        if self.unused:
            text += f"; {len(self.unused)} of the file's were not used: {', '.join(self.unused[:4])}"
        return text


def check_name(name: str) -> None:
    """Raises `InputError`, with what was perhaps meant, where timm has no such model."""
    import timm

    base = name.split(".")[0]
    if not timm.is_model(base):
        near = difflib.get_close_matches(base, timm.list_models(), n=3)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise InputError(f"there is no net {name!r}, neither ours nor timm's{hint} (see: clearsight nets)")


def create(name: str, classes: int, channels: int, size: int | tuple[int, int], **config: Any) -> nn.Module:
    """A timm model with random weights and a head for so many classes (0 for none), for pictures of a side, or of a height
    and width. Raises `InputError`, also where it cannot be dilated to an `output_stride`."""
    import timm

    check_name(name)
    make = partial(timm.create_model, name, pretrained=False, num_classes=classes, in_chans=channels, **config)
    model: nn.Module
    try:
        try:
            model = make(img_size=size)
        except TypeError:  # most convolutional nets take pictures of any size and no such argument
            model = make()
    except (TypeError, AssertionError) as error:
        if "output_stride" in config:
            raise InputError(
                f"timm's {name} cannot be dilated to a stride of {config['output_stride']}: "
                "give a backbone that can, such as mobilenetv3_large_100, resnet50 or convnext_tiny"
            ) from error
        raise InputError(f"timm's {name} cannot be made with {config}: {error or 'it does not take them'}") from error
    return model


def normalisation(model: nn.Module, channels: int) -> tuple[Tensor, Tensor]:
    """Mean and deviation (1, C, 1, 1) that the model's pretrained weights expect of images in [0, 1]."""
    settings: Mapping[str, Any] = getattr(model, "pretrained_cfg", None) or {}
    mean, std = (torch.tensor(settings.get(key, (0.5, 0.5, 0.5))) for key in ("mean", "std"))
    if len(mean) != channels:
        mean, std = mean.mean().expand(channels), std.mean().expand(channels)
    return mean.float().reshape(1, channels, 1, 1), std.float().reshape(1, channels, 1, 1)


def own_size(name: str) -> int | None:
    """Side of the pictures that a model's weights are made for, where they take no other: with positions, say. None for
    those that take any, and for names that timm does not know."""
    import timm

    if not timm.is_model(name.split(".")[0]):
        return None
    settings = timm.get_pretrained_cfg(name)
    return int(settings.input_size[-1]) if settings is not None and settings.fixed_input_size else None


def head_names(model: nn.Module) -> tuple[str, ...]:
    """Prefixes of the classifier's parameters."""
    settings: Mapping[str, Any] = getattr(model, "pretrained_cfg", None) or {}
    name = settings.get("classifier") or ()
    return (name,) if isinstance(name, str) else tuple(name)


def blocks(model: nn.Module, params: Sequence[nn.Parameter]) -> list[list[nn.Parameter]]:
    """These parameters in timm's own blocks, the one next to the input first; one block where it knows of none."""
    from timm.models import group_parameters

    matcher: Any = getattr(model, "group_matcher", None)
    if matcher is None:
        return [list(params)]
    places: Mapping[str, int] = group_parameters(model, matcher(coarse=False), reverse=True)
    wanted = {id(p) for p in params}
    found: dict[int, list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if id(parameter) in wanted:
            found.setdefault(places[name], []).append(parameter)
    return [found[place] for place in sorted(found)]


def local_weights() -> dict[str, str]:
    """Pretrained weights in the folder that CLEARSIGHT_WEIGHTS names: timm model -> file. A file `NAME_more.safetensors`
    or `NAME.more.safetensors` is for the model NAME."""
    folder = os.environ.get("CLEARSIGHT_WEIGHTS")
    files = sorted(Path(folder).glob("*.safetensors")) if folder else []
    if not files:
        return {}
    import timm

    found: dict[str, str] = {}
    for file in files:
        name = file.name.split(".")[0]
        while name and not timm.is_model(name):
            name = name.rpartition("_")[0]
        if name:
            found.setdefault(name, str(file))
    return found


def is_hub_folder(folder: Path) -> bool:
    """Whether a folder is one in which timm or transformers saves a model: its weights beside a `config.json`."""
    return (folder / "model.safetensors").is_file() and (folder / "config.json").is_file()


def read_weights(weights: str, name: str) -> dict[str, Tensor]:
    """The tensors of a local safetensors file or of a folder of the hub's, or of timm's download where `weights` is
    "download"."""
    if weights == "download":
        return _download(name)
    path = Path(weights).expanduser()
    if is_hub_folder(path):
        path /= "model.safetensors"
    if path.suffix != ".safetensors":
        raise InputError(f"--weights {weights}: only .safetensors files are read (other formats can run code)")
    if not path.is_file():
        raise InputError(f"--weights {weights}: the file is not there")
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise InputError(f"--weights {weights}: not a whole safetensors file ({error})") from None


def _download(name: str) -> dict[str, Tensor]:
    import timm

    try:
        model: nn.Module = timm.create_model(name, pretrained=True)
    except Exception as error:  # the hub client's errors are many and change: offline, not found, refused
        raise InputError(
            f"weights of {name} could not be downloaded ({type(error).__name__}); "
            "give a local file with --weights FILE.safetensors, or --weights none to start from nothing"
        ) from error
    return dict(model.state_dict())


def load_weights(model: nn.Module, state: Mapping[str, Tensor], source: str) -> LoadReport:
    """Fill a model with pretrained tensors. A head of other shape stays random; a backbone tensor that is missing or of
    another shape is an `InputError`, because a net that is half loaded trains, and badly."""
    from timm.models import adapt_input_conv

    heads = head_names(model)
    own = model.state_dict()
    first = getattr(model, "pretrained_cfg", {}).get("first_conv")
    taken: dict[str, Tensor] = {}
    head, missing = [], []
    for name, value in own.items():
        given = state.get(name)
        if given is not None and f"{first}.weight" == name and given.shape[1] != value.shape[1]:
            given = adapt_input_conv(value.shape[1], given.float())
        if given is not None and given.shape == value.shape:
            taken[name] = given.to(value.dtype)
        elif any(name.startswith(f"{prefix}.") for prefix in heads):
            head.append(name)
        elif not name.endswith("num_batches_tracked"):
            missing.append(name)
    if missing:
        raise InputError(
            f"{source} is not for this net: {len(missing)} of its {len(own)} tensors are missing or of another "
            f"shape, {missing[0]} first; give the net that the file was made for with --net"
        )
    model.load_state_dict(taken, strict=False)
    for name, parameter in model.named_parameters():
        if name in head:  # a calm start: timm's own first head may answer with certainty before it has learnt anything
            (nn.init.trunc_normal_(parameter, std=0.01) if parameter.ndim > 1 else nn.init.zeros_(parameter))
    unused = tuple(name for name in state if name not in own)
    return LoadReport(source, tuple(taken), tuple(head), unused)

"""Which module of a net works on what another made, and on nothing else, as seen in a run; and others in their places."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

Wanted = Callable[[nn.Module], bool]


class Use(NamedTuple):
    """One of the times that a module was run."""

    shape: tuple[int, ...]  # of its input
    after: nn.Module | None
    """The module whose output its input is, if that is among those watched and nothing else sees its output."""


@torch.no_grad()
def watch(net: nn.Module, images: Tensor, first: Wanted, then: Wanted) -> dict[nn.Module, list[Use]]:
    """Run `images` (B, C, H, W) through the net once: every use, in order, of the modules that are wanted, `first` and those
    that may come `then`. What works in place may itself be followed by others: they see what it left."""
    uses: dict[nn.Module, list[Use]] = defaultdict(list)
    makers: dict[int, nn.Module] = {}
    kept: list[Tensor] = []  # outputs of the first, so that no two have the same id
    open_ends: list[tuple[nn.Module, int, int]] = []  # a use, and whose output it reads, if nothing else does
    readers = _Readers()

    def made(module: nn.Module, inputs: tuple[Tensor, ...], by_name: Mapping[str, Tensor], output: Tensor) -> None:
        (given,) = (*inputs, *by_name.values())
        uses[module].append(Use(tuple(given.shape), None))
        makers[id(output)] = module
        kept.append(output)
        readers.counts[id(output)] = 0  # a tensor that is no more may have had this id

    def came(module: nn.Module, inputs: tuple[Tensor, ...], by_name: Mapping[str, Tensor]) -> None:
        (given,) = (*inputs, *by_name.values())
        number = id(given)
        open_ends.append((module, len(uses[module]), number))
        uses[module].append(Use(tuple(given.shape), makers.get(number) if readers.counts[number] == 0 else None))

    def went(module: nn.Module, inputs: tuple[Tensor, ...], by_name: Mapping[str, Tensor], output: Tensor) -> None:
        if id(output) == open_ends[-1][2]:  # it worked in place
            open_ends.pop()
            makers.pop(id(output), None)

    hooks = []
    for module in net.modules():
        if first(module):
            hooks.append(module.register_forward_hook(made, with_kwargs=True))
        elif then(module):
            hooks.append(module.register_forward_pre_hook(came, with_kwargs=True))
            hooks.append(module.register_forward_hook(went, with_kwargs=True))
    try:
        with readers:
            found = net(images)
    finally:
        for hook in hooks:
            hook.remove()
    readers.counts.update(id(leaf) for leaf in tree_leaves(found) if isinstance(leaf, Tensor))
    for module, place, number in open_ends:
        if readers.counts[number] > 1:
            uses[module][place] = uses[module][place]._replace(after=None)
    return uses


def replace(net: nn.Module, place: str, *modules: nn.Module) -> None:
    """Let these modules, in turn, stand where the one of that name was; without any, what comes goes on."""
    parent, _, leaf = place.rpartition(".")
    one = nn.Sequential(*modules) if len(modules) > 1 else (*modules, nn.Identity())[0]
    setattr(net.get_submodule(parent), leaf, one)


class _Readers(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts how often each tensor, by its id, is read by an operation."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.counts: Counter[int] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.counts.update(id(value) for value in tree_leaves((args, kwargs or {})) if isinstance(value, Tensor))
        return func(*args, **(kwargs or {}))

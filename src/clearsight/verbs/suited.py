"""Whether net and task can do what the plan asks of them, before anything is trained."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch

from clearsight.core.errors import InputError
from clearsight.core.net import Net
from clearsight.core.sample import Sample
from clearsight.core.task import Situation, Task
from clearsight.engine.plan import USER, Plan


def check_suited(plan: Plan, task: Task[Any], net: Net, samples: Sequence[Sample]) -> None:
    """Raises `InputError` where the net or the task cannot do what the settings say."""
    blocks = len(net.backbone_blocks())
    for name, nothing in {"layer_decay": 1.0, "backbone_lr": 1.0, "unfreeze": 0.0, "freeze": 0.0, "still": 0.0}.items():
        value = plan.settings[name]
        if value != nothing and not blocks and plan.why[name] == USER:
            said = f"--{name.replace('_', '-')} {value:g}"
            raise InputError(f"{said}: the net {plan.net} has no pretrained part; leave it out")
    if plan.sampling == "balanced" and task.sample_weights(samples[:1]) is None:
        raise InputError(f"--sampling balanced: the task {task.name} has no classes of which one could draw as many")
    _check_shapes(plan, task, net)


def check_batch(plan: Plan, task: Task[Any], net: Net, batch: int) -> None:
    """Raises `InputError` where a device learns from one picture at once, as `batch` says, and the net normalises over
    several."""
    if batch == 1 and not all(learns_from_one(net, task.channels, shape) for shape in _learnt_shapes(plan, task)):
        raise InputError(
            f"--batch-size {plan.batch_size}: each device learns from one picture at once, and the net {plan.net} "
            "normalises over several; raise it, or give more pictures"
        )


def _learnt_shapes(plan: Plan, task: Task[Any]) -> set[tuple[int, int]]:
    """Heights and widths that are learnt from; of pictures that grow some of them."""
    side = plan.train_size or task.size
    sides = {side}
    if plan.progressive < 1:  # the first, and one that is no multiple of a patch's
        sides |= {round(plan.progressive * side), side - 4}
    return {task.learnt_shape(each) for each in sides}


def _check_shapes(plan: Plan, task: Task[Any], net: Net) -> None:
    """Raises `InputError` where the net does not take pictures of the shapes that it would learn from."""
    others = _learnt_shapes(plan, task) - {task.shape}
    if others and not (net.any_size and all(takes(net, task.channels, shape) for shape in others)):
        said = f"--progressive {plan.progressive:g}" if plan.progressive < 1 else f"--train-size {plan.train_size}"
        another, _ = task.default_net(task.usual, Situation(None, plan.device or "cpu", None))
        raise InputError(
            f"{said}: the net {plan.net} takes pictures of its own size only; "
            f"take a net of any size, such as {another} as it stands, or leave it out"
        )


def takes(net: Net, channels: int, shape: tuple[int, int]) -> bool:
    """Whether a net answers for pictures of another shape (H, W) than its own. It is left as it was."""
    training = net.training
    try:
        with torch.no_grad():
            net.eval()(torch.zeros(2, channels, *shape))
    except (RuntimeError, ValueError, AssertionError):
        return False
    finally:
        net.train(training)
    return True


def learns_from_one(net: Net, channels: int, shape: tuple[int, int]) -> bool:
    """Whether a net can be trained on one picture of that shape (H, W) at a time. It is left as it was."""
    try:
        with torch.no_grad():  # on a copy, as norms note what they see
            copy.deepcopy(net).train()(torch.zeros(1, channels, *shape))
    except ValueError:  # a norm over a batch that has a single value of each channel
        return False
    return True

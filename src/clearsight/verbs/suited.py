"""Whether net and task can do what the plan asks of them, before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from clearsight.core.errors import InputError
from clearsight.core.net import Net
from clearsight.core.sample import Sample
from clearsight.core.task import Task
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
    learnt = plan.train_size or task.size
    sides = {learnt}
    if plan.progressive < 1:  # the first, and one that is no multiple of a patch's
        sides |= {round(plan.progressive * learnt), learnt - 4}
    others = sides - {task.size}
    if others and not (net.any_size and all(takes(net, task.channels, side) for side in others)):
        said = f"--progressive {plan.progressive:g}" if plan.progressive < 1 else f"--train-size {learnt}"
        raise InputError(
            f"{said}: the net {plan.net} takes pictures of its own size only; "
            "take a convolutional net such as resnet18, or leave it out"
        )


def takes(net: Net, channels: int, side: int) -> bool:
    """Whether a net answers for pictures of another side than its own. It is left as it was."""
    training = net.training
    try:
        with torch.no_grad():
            net.eval()(torch.zeros(2, channels, side, side))
    except (RuntimeError, ValueError, AssertionError):
        return False
    finally:
        net.train(training)
    return True

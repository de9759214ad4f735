"""What is chosen for a training, each thing with its reason: task, net, weights, and the settings of the plan."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from clearsight.core.artifact import Artifact
from clearsight.core.errors import InputError
from clearsight.core.machine import cores
from clearsight.core.net import Net
from clearsight.core.registry import names, net_family
from clearsight.core.sample import Sample
from clearsight.core.task import Situation, Task
from clearsight.data.checks import GateContext
from clearsight.data.open import Dataset
from clearsight.engine.config import TrainOptions
from clearsight.engine.plan import USER, Plan, resolve
from clearsight.engine.runtime import choose_device, choose_threads, multiplies_bf16
from clearsight.engine.settle import full_batch, settle
from clearsight.nets.cost import multiply_adds
from clearsight.nets.settings import parse
from clearsight.nets.timm import local_weights
from clearsight.verbs.choose import choose_task, require_fitting, require_verb
from clearsight.verbs.parent import begin, find_parent, fine_tuning, seen_alike, seen_before
from clearsight.verbs.parent import facts as facts_of
from clearsight.verbs.parent import net_name as inherited
from clearsight.verbs.roles import Roles
from clearsight.verbs.streaming import pictures_in_epoch
from clearsight.verbs.suited import check_batch, check_suited
from clearsight.verbs.taught import taught
from clearsight.verbs.views import with_answer, with_views

Say = Callable[[str], None]
Choices = dict[str, tuple[Any, str]]
"""Setting -> (value, why)."""

LOOKING = 0.1
"""Share of the time that looks may take where nothing is chosen on them; learning from a picture costs about three times
what judging it does."""

LOOKED_AT = 200
"""Pictures whose sizes choose the task's settings; half as many say whether there is colour."""


def decide(
    options: TrainOptions, dataset: Dataset, roles: Roles, context: GateContext, say: Say
) -> tuple[Task[Any], Net, Plan]:
    """Task, net and plan for the data and the machine. Raises `InputError` on options that do not go together."""
    device, why = choose_device(options.device)
    recipe = options.recipe or "balanced"
    chosen: Choices = {"device": (device, why), "recipe": (recipe, "the middle way between quick and best")}
    parent = find_parent(options.weights)
    task = _task(options, dataset, roles, context, parent, chosen)
    hoped = None if options.weights == "none" else options.weights or "download"
    situation = Situation(roles.count, device, hoped, recipe, multiplies_bf16(device))
    net, weights = _net(options, task, parent, situation, chosen, say)
    warning = None if parent is None else seen_before(parent, roles.judge, str(weights))
    if warning:
        say(f"warning: {warning}")
    situation = replace(situation, weights=weights, any_size=net.any_size)
    fresh = {**task.suggest(situation), **type(net).settings(task, situation)}
    suggested = {**looks(roles), **task.settled(fresh if parent is None else fine_tuning(task, net, situation))}
    plan = resolve(options, chosen | machine_choices(options, roles), suggested, {})
    task.loss_options(plan.settings, roles.train)  # a loss that does not fit is refused before anything is written
    count = pictures_in_epoch(plan, roles)
    if plan.parts is not None:
        count = len(taught(roles, task, plan.parts))
        say(f"{count - len(roles.train):,} parts of large pictures are learnt from besides")
    plan = settle(plan, suggested, task.closing, count, _world(plan.devices))
    check_suited(plan, task, net, roles.train)
    steps = lengths(plan, count, len(net.backbone_blocks()))
    check_batch(plan, task, net, steps["batch"])
    task = with_views(task, None if plan.tta == "none" else plan.tta)
    for answer in (net.answer_settings if parent is None else None, options.answer):
        task = with_answer(task, answer)
    cost = multiply_adds(net, task.channels, task.shape)
    if options.threads is None:
        threads, why = choose_threads(cost * plan.batch_size, _world(plan.devices))
        plan = plan.with_setting("threads", threads, why)
    facts = {
        "task": {"name": task.name, **task.model_dump(mode="json")},
        "net": {"name": net.name, "config": dict(net.config)},
        "parameters": sum(p.numel() for p in net.parameters()),
        "multiply_adds": cost,
        "counts": roles.counts(),
        "judged_split": roles.judged_split,
        "roles": list(roles.notes),
        **({} if parent is None else {"parent": facts_of(parent), "seen_before": warning}),
        **steps,
    }
    return task, net, Plan(plan.settings, plan.why, facts)


def _task(
    options: TrainOptions,
    dataset: Dataset,
    roles: Roles,
    context: GateContext,
    parent: Artifact | None,
    chosen: Choices,
) -> Task[Any]:
    """The task, with how it sees pictures; why goes into `chosen`."""
    kind = choose_task(dataset.info, options.task, roles.train)
    as_parent = f"as {options.weights} sees them"
    channels = options.channels
    if channels is None and parent is not None:
        channels = parent.task.channels
        chosen["channels"] = (channels, as_parent)
    elif channels is None:
        grey = all_grey(_some(roles.train, LOOKED_AT // 2))
        channels, why = (1, "the pictures have no colour") if grey else (3, "the pictures have colour")
        chosen["channels"] = (channels, why)
    sizes = [context.sizes[s.key] for s in _some(roles.train, LOOKED_AT) if s.key in context.sizes]
    own = None if options.size or parent else _own_size(kind, options)
    said = seen_alike(
        parent, {"size": options.size or own, "channels": channels, "fit": options.fit, "share": options.share}
    )
    task: Task[Any] = kind.from_data(dataset.info, sizes, said)
    if options.share not in (None, getattr(task, "share", options.share)):
        raise InputError(f"--share {options.share:g} is for --fit crop, which alone cuts a margin off; leave it out")
    require_verb(task, "train")
    require_fitting(task, options)
    task = task.fitted(roles.train)
    suits = "suits the pictures' sizes"
    why_size = "the weights of the net take no other" if own else suits
    for field, reason in (("size", why_size), ("fit", suits), ("share", "as fit asks")):
        chosen[field] = (getattr(task, field, None), as_parent if parent else reason)
    chosen["task"] = (task.name, "what the data is annotated for")
    return task if parent is None else task.after(parent.task)


def _own_size(kind: type[Task[Any]], options: TrainOptions) -> int | None:
    """The only side that the weights of a net the user named take; None where they take others, or none are wanted."""
    named = net_name(options)
    if named is None or options.weights == "none":
        return None
    family, config = net_family(kind.name, named[0])
    size: int | None = family.own_size(config)
    return size


def _net(
    options: TrainOptions, task: Task[Any], parent: Artifact | None, situation: Situation, chosen: Choices, say: Say
) -> tuple[Net, str | None]:
    """The net with its weights loaded, and where these are from; why goes into `chosen`."""
    local = local_weights()
    if parent is None:
        name, why = net_name(options) or default_net(task, situation, local)
    else:
        name, why = inherited(parent, task, options)
    chosen["net"] = (name, why)
    family, config = net_family(task.name, name)
    suggested, _ = family.settings(task, situation).get("net_options", ("", ""))
    said = parse(options.net_options or "")
    if both := ", ".join(config.keys() & said.keys()):
        raise InputError(f"--net-options: {both} is what --net says; leave it out")
    config = {**parse(suggested), **config, **said} if parent is None else dict(parent.net.config)
    net: Net = family.build(task, config)
    weights, why = find_weights(options.weights, name, net, task, local, say)
    chosen["weights"] = (weights or "none", why)
    return net, weights


def lengths(plan: Plan, count: int, blocks: int = 0) -> dict[str, Any]:
    """Epochs in steps. A batch may straddle two epochs, so an epoch need not be a whole number of steps. Of so many
    pretrained blocks, thawed one by one, the last thaws before the end."""
    world = _world(plan.devices)
    whole = plan.optimiser == "gd"
    batch = full_batch(plan.batch_size, count, world) if whole else min(plan.batch_size, max(1, count // world))
    per_epoch = 1.0 if whole else count / (batch * plan.accumulate * world)
    total = plan.steps or max(1, math.ceil(plan.epochs * per_epoch))
    freeze = min(round(plan.freeze * per_epoch), total // 2)
    thaw = min(max(1, round(plan.unfreeze * per_epoch)), max(1, (total - freeze) // max(1, blocks)))
    return {
        "batch": batch,
        "world": world,
        "steps_per_epoch": per_epoch,
        "total_steps": total,
        "eval_steps": max(1.0, plan.eval_every * per_epoch),
        "freeze_steps": freeze,
        "unfreeze_steps": thaw if plan.unfreeze else 0,
    }


def looks(roles: Roles) -> Choices:
    """How far apart looks are where they would take too long, unless task or net suggest otherwise."""
    if roles.count and not roles.choose and (every := len(roles.judge) / (3 * roles.count * LOOKING)) > 1:
        return {"eval_every": (round(every, 1), "looks cost time, and nothing is chosen on them")}
    return {}


def machine_choices(options: TrainOptions, roles: Roles) -> dict[str, tuple[Any, str]]:
    """What the machine and the roles decide."""
    keep = options.keep or ("best" if roles.choose else "last")
    why_keep = "the val split chooses" if roles.choose else "there are no pictures to choose on"
    ranks = _world(options.devices)
    workers = min(8, max(1, cores() - 1))
    chosen: dict[str, tuple[Any, str]] = {
        "keep": (keep, why_keep),
        "workers": (workers, "cores left beside training"),
    }
    if roles.stream is not None:
        chosen["cache"] = ("stream", f"the data is a stream of {len(roles.stream.parts):,} parts")
    elif ranks > 1 and options.cache is None:
        chosen["cache"] = ("disk", "several processes share one copy")
    return chosen


def net_name(options: TrainOptions) -> tuple[str, str] | None:
    """The net that the user named. Raises `InputError` where weights are given and no net."""
    if options.net:
        return options.net, USER
    if options.weights and options.weights not in {"none", "download"}:
        raise InputError(f"--weights {options.weights}: say with --net which net they are for")
    return None


def default_net(task: Task[Any], situation: Situation, local: Mapping[str, str]) -> tuple[str, str]:
    """The task's choice, or a net whose weights are at hand in place of one that would have to fetch its own."""
    name, why = task.default_net(task.size, situation)
    if local and name not in local and f"{task.nets or task.name}.{name}" not in names("nets"):
        return next(iter(local)), "its weights lie in CLEARSIGHT_WEIGHTS"
    return name, why


def find_weights(
    wanted: str | None, name: str, net: Net, task: Task[Any], local: Mapping[str, str], say: Callable[[str], None]
) -> tuple[str | None, str]:
    """Pretrained weights for a net, loaded into it, and why these. What loaded and what did not is said."""
    if wanted == "none" or (wanted is None and not net.backbone_parameters()):
        return None, USER if wanted == "none" else "this net has none"
    if wanted is not None:
        say(begin(net, task, wanted))
        return wanted, USER
    at_hand = local.get((net.pretrained_name or name).split(".")[0])
    source, why = (at_hand, "found in CLEARSIGHT_WEIGHTS") if at_hand else ("download", "timm's own")
    try:
        say(net.load_pretrained(source))
    except InputError as error:
        if at_hand:
            raise
        say(f"warning: {error}")
        say("warning: training starts from nothing, which needs many more pictures to reach the same figures")
        return None, "the download failed"
    return source, why


def all_grey(samples: Sequence[Sample]) -> bool:
    """Whether none of these pictures has any colour."""
    for sample in samples:
        pixels = sample.image.load()
        if (pixels[..., :1] != pixels).any():
            return False
    return bool(samples)


def _world(devices: int) -> int:
    """How many processes train together: torchrun's number, or that of --devices."""
    return int(os.environ.get("WORLD_SIZE", devices))


def _some(samples: Sequence[Sample], most: int) -> Sequence[Sample]:
    """About so many of them, evenly from all."""
    return samples[:: max(1, len(samples) // most)]

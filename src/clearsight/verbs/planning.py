"""Before training: read the data, check it, choose everything that was left open, and write it down."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clearsight.core.errors import CheckFailed, InputError
from clearsight.core.files import write_json
from clearsight.core.machine import cores
from clearsight.core.net import Net
from clearsight.core.options import DataOptions
from clearsight.core.registry import names, net_family
from clearsight.core.sample import Sample
from clearsight.core.task import Situation, Task
from clearsight.data.checks import Finding, GateContext, gather, run_checks
from clearsight.data.open import Dataset, open_data
from clearsight.data.scan import fingerprint
from clearsight.engine.config import TrainOptions
from clearsight.engine.plan import USER, Plan, resolve
from clearsight.engine.runtime import (
    choose_device,
    choose_threads,
    describe_git,
    describe_machine,
    describe_versions,
    multiplies_bf16,
)
from clearsight.engine.settle import full_batch, settle
from clearsight.nets.cost import multiply_adds
from clearsight.nets.settings import parse
from clearsight.nets.timm import local_weights
from clearsight.verbs.choose import choose_task, require_fitting, require_verb
from clearsight.verbs.parent import begin, find_parent, fine_tuning, seen_alike, seen_before
from clearsight.verbs.parent import facts as facts_of
from clearsight.verbs.parent import net_name as inherited
from clearsight.verbs.parts import fold_roles, share_roles
from clearsight.verbs.roles import Roles, assign_roles, checked, judging_of
from clearsight.verbs.streaming import pictures_in_epoch, stream_roles, streams
from clearsight.verbs.suited import check_suited
from clearsight.verbs.views import with_views

Progress = Callable[[int, int], None]
LOOKED_AT = 200  # pictures whose sizes and colours choose the task's settings


@dataclass
class Prepared:
    """What planning found and decided: all that `verbs.learning` needs."""

    plan: Plan
    task: Task[Any]
    roles: Roles
    digests: Mapping[str, str]
    findings: Sequence[Finding]


def open_both(options: Any) -> tuple[Dataset, Dataset | None]:
    """The data set, and that given with --val, whose classes are chosen and named alike."""
    dataset = open_data(options.data, **options.reading())
    if not options.val:
        return dataset, None
    columns = {name: value for name, value in options.reading().items() if name.endswith("_column")}
    reading = {"data_root": options.data_root, "classes": options.classes, **columns}
    return dataset, open_data(options.val, **reading, strict=False)


def as_planned(options: Any, plan: Plan) -> Any:
    """These options with the data read as a plan says: a resumed run need not be told again."""
    said = {name: plan.settings.get(name) for name in ("val", *DataOptions.model_fields)}
    return options.model_copy(update={name: value for name, value in said.items() if value is not None})


def read_roles(
    options: Any, dataset: Dataset, other: Dataset | None, context: GateContext
) -> tuple[Roles, dict[str, str]]:
    """The roles of a data set's pictures, unreadable ones left out, and the digests."""
    bad = {item.name for item in context.bad}
    splits = {
        split: [s for s in samples if s.image.name not in bad and s.key in context.digests]
        for split, samples in context.samples.items()
    }
    needs = choose_task(dataset.info, options.task, context.samples.get("train", ())).needs
    judge_elsewhere = None if other is None else judging_of(other, needs, options.val)
    choosing = options.keep == "best" or options.patience is not None
    if context.partly:
        roles = stream_roles(options, dataset, context, choosing=choosing, other=judge_elsewhere, needs=needs)
        return checked(roles, needs), {**context.digests, **roles.sizes()}
    if options.fold is not None:
        roles = fold_roles(splits, context.digests, options, choosing=choosing)
    else:
        roles = assign_roles(
            splits,
            context.digests,
            share=options.val_share,
            choosing=choosing,
            other=judge_elsewhere,
            group=context.group,
            needs=needs,
        )
    return share_roles(checked(roles, needs), context.digests, options), dict(context.digests)


def prepare_run(options: TrainOptions, folder: Path, progress: Progress, say: Callable[[str], None]) -> Prepared:
    """Read, check, choose; write plan.yaml, splits.json and manifest.json into the run's folder. Raises `InputError`
    on data or options that cannot work, two pictures of one key among them, and `CheckFailed` where too many pictures
    are unreadable."""
    dataset, other = open_both(options)
    context = gather(dataset, progress, max_bad=options.max_bad, heads=streams(dataset, options))
    findings = run_checks(context)
    if mixed := [finding for finding in findings if finding.check == "keys"]:
        raise InputError(f"{mixed[0].message}: {', '.join(mixed[0].items[:3])}")
    total = sum(len(samples) for samples in context.samples.values())
    share = len(context.bad) / max(1, total)
    if share > options.max_bad:
        first = "; ".join(f"{bad.name}: {bad.reason}" for bad in context.bad[:3])
        raise CheckFailed(
            f"{len(context.bad)} of {total} pictures cannot be read ({share:.1%}, more than --max-bad "
            f"{options.max_bad:.1%} allows): {first}; see clearsight inspect {options.data}"
        )
    roles, digests = read_roles(options, dataset, other, context)
    task, net, plan = decide(options, dataset, roles, context, say)
    errors = [finding.message for finding in findings if finding.level == "error"]
    if errors and options.gate:
        raise CheckFailed(f"{'; '.join(errors)}; mend the data, or train all the same with --no-gate")
    plan = Plan(plan.settings, plan.why, {**plan.facts, "fingerprint": fingerprint(digests)})
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "splits.json", roles.keys())
    write_json(folder / "manifest.json", manifest(plan, dataset, roles, context, net))
    plan.save(folder / "plan.yaml")
    return Prepared(plan, task, roles, digests, findings)


def decide(
    options: TrainOptions, dataset: Dataset, roles: Roles, context: GateContext, say: Callable[[str], None]
) -> tuple[Task[Any], Net, Plan]:
    """Task, net and plan for the data and the machine."""
    kind = choose_task(dataset.info, options.task, roles.train)
    device, why_device = choose_device(options.device)
    sizes = [
        context.sizes[s.key] for s in roles.train[:: max(1, len(roles.train) // LOOKED_AT)] if s.key in context.sizes
    ]
    chosen: dict[str, tuple[Any, str]] = {"device": (device, why_device)}
    parent = find_parent(options.weights)
    channels = options.channels
    if channels is None and parent is not None:
        channels = parent.task.channels
        chosen["channels"] = (channels, f"as {options.weights} sees them")
    elif channels is None:
        grey = all_grey(roles.train[:: max(1, len(roles.train) // 100)])
        channels, why = (1, "the pictures have no colour") if grey else (3, "the pictures have colour")
        chosen["channels"] = (channels, why)
    task: Task[Any] = kind.from_data(
        dataset.info, sizes, seen_alike(parent, {"size": options.size, "channels": channels, "fit": options.fit})
    )
    require_verb(task, "train")
    require_fitting(task, options)
    task = task.fitted(roles.train)
    if parent is not None:
        task = task.after(parent.task)
    for field in ("size", "fit"):
        why = f"as {options.weights} sees them" if parent else "suits the pictures' sizes"
        chosen[field] = (getattr(task, field, None), why)
    chosen["task"] = (task.name, "what the data is annotated for")
    local = local_weights()
    recipe = options.recipe or "balanced"
    chosen["recipe"] = (recipe, "the middle way between quick and best")
    situation = Situation(roles.count, device, None, recipe, multiplies_bf16(device))
    if parent is None:
        net_given, why_net = net_name(options) or default_net(task, situation, local)
    else:
        net_given, why_net = inherited(parent, task, options)
    chosen["net"] = (net_given, why_net)
    family, config = net_family(task.name, net_given)
    net_options, _ = family.settings(task, situation).get("net_options", (None, ""))
    said = parse(options.net_options or net_options or "")
    if both := ", ".join(config.keys() & said.keys()):
        raise InputError(f"--net-options: {both} is what --net says; leave it out")
    config = {**config, **said} if parent is None else dict(parent.net.config)
    net = family.build(task, config)
    weights, why_weights = find_weights(options.weights, net_given, net, task, local, say)
    warning = None if parent is None else seen_before(parent, roles.judge, str(weights))
    if warning:
        say(f"warning: {warning}")
    chosen["weights"] = (weights or "none", why_weights)
    cost = multiply_adds(net, task.channels, task.size)
    situation = replace(situation, weights=weights)
    fresh = {**task.suggest(situation), **family.settings(task, situation)}
    suggested = task.settled(fresh if parent is None else fine_tuning(task, net, situation))
    plan = resolve(options, chosen | machine_choices(options, roles), suggested, {})
    task.loss_options(plan.settings, roles.train)  # a loss that does not fit is refused before anything is written
    count = pictures_in_epoch(plan, roles)
    plan = settle(plan, suggested, count, int(os.environ.get("WORLD_SIZE", plan.devices)))
    check_suited(plan, task, net, roles.train)
    task = with_views(task, None if plan.tta == "none" else plan.tta)
    if options.threads is None:
        threads, why = choose_threads(cost * plan.batch_size, int(os.environ.get("WORLD_SIZE", plan.devices)))
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
        **lengths(plan, count, len(net.backbone_blocks())),
    }
    return task, net, Plan(plan.settings, plan.why, facts)


def lengths(plan: Plan, count: int, blocks: int = 0) -> dict[str, Any]:
    """Epochs in steps. A batch may straddle two epochs, so an epoch need not be a whole number of steps. Of so many
    pretrained blocks, thawed one by one, the last thaws before the end."""
    world = int(os.environ.get("WORLD_SIZE", plan.devices))
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


def machine_choices(options: TrainOptions, roles: Roles) -> dict[str, tuple[Any, str]]:
    """What the machine and the roles decide."""
    keep = options.keep or ("best" if roles.choose else "last")
    why_keep = "the val split chooses" if roles.choose else "there are no pictures to choose on"
    ranks = int(os.environ.get("WORLD_SIZE", options.devices))
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
    at_hand = local.get(name.split(".")[0])
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


def manifest(plan: Plan, dataset: Dataset, roles: Roles, context: GateContext, net: Net) -> dict[str, Any]:
    """What this run is made of, for whoever must repeat it."""
    labels: dict[str, dict[str, int]] = {}
    listed = roles.train if roles.stream is None else ()
    for role, samples in (("train", listed), ("choose", roles.choose), ("judge", roles.judge)):
        for sample in samples:
            for label in sample.labels or ():
                counts = labels.setdefault(label, {})
                counts[role] = counts.get(role, 0) + 1
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": {
            "name": dataset.name,
            "format": dataset.format,
            "fingerprint": plan.fingerprint,
            "counts": plan.counts,
            "labels": labels,
            "roles": list(roles.notes),
        },
        "bad_pictures": [{"name": bad.name, "reason": bad.reason} for bad in context.bad],
        "net": {**plan.facts["net"], "parameters": plan.parameters, "weights": plan.weights},
        "seed": plan.seed,
        "versions": describe_versions(),
        "machine": describe_machine(),
        "git": describe_git(Path.cwd()),
    }

"""Before training: read the data, check it, choose everything that was left open, and write it down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clearsight.core.errors import CheckFailed, InputError
from clearsight.core.files import write_json
from clearsight.core.net import Net
from clearsight.core.task import Task
from clearsight.data.checks import Finding, GateContext, gather, run_checks
from clearsight.data.counting import COUNTED, classes_of, counted
from clearsight.data.open import Dataset
from clearsight.data.scan import fingerprint
from clearsight.engine.config import TrainOptions
from clearsight.engine.plan import Plan
from clearsight.engine.runtime import describe_git, describe_machine, describe_versions
from clearsight.verbs.deciding import decide
from clearsight.verbs.reading import open_both, read_roles
from clearsight.verbs.roles import Roles
from clearsight.verbs.streaming import streams

Progress = Callable[[int, int], None]


@dataclass
class Prepared:
    """What planning found and decided: all that `verbs.learning` needs."""

    plan: Plan
    task: Task[Any]
    roles: Roles
    digests: Mapping[str, str]
    findings: Sequence[Finding]


def prepare_run(options: TrainOptions, folder: Path, progress: Progress, say: Callable[[str], None]) -> Prepared:
    """Read, check, choose; write plan.yaml, splits.json and manifest.json into the run's folder. Raises `InputError`
    on data or options that cannot work, two pictures of one key among them, and `CheckFailed` where too many pictures
    are unreadable."""
    dataset, other = open_both(options)
    painted = not dataset.info.instances  # values outside the classes would be void without a word
    context = gather(dataset, progress, masks=painted, max_bad=options.max_bad, heads=streams(dataset, options))
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
    write_json(folder / "manifest.json", manifest(plan, dataset, roles, context, net, task.needs))
    plan.save(folder / "plan.yaml")
    return Prepared(plan, task, roles, digests, findings)


def manifest(
    plan: Plan, dataset: Dataset, roles: Roles, context: GateContext, net: Net, needs: Set[str]
) -> dict[str, Any]:
    """What this run is made of, for whoever must repeat it. Classes are counted in the field of `needs`, what the task
    learns from."""
    kind = counted(needs) or COUNTED[0]
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": {
            "name": dataset.name,
            "format": dataset.format,
            "fingerprint": plan.fingerprint,
            "counts": plan.counts,
            "labels": count_classes(roles, kind.field),
            "counted": kind.many,
            "roles": list(roles.notes),
        },
        "bad_pictures": [{"name": bad.name, "reason": bad.reason} for bad in context.bad],
        "net": {**plan.facts["net"], "parameters": plan.parameters, "weights": plan.weights},
        "seed": plan.seed,
        "versions": describe_versions(),
        "machine": describe_machine(),
        "git": describe_git(Path.cwd()),
    }


def count_classes(roles: Roles, field: str) -> dict[str, dict[str, int]]:
    """Class -> role -> how often a field of the samples names it: pictures that bear the label, or boxes. Of a stream that
    teaches nothing is counted."""
    labels: dict[str, dict[str, int]] = {}
    listed = roles.train if roles.stream is None else ()
    for role, samples in (("train", listed), ("choose", roles.choose), ("judge", roles.judge)):
        for sample in samples:
            for label in classes_of(sample, field) or ():
                counts = labels.setdefault(label, {})
                counts[role] = counts.get(role, 0) + 1
    return labels

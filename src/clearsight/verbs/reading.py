"""The data of a training: opened as the options say, its pictures parted into those that teach, choose and judge."""

from __future__ import annotations

from typing import Any

from clearsight.core.options import DataOptions
from clearsight.data.checks import GateContext
from clearsight.data.open import Dataset, open_data
from clearsight.engine.plan import Plan
from clearsight.verbs.choose import choose_task
from clearsight.verbs.parts import fold_roles, share_roles
from clearsight.verbs.roles import Roles, assign_roles, checked, judging_of, teaching
from clearsight.verbs.streaming import stream_roles


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
    """The roles of a data set's pictures, unreadable ones left out, and the digests of all that their files hold."""
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
        return checked(roles, needs), {**context.contents, **roles.sizes()}
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
    roles = teaching(checked(roles, needs), needs)
    return share_roles(roles, context.digests, options), dict(context.contents)

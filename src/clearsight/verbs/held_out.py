"""The pictures that a run kept for judging."""

from __future__ import annotations

from pathlib import Path

from clearsight.core.errors import InputError
from clearsight.core.files import read_json
from clearsight.core.options import DataOptions
from clearsight.core.sample import Sample


def held_out(model: Path | None, data_root: str | None = None) -> tuple[list[Sample], str]:
    """The judging pictures of the run whose model folder this is, and where they lie.

    Raises `InputError` where the model does not lie in its run, or pictures are no longer where they were.
    """
    from clearsight.data.open import open_data
    from clearsight.engine.plan import Plan

    run = model.parent if model is not None else Path()
    if model is None or not (run / "splits.json").is_file() or not (run / "plan.yaml").is_file():
        raise InputError("this model does not lie in its run's folder: say with --data what to judge it on")
    plan = Plan.load(run / "plan.yaml")
    place = plan.val or plan.data
    reading = {name: plan.settings.get(name) for name in DataOptions.model_fields}  # an older run knows fewer
    reading |= {"data_root": data_root or plan.data_root, "format": None if plan.val else plan.format}
    reading |= {"group": None, "split_list": None}  # splits.json says which pictures they were
    data = open_data(place, **reading, strict=not plan.val)
    keys = set(read_json(run / "splits.json")["judge"])
    found = [sample for split in data.info.splits for sample in data.stream(split) if sample.key in keys]
    if len(found) < len(keys):
        gone = len(keys) - len(found)
        raise InputError(f"{gone} of the {len(keys)} pictures that this run held out are no longer in {place}")
    return found, place

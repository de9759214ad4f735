"""Would more pictures help? Train on growing shares of them and see how the error falls.

Every run takes the steps and the settings that all pictures get, is judged on the same pictures, and lies in a folder
of its own. A power law through their errors says what twice the pictures would bring. All options of train are passed on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from clearsight.core.errors import InputError
from clearsight.engine.config import TrainOptions

if TYPE_CHECKING:
    from rich.console import Console

    from clearsight.verbs.curve import Curve
    from clearsight.verbs.each import Done

SUMMARY = "Say whether more pictures would help: trains on growing shares of them."

TAKEN = {"folds": "--repeats", "seeds": "--repeats", "train_share": "--shares"}
"""Options of train that this verb sets itself, and what to say in their place."""

IN_EPOCHS = ("eval_every", "freeze", "unfreeze")
"""Settings that are counted in epochs: with a share of the pictures the same steps are so many more of them."""

ITS_OWN = frozenset({"epochs", "steps", "seed", "resume", "name", "runs", "find_lr", "cache", "threads"} | TAKEN.keys())
"""Settings that a smaller share does not take from the run on all pictures."""

DEFAULTS = ("", "default", None)
"""Reasons of settings that nobody chose: they are the same for every number of pictures."""


class Options(TrainOptions):
    """Options of `clearsight learning-curve`: those of train, and two of its own."""

    shares: str = Field("0.1,0.2,0.4,0.7,1", description="Shares of the training pictures, three or more, with commas.")
    repeats: int = Field(2, ge=1, le=100, description="Runs for each share, each with other pictures and draws.")


@dataclass(frozen=True)
class CurveOutcome:
    """The runs, and the curve through them."""

    folder: Path
    runs: Sequence[Done]
    curve: Curve
    exit_code: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: what `learning_curve.json` holds."""
        return {"folder": str(self.folder), "runs": [run.to_dict() for run in self.runs], **self.curve.to_dict()}

    def show(self, console: Console) -> None:
        """A line for each size, and the answer."""
        from rich.table import Table

        table = Table("learnt from", f"mean {self.curve.headline}", "runs", "curve", box=None, header_style="bold")
        for count, scores in self.curve.measured():
            table.add_row(
                f"{count:,}",
                f"{sum(scores) / len(scores):.4f}",
                " ".join(f"{score:.4f}" for score in scores),
                f"{self.curve.expected(count):.4f}",
            )
        console.print(table)
        console.print(f"[bold]{self.curve.sentence()}[/]", highlight=False, soft_wrap=True)
        console.print(f"picture {self.folder / 'learning_curve.png'}", highlight=False, soft_wrap=True)


def run(options: Options) -> CurveOutcome:
    """Train, fit, draw. Raises as `train` does, and `InputError` on shares that make no curve; --resume goes on where it
    stopped."""
    from clearsight.core.files import write_bytes, write_json, write_text
    from clearsight.verbs.choose import choose_task, require_verb
    from clearsight.verbs.curve import Curve, draw
    from clearsight.verbs.each import common_folder, same_data, train_one
    from clearsight.verbs.reading import open_both
    from clearsight.verbs.run_folder import run_name

    shares = read_shares(options.shares)
    for name, instead in TAKEN.items():
        if name in options.model_fields_set and getattr(options, name) is not None:
            raise InputError(f"--{name.replace('_', '-')} does not go with learning-curve: say {instead}")
    require_verb(choose_task(open_both(options)[0].info, options.task), "learning-curve")
    training = TrainOptions(**options.model_dump(include=options.model_fields_set & TrainOptions.model_fields.keys()))
    folder = common_folder(training, options.name or f"{run_name(options.data, None)}-curve")
    runs: list[Done] = []
    for repeat in range(options.repeats):
        seed = options.seed + repeat
        for share in sorted(shares, reverse=True):  # all pictures come first: the others take their settings
            settings = {"seed": seed} if not runs else like(runs[0], share) | {"seed": seed}
            runs.append(train_one(training, folder, f"share-{share:g}-seed-{seed}", train_share=share, **settings))
    same_data(runs)
    runs.sort(key=lambda run: (run.plan.counts["train"], run.plan.seed))
    sizes = [run.plan.train_share for run in runs], [run.plan.counts["train"] for run in runs]
    curve = Curve.through([run.result for run in runs], *sizes, seed=options.seed)
    outcome = CurveOutcome(folder, runs, curve)
    write_json(folder / "learning_curve.json", outcome.to_dict())
    write_text(folder / "learning_curve.csv", table(runs, curve))
    write_bytes(folder / "learning_curve.png", draw(curve))
    return outcome


def read_shares(text: str) -> list[float]:
    """The shares said, each in (0, 1], the whole always among them. Raises `InputError`."""
    try:
        shares = {float(part) for part in text.split(",") if part.strip()} | {1.0}
    except ValueError:
        raise InputError(f"--shares {text}: give numbers from 0 to 1 with commas, such as 0.1,0.3,1") from None
    if not all(0 < share <= 1 for share in shares):
        raise InputError(f"--shares {text}: each must be more than 0 and at most 1")
    if len(shares) < 3:
        raise InputError(f"--shares {text}: a curve needs three different shares or more, 1 among them")
    return sorted(shares)


def like(whole: Done, share: float) -> dict[str, Any]:
    """What makes a run on a share like that on all pictures: its settings and its steps, for epochs grow shorter.

    With equal epochs a small share would take few steps, and what looks like too few pictures would be too little
    training; with settings chosen anew for its size, the curve would show the settings.
    """
    plan = whole.plan
    chosen = {name: value for name, value in plan.settings.items() if plan.why.get(name) not in DEFAULTS}
    same = {name: value for name, value in chosen.items() if name not in ITS_OWN and value is not None}
    if plan.optimiser == "gd":
        same.pop("accumulate", None)  # as many batches as the share has
    longer = {name: plan.settings[name] / share for name in IN_EPOCHS if plan.settings.get(name)}
    return {**same, **longer, "find_lr": False, "epochs": None, "steps": plan.total_steps}


def table(runs: Sequence[Done], curve: Curve) -> str:
    """The runs as CSV, one a line."""
    lines = [f"run,seed,pictures,{curve.headline},curve"]
    for run in runs:
        count = run.plan.counts["train"]
        lines.append(f"{run.name},{run.plan.seed},{count},{run.result.score:.6f},{curve.expected(count):.6f}")
    return "\n".join(lines) + "\n"

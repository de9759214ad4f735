"""`train --folds` and `--seeds`: the same training several times, and how far its figures lie apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearsight.core.errors import BadImage
from clearsight.core.files import write_json
from clearsight.core.metric import Result
from clearsight.verbs.each import Done, common_folder, same_data, spread, train_one

if TYPE_CHECKING:
    from rich.console import Console

    from clearsight.engine.config import TrainOptions


def wanted(options: TrainOptions) -> bool:
    """Whether the options ask for several runs. One fold of --folds is one run."""
    return options.seeds is not None or (options.folds is not None and options.fold is None)


@dataclass(frozen=True)
class SeveralOutcome:
    """Finished runs, each its own folder, and what they come to together."""

    folder: Path
    runs: Sequence[Done]
    pooled: Mapping[int, Result]  # seed -> the figures over the pictures of all folds; empty without folds
    exit_code: int = 0

    @property
    def headline(self) -> str:
        """The figure that the runs are judged by."""
        return self.runs[0].result.headline

    @property
    def seen_before(self) -> dict[str, str]:
        """Run -> what is known of its judging pictures where the model that it went on from may have learnt from them."""
        return {run.name: said for run in self.runs if (said := run.plan.facts.get("seen_before"))}

    @property
    def figures(self) -> dict[str, dict[str, float]]:
        """Mean and standard deviation over the runs, of every figure that all of them have."""
        common = [name for name in self.runs[0].result.values if all(name in r.result.values for r in self.runs)]
        return {name: dict(spread([run.result.values[name] for run in self.runs])) for name in common}

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: what `summary.json` holds."""
        return {
            "folder": str(self.folder),
            "headline": self.headline,
            "higher_is_better": self.runs[0].result.higher_is_better,
            "runs": [run.to_dict() for run in self.runs],
            "figures": self.figures,
            "seen_before": self.seen_before,
            "pooled": [{"seed": seed, **result.to_dict(), "mistakes": []} for seed, result in self.pooled.items()],
        }

    def show(self, console: Console) -> None:
        """A line for each run, then the mean and what all pictures say together."""
        from rich.markup import escape
        from rich.table import Table

        table = Table("run", "learnt from", "judged on", self.headline, "95 % interval", box=None, header_style="bold")
        for run in self.runs:
            value = run.result.values[self.headline]
            low, high = run.result.intervals.get(self.headline, (value, value))
            counts = f"{run.plan.counts['train']:,}", f"{run.result.count:,}"
            table.add_row(run.name, *counts, f"{value:.4f}", f"{low:.4f} to {high:.4f}")
        console.print(table)
        figure = self.figures[self.headline]
        lines = [
            f"[bold]{self.headline} {figure['mean']:.4f} ± {figure['deviation']:.4f}[/] "
            f"(mean ± standard deviation of {len(self.runs)} runs)"
        ]
        fresh = "" if not self.seen_before else ", though the model that it went on from may have"
        for seed, result in self.pooled.items():
            value = result.values[self.headline]
            low, high = result.intervals.get(self.headline, (value, value))
            seeds = f", seed {seed}" if len(self.pooled) > 1 else ""
            lines.append(
                f"{self.headline} {value:.4f} (95 % interval {low:.4f} to {high:.4f}) on all {result.count:,} "
                f"pictures, each judged by the run that did not learn from it{fresh}{seeds}"
            )
        lines += [f"[yellow]{name}: {escape(said)}[/]" for name, said in self.seen_before.items()]
        for line in [*lines, f"summary {self.folder / 'summary.json'}"]:
            console.print(line, highlight=False, soft_wrap=True)


def run(options: TrainOptions) -> SeveralOutcome:
    """Train every fold with every seed. Raises as `train` does; --resume goes on where it stopped."""
    from clearsight.verbs.run_folder import run_name

    folder = common_folder(options, run_name(options.data, options.name))
    runs = [train_one(options, folder, name, **changes) for name, changes in parts(options)]
    same_data(runs)
    pooled = {}
    if options.folds is not None and options.fold is None:
        for seed in dict.fromkeys(int(run.plan.seed) for run in runs):
            pooled[seed] = _pool([run for run in runs if run.plan.seed == seed], options.data_root)
    outcome = SeveralOutcome(folder, runs, pooled)
    write_json(folder / "summary.json", outcome.to_dict())
    return outcome


def parts(options: TrainOptions) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name of each run, and what sets it apart from the others."""
    folds = [options.fold] if options.folds is None or options.fold else range(1, options.folds + 1)
    for seed in range(options.seed, options.seed + (options.seeds or 1)):
        for fold in folds:
            names = [f"fold-{fold}"] * (fold is not None) + [f"seed-{seed}"] * (options.seeds is not None)
            yield "-".join(names), {"folds": options.folds, "fold": fold, "seed": seed}


def _pool(runs: Sequence[Done], data_root: str | None) -> Result:
    """The figures over the pictures of all folds: each judged again by the model of its own run, and counted together."""
    from clearsight.core import artifact
    from clearsight.data.decode import load_fast
    from clearsight.engine.predictor import Predictor
    from clearsight.verbs.answers import answers
    from clearsight.verbs.held_out import held_out
    from clearsight.verbs.progress import bar

    metric = artifact.load(runs[0].folder).task.metric()
    with bar("judging all") as progress:
        for number, run in enumerate(runs):
            model = artifact.load(run.folder)
            samples, _ = held_out(model.path, data_root)
            predictor = Predictor(model.task, model.net, run.plan.device)
            made = answers((sample.image for sample in samples), predictor, load_fast)
            for sample, answer in zip(samples, made, strict=True):
                if answer.prediction is not None:
                    with suppress(BadImage):  # a bad picture is in its run's list
                        metric.update([answer.prediction], [sample])
            progress(number + 1, len(runs))
    return metric.result()

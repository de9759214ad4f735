"""Look at a data set before training on it: counts, balance, sizes, bad files, exact copies.

The exit code is 1 where something would give a wrong model or a wrong figure."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from clearsight.core.errors import InputError
from clearsight.core.files import write_bytes
from clearsight.core.options import DataOptions as Base
from clearsight.data.checks import Finding, GateContext, gather, run_checks
from clearsight.data.checks.base import FEW, number
from clearsight.data.checks.sizes import summary
from clearsight.data.open import open_data
from clearsight.engine.plan import Plan
from clearsight.verbs.progress import bar
from clearsight.verbs.strengths import chosen_strengths, load_plan, refuse_unfitting

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

SUMMARY = "Check pictures: counts, balance, sizes, bad files, exact copies."

FULL_UP_TO = 20_000
"""Pictures up to which every one is decoded unless told otherwise: about a minute on two cores."""


class Options(Base):
    """What `inspect` can be told."""

    data: str = Field(description="Folder, zip, table or name of the pictures to look at.")
    task: str | None = Field(None, description="What is to be learnt, for --augment.")
    size: int | None = Field(None, ge=8, description="Side of the canvas, pixels, for --augment.")
    augment: bool = Field(False, description="Save a picture of some samples, each augmented several times.")
    strengths: str | None = Field(None, description="What --augment shows, as in randaugment=5,erase=0.5.")
    run: Path | None = Field(None, description="For --augment: the run whose task and augmentations to show.")
    output: Path | None = Field(None, description="Where --augment saves it; by default inspect.png.")
    full: bool | None = Field(
        None, description=f"Decode every picture, not only its header; by default up to {FULL_UP_TO:,}."
    )
    max_bad: float = Field(FEW, ge=0, le=1, description="Share of unreadable pictures beyond which the check fails.")


def run(options: Options) -> InspectOutcome:
    """Read the data set once and ask every check. Raises `InputError` where it cannot be read at all."""
    plan = load_plan(options.run) if options.run else None
    strengths = chosen_strengths(plan, options.strengths)
    data = open_data(options.data, **options.reading())
    known = sum(count or 0 for count in data.info.splits.values())
    full = options.full if options.full is not None else known <= FULL_UP_TO
    with bar(f"Looking at {data.name}") as progress:
        context = gather(data, progress, full=full, max_bad=options.max_bad)
    grid = None
    findings = run_checks(context)
    if options.augment or options.output or strengths is not None:
        try:
            grid = _save_grid(context, options, plan, strengths)
        except InputError as error:
            findings.insert(0, Finding("error", "augment", f"no grid was made: {error}"))
    return InspectOutcome(data.name, context, findings, grid)


def _save_grid(
    context: GateContext, options: Options, plan: Plan | None, strengths: Mapping[str, float] | None
) -> Path:
    from clearsight.core.artifact import load_task
    from clearsight.verbs.choose import choose_task
    from clearsight.verbs.grid import augmented_grid

    said = {"size": options.size} if options.size else {}
    split = "train" if "train" in context.samples else next(iter(context.samples))
    if plan is None:
        kind = choose_task(context.info, options.task, context.samples[split])
        task = kind.from_data(context.info, list(context.sizes.values()), said).fitted(context.samples[split])
    else:
        task = load_task(plan.facts["task"], options.run or Path()).model_copy(update=said)
    refuse_unfitting(task, strengths)
    buffer = io.BytesIO()
    augmented_grid(task, list(context.readable(split)), strengths=strengths).save(buffer, "PNG")
    path = options.output or Path("inspect.png")
    write_bytes(path, buffer.getvalue())
    return path


@dataclass(frozen=True)
class InspectOutcome:
    """What was found."""

    name: str
    context: GateContext
    findings: Sequence[Finding]  # errors first
    grid: Path | None = None  # where the augmented samples are

    @property
    def exit_code(self) -> int:
        """1 where a finding is an error."""
        return int(any(finding.level == "error" for finding in self.findings))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "data": self.name,
            "format": self.context.info.format,
            "splits": {split: len(samples) for split, samples in self.context.samples.items()},
            "labels": list(self.context.info.labels),
            "counts": self.context.counts(),
            "counted": self.context.counted.many if self.context.counted else "pictures",
            "pixels": self.context.pixels(),
            "sizes": summary(self.context),
            "unreadable": len(self.context.bad),
            "decoded": self.context.full,
            "findings": [finding.to_dict() for finding in self.findings],
            "grid": None if self.grid is None else str(self.grid),
        }

    def show(self, console: Console) -> None:
        """Print counts with bars, sizes and findings."""
        console.print(_headline(self.name, self.context))
        counts, kind = self.context.counts(), self.context.counted
        if any(counts.values()):
            console.print(_class_table(counts, "class" if kind is None or kind.one == "picture" else kind.many))
        if shares := self.context.pixels():
            shown = sorted(shares.items(), key=lambda pair: -pair[1])
            console.print(
                f"Share of pixels: {', '.join(f'{label} {share:.1%}' for label, share in shown)}", markup=False
            )
        if self.context.sizes:
            console.print(_sizes(summary(self.context)))
        for finding in self.findings:
            console.print(_finding(finding))
        if not self.findings:
            console.print("Nothing wrong was found.", style="green")
        if not self.context.full:
            console.print("Pictures were judged by their headers; --full decodes every one.", style="dim")
        if self.grid:
            console.print(f"Augmented samples: {self.grid}", markup=False, highlight=False)


def _headline(name: str, context: GateContext) -> Text:
    from rich.text import Text

    parts = [f"{split} {len(samples):,}" for split, samples in context.samples.items()]
    kind = context.counted
    classes = number(len(context.info.classes(kind.field if kind else "labels")), "class", "classes")
    if kind is not None and kind.one != "picture":
        drawn = sum(sum(row.values()) for row in context.counts().values())
        classes = f"{number(drawn, kind.one, kind.many)} of {classes}"
    return Text.assemble(
        (name, "bold"),
        f": {number(context.count, 'picture')} ({', '.join(parts)}), {classes}, read as {context.info.format}",
    )


SHOWN = 30
"""Classes shown one by one; of more, the commonest and the rarest."""


def _class_table(counts: Mapping[str, Mapping[str, int]], title: str) -> Table:
    from rich.table import Table
    from rich.text import Text

    totals: dict[str, int] = {}
    for row in counts.values():
        for label, count in row.items():
            totals[label] = totals.get(label, 0) + count
    labels = sorted(totals, key=totals.__getitem__, reverse=True) if len(totals) > SHOWN else list(totals)
    table = Table(box=None, pad_edge=False)
    table.add_column(title)
    for split in counts:
        table.add_column(split, justify="right")
    table.add_column("")
    largest = max(totals.values(), default=0) or 1
    for place, label in enumerate(labels):
        if len(labels) > SHOWN and place == SHOWN // 2:
            table.add_row(Text(f"… {len(labels) - SHOWN:,} more …", "dim"))
        if len(labels) <= SHOWN or place < SHOWN // 2 or place >= len(labels) - SHOWN // 2:
            numbers = [f"{row.get(label, 0):,}" for row in counts.values()]
            table.add_row(Text(label), *numbers, Text(_bar(totals[label] / largest), "cyan"))
    return table


def _bar(share: float, width: int = 24) -> str:
    """A bar of eighths of a character; the smallest share that is not 0 still shows."""
    eighths = max(round(share * width * 8), int(share > 0))
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def _sizes(sizes: Mapping[str, Any]) -> str:
    def across(side: Mapping[str, float]) -> str:
        low, high, middle = side["min"], side["max"], side["median"]
        return f"{low:,}" if low == high else f"{low:,} to {high:,} (median {middle:g})"

    different = number(sizes["different"], "size")
    return f"Pixels: width {across(sizes['width'])}, height {across(sizes['height'])}; {different} in all"


STYLES = {"error": ("✖", "bold red"), "warning": ("▲", "yellow"), "note": ("·", "dim")}
ITEMS = 5


def _finding(finding: Finding) -> Text:
    from rich.text import Text

    mark, style = STYLES[finding.level]
    lines = [Text.assemble((f"{mark} {finding.level} ", style), finding.message)]
    lines += [Text(f"    {item}", "dim") for item in finding.items[:ITEMS]]
    if more := len(finding.items) - ITEMS:
        lines += [Text(f"    and {more:,} more (--json names all)", "dim")] * (more > 0)
    return Text("\n").join(lines)

"""Let a model say "none of these": find the score below which it does, and how often that goes wrong.

Half of the pictures, by hash, sets the threshold so that the share --at of them is answered; the other half says how
often a picture of a known class is rejected, and how right the answers are. With --unknown, pictures of other things,
it also says how many of those are answered all the same. The threshold goes into the model folder: predict, evaluate
and what is exported afterwards apply it. --score none takes it out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from clearsight.core.errors import BadImage, InputError
from clearsight.core.options import DataOptions

if TYPE_CHECKING:
    from rich.console import Console

    from clearsight.core.artifact import Artifact
    from clearsight.verbs.rejection import Known

SUMMARY = 'Let a model say "none of these": finds the threshold and says how often it errs.'

FEWEST = 20
"""Pictures in each half below which no threshold is set."""


class Options(DataOptions):
    """Options of `clearsight reject`."""

    model: str = Field(description="Run or model folder; the threshold is written into it.")
    data: str | None = Field(None, description="Pictures of the known classes; by default those that the run held out.")
    split: str | None = Field(None, description="Which split of the data; by default test, else val, else all.")
    unknown: str | None = Field(None, description="Pictures of none of the classes: a data set, a folder, a zip.")
    score: str = Field("energy", description="What tells them apart: energy or probability; none for no threshold.")
    at: float = Field(0.95, gt=0, le=1, description="Share of the pictures of known classes that is answered.")
    output: Path | None = Field(None, description="Folder for rejection.json and rejection.png; by default the run's.")
    device: Literal["cpu", "cuda", "mps"] | None = Field(None, description="Kind of device.")
    batch_size: int = Field(32, gt=0, description="Pictures in one forward pass.")


@dataclass(frozen=True)
class RejectOutcome:
    """The threshold and what it does; `found` is empty where it was taken out."""

    model: Path
    found: Mapping[str, Any]  # what model.json holds as "rejection"
    scores: Mapping[str, Mapping[str, Any]]  # score -> its figures
    files: Sequence[Path] = ()
    bad: Sequence[BadImage] = ()
    exit_code: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        bad = [{"name": item.name, "reason": item.reason} for item in self.bad]
        files = [str(file) for file in self.files]
        return {"model": str(self.model), "rejection": dict(self.found), "scores": dict(self.scores)} | {
            "files": files,
            "bad_pictures": bad,
        }

    def show(self, console: Console) -> None:
        """The figures with their intervals, both scores side by side, and what was written."""
        from rich.table import Table

        from clearsight.verbs.rejection import FIGURES, told

        if not self.found:
            console.print(
                f"{self.model} answers every picture now: it has no threshold", highlight=False, soft_wrap=True
            )
            return
        table = Table("figure", "value", "95 % interval", "pictures", box=None, header_style="bold")
        for name, words in FIGURES.items():
            if figure := self.found.get(name):
                low, high = figure["interval"]
                table.add_row(words, f"{figure['value']:.4f}", f"{low:.4f} to {high:.4f}", f"{figure['count']:,}")
        console.print(table)
        both = Table("score", "AURC", *(["AUROC"] if self.found.get("unknown") else []), box=None, header_style="bold")
        for name, figures in self.scores.items():
            style = "bold" if name == self.found["score"] else None
            area = [f"{figures['auroc']['value']:.4f}"] if "auroc" in figures else []
            both.add_row(name, f"{figures['aurc']['value']:.4f}", *area, style=style)
        console.print(both)
        console.print(f"[bold]{told(self.found)}[/]", highlight=False, soft_wrap=True)
        for item in self.bad[:10]:
            console.print(f"left out: {item}", style="yellow", markup=False)
        for path in (self.model, *self.files):
            console.print(f"written {path}", highlight=False, markup=False, soft_wrap=True)


def run(options: Options) -> RejectOutcome:
    """Set the threshold and write it into the model folder. Raises `InputError` where model or pictures cannot be used."""
    from clearsight.core import artifact
    from clearsight.core.files import write_bytes, write_json
    from clearsight.verbs.card import model_card
    from clearsight.verbs.choose import require_verb
    from clearsight.verbs.rejection import curves, draw, judge, score_pictures

    model = artifact.load(options.model)
    require_verb(model.task, "reject")
    assert model.path is not None  # it was loaded from there
    provenance = {name: value for name, value in model.provenance.items() if name != "rejection"}
    if options.score == "none":
        _save(artifact.Artifact(model.task.rejecting(None, None), model.net, provenance), model.path)
        return RejectOutcome(model.path, {}, {})
    known, place, split = known_pictures(options, model, score_pictures)
    if options.score not in known.scores:
        raise InputError(f"--score {options.score}: {model.task.name} has {', '.join(known.scores)}, or say none")
    unknown: Mapping[str, Any] = {}
    bad = list(known.bad)
    if options.unknown is not None:
        unknown, wrong = unknown_scores(options, model)
        bad += wrong
    found, scores = judge(known, unknown, options.score, options.at)
    found |= {"data": Path(place).name, "split": split, "unknown": options.unknown and Path(options.unknown).name}
    task = model.task.rejecting(options.score, found["below"])
    made = artifact.Artifact(task, model.net, {**provenance, "rejection": found})
    artifact.save(made, model.path, model_card(made))
    folder = options.output or model.path.parent
    files = [folder / "rejection.json", folder / "rejection.png"]
    shown = curves(known, unknown)
    write_json(files[0], {"rejection": found, "scores": scores, "curves": shown})
    write_bytes(files[1], draw(found, shown))
    return RejectOutcome(model.path, found, scores, files, bad)


def _save(made: Artifact, path: Path) -> None:
    from clearsight.core import artifact
    from clearsight.verbs.card import model_card

    artifact.save(made, path, model_card(made))


def known_pictures(options: Options, model: Artifact, score: Any) -> tuple[Known, str, str]:
    """The scores of both halves of the pictures of known classes, where they lie, and their split."""
    from clearsight.verbs import evaluate

    asked = {name: getattr(options, name) for name in ("model", "data", "split", *DataOptions.model_fields)}
    samples, place, split = evaluate._samples(evaluate.Options(**asked), model.path)
    known: Known = score(model, samples, options.device, options.batch_size, options.group)
    for half, count in (("tune", known.tuning.sum()), ("judge", (~known.tuning).sum())):
        if count < FEWEST:
            raise InputError(f"{place} has {count} readable pictures with labels to {half} on; {FEWEST} are needed")
    return known, place, split


def unknown_scores(options: Options, model: Artifact) -> tuple[Mapping[str, Any], list[BadImage]]:
    """The scores of the pictures of --unknown, by name."""
    from clearsight.data.open import open_data
    from clearsight.verbs.inputs import find_pictures
    from clearsight.verbs.rejection import scores_of

    assert options.unknown is not None
    try:
        data = open_data(options.unknown, data_root=options.data_root)
        pictures = [sample.image for split in data.info.splits for sample in data.stream(split)]
    except InputError:
        if not Path(options.unknown).exists():
            raise
        pictures = find_pictures([options.unknown])  # a plain folder of pictures is no data set, and good enough here
    scores, _, bad = scores_of(model, pictures, options.device, options.batch_size, "scoring the unknown")
    if not scores:
        raise InputError(f"--unknown {options.unknown}: none of its pictures can be read")
    return scores, bad

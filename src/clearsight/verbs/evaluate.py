"""Judge a model on pictures whose answers are known.

Without --data, a run is judged on the pictures that its training held out for judging. The figures come with 95 %
bootstrap intervals over the pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from clearsight.core.errors import BadImage, InputError
from clearsight.core.metric import Result
from clearsight.core.options import AnswerSettings, Views
from clearsight.core.options import DataOptions as BaseOptions
from clearsight.engine.tiles import read_tiles
from clearsight.verbs.views import Tiles, with_answer, with_views

if TYPE_CHECKING:
    from rich.console import Console

    from clearsight.core.sample import Sample

SUMMARY = "Judge a model on pictures whose answers are known."


class Options(BaseOptions):
    """Options of `clearsight evaluate`."""

    model: str = Field(description="Run or model folder.")
    data: str | None = Field(None, description="Pictures to judge on; by default those that the run held out.")
    split: str | None = Field(None, description="Which split of the data; by default test, else val, else all.")
    resamples: int = Field(1000, ge=100, le=100_000, description="Bootstrap resamples behind the intervals.")
    output: str | None = Field(None, description="Write the figures to this JSON file.")
    device: Literal["cpu", "cuda", "mps"] | None = Field(None, description="Kind of device.")
    batch_size: int | None = Field(None, gt=0, description="Pictures in one forward pass; by default what suits.")
    answer: AnswerSettings = None
    tta: Views = None
    tiles: Tiles = None


@dataclass
class EvaluateOutcome:
    """The figures of an evaluation."""

    result: Result
    data: str
    split: str
    bad: Sequence[BadImage]
    exit_code: int = 0

    def to_dict(self) -> dict[str, Any]:
        bad = [{"name": item.name, "reason": item.reason} for item in self.bad]
        return {"data": self.data, "split": self.split, **self.result.to_dict(), "bad_pictures": bad}

    def show(self, console: Console) -> None:
        from clearsight.verbs.tables import result_tables

        console.print(f"{self.result.count:,} pictures of {self.data} ({self.split})", highlight=False)
        for table in result_tables(self.result):
            console.print(table)
        for item in self.bad[:10]:
            console.print(f"not judged: {item}", style="yellow", markup=False)


def run(options: Options) -> EvaluateOutcome:
    """Judge. Raises `InputError` where model or data cannot be used."""
    from clearsight.core import artifact
    from clearsight.core.files import write_json
    from clearsight.engine.predictor import Predictor
    from clearsight.engine.runtime import choose_device
    from clearsight.verbs.choose import require_verb
    from clearsight.verbs.judging import judge, write_evaluation
    from clearsight.verbs.progress import bar

    model = artifact.load(options.model)
    require_verb(model.task, "evaluate")
    samples, data, split = _samples(options, model.path)
    if not samples:
        raise InputError(f"{data} has no pictures in its split {split}")
    task = with_answer(with_views(model.task, options.tta), options.answer)
    device, tiles = choose_device(options.device)[0], read_tiles(options.tiles)
    predictor = Predictor(task, model.net, device, options.batch_size, tiles)
    with bar("judging") as progress:
        judgement = judge(predictor, samples, options.resamples, progress)
    outcome = EvaluateOutcome(judgement.result, data, split, judgement.bad)
    if options.data is None and model.path is not None and task == model.task and tiles is None:
        role = f"judged on {split} pictures that training never saw"
        write_evaluation(model.path.parent / "evaluation.json", judgement, data, split, role)
    if options.output:
        write_json(Path(options.output), outcome.to_dict())
    return outcome


def _samples(options: Options, path: Path | None) -> tuple[list[Sample], str, str]:
    """The pictures to judge on, what they are called, and their split."""
    from clearsight.data.open import open_data

    if options.data is not None:
        dataset = open_data(options.data, **options.reading())
        there = dataset.info.splits
        split = options.split or next((name for name in ("test", "val", "train") if name in there), "train")
        if split not in there:
            raise InputError(f"--split {split}: {options.data} has {', '.join(there)}")
        return dataset.samples(split), options.data, split
    from clearsight.verbs.held_out import held_out

    found, place = held_out(path, options.data_root)
    return found, place, "held out"

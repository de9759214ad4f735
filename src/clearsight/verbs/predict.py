"""Answer for pictures, with a run, a model folder or an exported .onnx file.

Pictures are files, folders (with all below them), patterns such as 'photos/*.jpg', and zips. A picture that cannot be
read is reported with the reason and stops nothing: the exit code is then 1, or 2 where none could be read. JSON Lines
and CSV have a line for such a picture too, with "error". An .onnx file answers without torch.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import Field

from clearsight.core.errors import InputError
from clearsight.core.options import AnswerSettings, Views
from clearsight.core.options import Options as BaseOptions
from clearsight.engine.tiles import read_tiles
from clearsight.verbs.answers import Answer, Load, answers
from clearsight.verbs.inputs import find_pictures
from clearsight.verbs.rows import csv_lines, json_lines, print_table, row
from clearsight.verbs.views import Tiles, with_answer, with_views

if TYPE_CHECKING:
    from rich.console import Console

    from clearsight.core.image import Pixels
    from clearsight.core.prediction import Prediction
    from clearsight.core.sample import ImageSource

SUMMARY = "Answer for pictures, with a model folder or an exported .onnx file."

LISTED = 10
"""Unreadable pictures that are named on the screen when the answers go to a file, which names them all."""


class Options(BaseOptions):
    """Options of `clearsight predict`."""

    model: str = Field(description="Run folder, model folder or .onnx file.")
    pictures: list[str] = Field(description="Files, folders, patterns or zips.")
    format: Literal["table", "jsonl", "csv"] | None = Field(
        None, description="table, jsonl or csv; by default the ending of --output, or a table."
    )
    output: Path | None = Field(None, description="Write the answers to this file, .jsonl or .csv.")
    draw: Path | None = Field(None, description="Write the pictures with the answers on them to this folder.")
    save: Path | None = Field(
        None, description="Write the answers' own files to this folder: a mask as PNG, objects as JSON."
    )
    top: int = Field(5, ge=1, description="How many labels to list for each picture, where they are ranked.")
    batch_size: int = Field(8, ge=1, description="Pictures in one forward pass; an .onnx file takes one.")
    device: Literal["cpu", "cuda", "mps"] | None = Field(None, description="Kind of device.")
    tta: Views = None
    tiles: Tiles = None
    answer: AnswerSettings = None
    threads: int | None = Field(None, ge=1, description="CPU threads of the net.")


def run(options: Options) -> PredictOutcome:
    """Open the model and find the pictures; the answers are worked out as they are read from the outcome, or here where
    they go to a file. Raises `InputError` where the model or a path is of no use."""
    style = _style(options)
    predictor, load = open_model(options)
    pictures = find_pictures(options.pictures)
    names = [picture.name for picture in pictures]
    _require_room(options, names, _saved(options, predictor))
    made = answers(pictures, predictor, load)
    if options.draw is not None:
        made = written(made, options.draw, names, drawing)
    if options.save is not None:
        made = written(made, options.save, names, own_files)
    outcome = PredictOutcome(options, style, pictures, made)
    if options.output is not None:
        outcome.write(options.output)
    return outcome


class Typed(Protocol):
    """What answers, and says for which task and with what kind of prediction."""

    task_name: str
    prediction: type[Prediction]

    def __call__(self, photos: Iterable[Pixels]) -> Iterator[Prediction]:
        """Predictions in the order of the photographs, each uint8 (H, W, 3)."""


def open_model(options: Options) -> tuple[Typed, Load]:
    """What answers, and what decodes for it: torch's for a model folder, neither needs torch for an .onnx file."""
    path = Path(options.model).expanduser()
    if path.suffix.lower() == ".onnx":
        from clearsight.deploy.predictor import OnnxPredictor

        if options.device not in (None, "cpu"):
            raise InputError(f"--device {options.device}: an .onnx file runs on the cpu; give the run's folder instead")
        if options.tta is not None:
            raise InputError(f"--tta {options.tta}: an .onnx file averages the views it was exported with")
        if options.answer is not None:
            raise InputError(f"--answer {options.answer}: an .onnx file answers as it was exported; export it anew")
        return OnnxPredictor(path, options.threads, read_tiles(options.tiles)), lambda picture: picture.load()

    from clearsight.core import artifact
    from clearsight.data.decode import load_fast
    from clearsight.engine.predictor import Predictor as TorchPredictor
    from clearsight.engine.runtime import choose_device
    from clearsight.verbs.choose import require_verb

    model = artifact.load(path)
    require_verb(model.task, "predict")
    if options.threads is not None:
        import torch

        torch.set_num_threads(options.threads)
    device, _ = choose_device(options.device)
    task = with_answer(with_views(model.task, options.tta), options.answer)
    tiles = read_tiles(options.tiles)
    return TorchPredictor(task, model.net, device, options.batch_size, tiles), load_fast


class PredictOutcome:
    """The answers, to be read once and in order; how many there were and which failed is known afterwards."""

    def __init__(self, options: Options, style: str, pictures: Sequence[ImageSource], made: Iterable[Answer]) -> None:
        self.options, self.style, self.total = options, style, len(pictures)
        self.width = max(len(picture.name) for picture in pictures)
        self.failed: list[Answer] = []
        self._made = iter(made)

    def __iter__(self) -> Iterator[Answer]:
        for answer in self._made:
            if answer.prediction is None:
                self.failed.append(answer)
            yield answer

    @property
    def exit_code(self) -> int:
        """0 where every picture was answered for, 1 where some could not be read, 2 where none could."""
        for _ in self:
            pass  # what nobody has read yet must be known too
        return 0 if not self.failed else 2 if len(self.failed) == self.total else 1

    def lines(self) -> Iterator[str]:
        """The answers as JSON Lines or CSV."""
        return (csv_lines if self.style == "csv" else json_lines)(self, self.options.top)

    def write(self, path: Path) -> None:
        """Write the answers to a file, which is there once it is whole."""
        from clearsight.core.files import replacing
        from clearsight.verbs.progress import bar

        with replacing(path) as file, bar("answering") as update:
            for done, line in enumerate(self.lines(), 1):
                file.write(line)
                update(min(done, self.total), self.total)

    def to_dict(self) -> dict[str, Any]:
        """All answers at once, unless they went to a file. For very many, JSON Lines are the better choice."""
        told: dict[str, Any] = {"model": self.options.model}
        if self.options.output is None:
            told["predictions"] = [row(answer, self.options.top) for answer in self]
        else:
            told |= {"output": str(self.options.output), "failed": [row(a, 1) for a in self.failed]}
        return {**told, "count": self.total, "unreadable": len(self.failed)}

    def show(self, console: Console) -> None:
        """Print the answers as they come, or where they went; a last word on unreadable pictures goes to stderr."""
        if self.options.output is not None:
            console.print(
                f"{self.total:,} answers in {self.options.output}", markup=False, highlight=False, soft_wrap=True
            )
        elif self.style == "table":
            print_table(self, self.options.top, self.width, console)
        else:
            for line in self.lines():
                console.file.write(line)
                console.file.flush()
        for folder, what in ((self.options.draw, "annotated pictures"), (self.options.save, "the answers' own files")):
            if folder is not None:
                console.file.flush()
                sys.stderr.write(f"{what} are in {folder}\n")
        self._warn()

    def _warn(self) -> None:
        if not self.failed:
            return
        if self.options.output is not None:
            for answer in self.failed[:LISTED]:
                sys.stderr.write(f"{answer.picture}: {answer.reason}\n")
        sys.stderr.write(f"warning: {len(self.failed):,} of {self.total:,} pictures could not be read\n")


def written(
    made: Iterable[Answer], folder: Path, names: Sequence[str], files: Callable[[Answer], Mapping[str, bytes]]
) -> Iterator[Answer]:
    """The answers, with files of each, by their endings, written on the way, in folders like those of the pictures."""
    from clearsight.core.files import write_bytes

    for answer, place in zip(made, places(names), strict=True):
        if answer.prediction is not None:
            for ending, content in files(answer).items():
                write_bytes(folder / place.with_suffix(ending), content)
        yield answer


def drawing(answer: Answer) -> dict[str, bytes]:
    """The picture with the answer on it, as PNG."""
    import io

    assert answer.prediction is not None
    buffer = io.BytesIO()
    answer.prediction.draw(answer.pixels).save(buffer, "PNG")
    return {".png": buffer.getvalue()}


def own_files(answer: Answer) -> dict[str, bytes]:
    """The answer's own files."""
    assert answer.prediction is not None
    return answer.prediction.files()


def _saved(options: Options, predictor: Typed) -> tuple[str, ...]:
    """The endings of the files that --save asks for. Raises `InputError` where answers have none."""
    if options.save is None:
        return ()
    if not predictor.prediction.saved:
        raise InputError(
            f"--save {options.save}: answers of {predictor.task_name} have no files of their own; write them with --output"
        )
    return predictor.prediction.saved


def _require_room(options: Options, names: Sequence[str], saved: Sequence[str]) -> None:
    """Raises `InputError` where a file that is asked for would take the place of a picture, or of another one."""
    taken = {os.path.abspath(name): "a picture" for name in names}  # noqa: PTH100
    for option, folder, endings in (("draw", options.draw, (".png",)), ("save", options.save, saved)):
        if folder is None:
            continue
        for place in places(names):
            for ending in endings:
                path = os.path.abspath(folder / place.with_suffix(ending))  # noqa: PTH100
                if path in taken:
                    raise InputError(f"--{option} {folder}: {path} is {taken[path]}; name another folder")
                taken[path] = f"what --{option} writes already"


def places(names: Sequence[str]) -> Iterator[PurePath]:
    """A relative .png path for each picture, below what all names have in common, no two alike (nor by case alone)."""
    absolute = [os.path.abspath(name) for name in names]  # noqa: PTH100 (Path.absolute keeps "..")
    try:
        above = os.path.commonpath([os.path.dirname(name) for name in absolute])  # noqa: PTH120
    except ValueError:  # on several drives
        above = ""
    taken: set[str] = set()
    for name in absolute:
        path = PurePath(os.path.relpath(name, above)) if above else PurePath(PurePath(name).name)
        place, number = path.with_suffix(".png"), 1
        while str(place).casefold() in taken:
            place = path.with_name(f"{path.name}.png" if number == 1 else f"{path.name}-{number}.png")
            number += 1
        taken.add(str(place).casefold())
        yield place


def _style(options: Options) -> str:
    """table, jsonl or csv. Raises `InputError` where the output's ending does not say which."""
    if options.output is None:
        return options.format or "table"
    by_ending = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv"}
    style = options.format or by_ending.get(options.output.suffix.lower())
    if style is None or style == "table":
        raise InputError(f"--output {options.output}: a file holds jsonl or csv; name it so, or say --format jsonl")
    return style

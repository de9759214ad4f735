"""Write a model as ONNX, and prove that it answers the same.

The file holds everything between photograph and answer: resizing, normalisation, the net, and what is made of its
outputs. With --raw it holds the net alone, for batches of pictures that are resized already. Before it is written it
is compared with the model on real photographs of many shapes; beyond --tolerance nothing is written and the exit code
is 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from clearsight.core.errors import BadImage, InputError
from clearsight.core.options import AnswerSettings
from clearsight.core.options import Options as BaseOptions

if TYPE_CHECKING:
    from rich.console import Console

    from clearsight.core.artifact import Artifact
    from clearsight.core.image import Pixels
    from clearsight.core.sample import ImageSource
    from clearsight.deploy.agreement import Agreement

SUMMARY = "Write a model as ONNX and prove that it answers the same."

PHOTOGRAPHS = 4
"""Photographs that are compared, each in every shape."""


class Options(BaseOptions):
    """Options of `clearsight export`."""

    model: str = Field(description="Run or model folder.")
    output: Path | None = Field(None, description="The file to write; by default model.onnx beside the model folder.")
    raw: bool = Field(False, description="The net alone: batches of resized pictures in, its outputs out.")
    photos: str | None = Field(
        None,
        description="Photographs to compare on; by default some the run held out, else scikit-learn's two.",
    )
    answer: AnswerSettings = None
    tolerance: float = Field(1e-4, ge=0, description="Largest difference allowed in any value of an answer.")


@dataclass(frozen=True)
class ExportOutcome:
    """What was exported, and how well it agrees."""

    path: Path  # where it is, or would have been
    size: int  # bytes
    raw: bool
    source: str  # of the photographs
    agreement: Agreement

    @property
    def exit_code(self) -> int:
        """1 where the exported graph does not agree."""
        return 0 if self.agreement.holds else 1

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "file": str(self.path) if self.agreement.holds else None,
            "bytes": self.size,
            "kind": "raw" if self.raw else "photo",
            "photographs": self.source,
            "agrees": self.agreement.holds,
            "tolerance": self.agreement.tolerance,
            "difference": self.agreement.difference,
            "rows": [row.to_dict() for row in self.agreement.rows],
        }

    def show(self, console: Console) -> None:
        """Print the table of agreement and where the file is."""
        from rich.table import Table

        agreement = self.agreement
        table = Table("batches" if self.raw else "photographs", "number", "largest difference", "same answer", box=None)
        for row in agreement.rows:
            style = None if row.difference <= agreement.tolerance else "red"
            table.add_row(row.name, str(row.cases), f"{row.difference:.1e}", "yes" if row.same else "no", style=style)
        console.print(
            f"Original and exported on the same pixels ({self.source}):", markup=False, highlight=False, soft_wrap=True
        )
        console.print(table)
        if agreement.holds:
            told = f"All within {agreement.tolerance:g}. Written: {self.path} ({self.size / 2**20:.1f} MiB)"
            console.print(told, style="green", markup=False, highlight=False, soft_wrap=True)
        else:
            told = f"They differ by {agreement.difference:.1e}, more than {agreement.tolerance:g}: nothing was written."
            console.print(told, style="red", markup=False, highlight=False, soft_wrap=True)


def run(options: Options) -> ExportOutcome:
    """Export, compare, and write where they agree. Raises `InputError` where the model cannot be exported."""
    from clearsight.core import artifact
    from clearsight.core.files import write_bytes
    from clearsight.deploy import agreement, onnx
    from clearsight.verbs.choose import require_verb
    from clearsight.verbs.views import with_answer

    onnx.require_packages()
    model = artifact.load(options.model)
    require_verb(model.task, "export")
    path = options.output or default_path(model, options.raw)
    if path.suffix.lower() != ".onnx":
        raise InputError(f"--output {path}: the file's name must end with .onnx")
    model = replace(model, task=with_answer(model.task, options.answer))
    photos, source = photographs(model, options.photos)
    content = onnx.export(model, options.raw)
    compare = agreement.compare_raw if options.raw else agreement.compare_photo
    found = compare(model, content, photos, options.tolerance)
    if found.holds:
        write_bytes(path, content)
    return ExportOutcome(path, len(content), options.raw, source, found)


def default_path(model: Artifact, raw: bool) -> Path:
    """Beside the model folder: runs/ants/model → runs/ants/model.onnx."""
    assert model.path is not None  # it was loaded from there
    folder = model.path.resolve()
    return model.path.parent / f"{folder.name}{'.raw' if raw else ''}.onnx"


def photographs(model: Artifact, named: str | None) -> tuple[list[Pixels], str]:
    """Real photographs to compare on, and where they are from. Raises `InputError` where those named cannot be read."""
    from clearsight.verbs.inputs import find_pictures

    if named is not None:
        photos = _readable(find_pictures([named]))
        if not photos:
            raise InputError(f"--photos {named}: none of the pictures can be read")
        return photos, named
    if photos := _readable(_held_out(model)):
        return photos, "pictures that the run held out"
    from sklearn.datasets import load_sample_images

    return list(load_sample_images().images), "two photographs of scikit-learn's"


def _held_out(model: Artifact) -> list[ImageSource]:
    """The pictures that the model's run was judged on; none where they are moved or gone: others do as well."""
    from clearsight.verbs.held_out import held_out

    try:
        return [sample.image for sample in held_out(model.path)[0]]
    except InputError:
        return []


def _readable(pictures: Sequence[ImageSource]) -> list[Pixels]:
    """Some of the pictures, from all over the list; those that cannot be read are passed over for their neighbours."""
    found: list[Pixels] = []
    step = max(1, len(pictures) // PHOTOGRAPHS)
    for start in range(step):
        for picture in pictures[start::step]:
            try:
                found.append(picture.load())
            except BadImage:
                continue
            if len(found) == PHOTOGRAPHS:
                return found
    return found

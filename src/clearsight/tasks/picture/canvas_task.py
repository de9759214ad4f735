"""Base of the tasks that see photographs whole, in their shape: they share canvas and preprocess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import model_validator

from clearsight.core.errors import InputError
from clearsight.core.prediction import Prediction
from clearsight.core.task import Task
from clearsight.tasks.picture.canvas import STEP, LetterboxPreprocess, canvas_shape, canvas_side, require_stepped

P = TypeVar("P", bound=Prediction)

WHOLE: Mapping[str, Any] = {"fit": "letterbox", "share": 1.0}
"""The only way onto the canvas, in the words of the options that ask for others."""


class CanvasTask(Task[P], Generic[P]):
    """What is asked of a photograph that lies on its canvas as a whole."""

    verbs: ClassVar[frozenset[str]] = frozenset(
        {"train", "evaluate", "predict", "inspect", "report", "export", "nets", "learning-curve"}
    )

    kept: ClassVar[float] = 0.9
    """Share of the photographs, where they are small, that the canvas is no smaller than: where sizes are mixed the largest
    often show most, and what is shrunk away no mask can follow."""

    canvas: tuple[int, int] | None = None  # height and width, pixels; None is a square of `size`

    @model_validator(mode="after")
    def _stepped(self) -> Self:
        if self.canvas is not None and (max(self.canvas) != self.size or any(side % STEP for side in self.canvas)):
            raise ValueError(f"a canvas has sides that are multiples of {STEP}, the longer one being size")
        return self

    @property
    def shape(self) -> tuple[int, int]:
        return self.canvas or (self.size, self.size)

    @classmethod
    def for_photographs(
        cls, labels: tuple[str, ...], sizes: Sequence[tuple[int, int]], options: Mapping[str, Any]
    ) -> Self:
        """The task of these labels, with a canvas that suits photographs of these sizes (height, width), and the user's words
        for its fields. Raises `InputError` on another way onto the canvas, or a side that the nets' strides do not divide."""
        said = {name: value for name, value in options.items() if value is not None}
        for option, whole in WHOLE.items():
            if (value := said.pop(option, whole)) != whole:
                raise InputError(f"--{option} {value}: {cls.name} sees photographs whole, in their shape; leave it out")
        size = said.pop("size", None) or canvas_side(sizes, cls.kept)
        require_stepped("size", size)
        return cls(labels=labels, size=size, canvas=canvas_shape(sizes, size), **said)

    def preprocess(self) -> LetterboxPreprocess:
        return LetterboxPreprocess(self.shape, self.channels)

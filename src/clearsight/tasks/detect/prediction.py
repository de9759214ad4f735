"""The objects that a detector finds on one photograph. numpy and Pillow only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, overload

import numpy as np

from clearsight.core.errors import InputError, missing_extra
from clearsight.core.prediction import Prediction
from clearsight.core.sample import Array

if TYPE_CHECKING:
    from PIL.Image import Image

SHOWN = 0.3
"""The score from which a box is shown where the model does not say."""


class Detection(NamedTuple):
    """One object."""

    box: tuple[float, float, float, float]  # x1, y1, x2, y2 in photo pixels
    score: float
    label: str


@dataclass(frozen=True, eq=False, repr=False)
class Detections(Prediction):
    """Boxes in pixels of the photograph, each with a score and a class, the best score first.

    All that the model answers is there, doubtful boxes too: `shown` says which ones reach the threshold of their class, and
    `visible` gives these alone. `len`, iteration, and picking by number, slice or mask work as on a list.
    """

    finals: ClassVar[Mapping[str, str]] = {"boxes": "D 4", "scores": "D", "classes": "D", "shown": "D"}
    tiles: ClassVar[bool] = True

    boxes: Array  # float32 (N, 4): x1, y1, x2, y2
    scores: Array  # float32 (N,), falling, each in [0, 1]
    classes: Array  # int64 (N,), places in `names`
    shown: Array  # bool (N,)
    names: Sequence[str]  # the K classes that the model knows
    photo: Any = None  # uint8 (H, W, 3), kept only for notebooks

    def __post_init__(self) -> None:
        count = len(self.scores)
        shapes = [array.shape for array in (self.boxes, self.scores, self.classes, self.shown)]
        if shapes != [(count, 4), (count,), (count,), (count,)]:
            raise ValueError(f"boxes (N, 4), scores, classes and shown (N,) are needed, these are {shapes}")
        if count and not 0 <= self.classes.min() <= self.classes.max() < len(self.names):
            raise ValueError(f"classes must be from 0 to {len(self.names) - 1}")
        order = np.argsort(-self.scores, kind="stable")
        for name in ("boxes", "scores", "classes", "shown"):
            object.__setattr__(self, name, getattr(self, name)[order])

    @classmethod
    def from_arrays(cls, final: Mapping[str, Array], labels: Sequence[str]) -> Self:
        """Wrap `boxes` (D, 4), `scores` and `classes` (D,), and `shown` (D,) where it is there. Padding, of class −1, is left
        out. Raises `ValueError` where they do not fit each other or the labels."""
        classes = np.rint(np.asarray(final["classes"])).astype(np.int64)
        real = classes >= 0
        boxes, scores = (np.asarray(final[name], np.float32)[real] for name in ("boxes", "scores"))
        shown = np.asarray(final["shown"])[real] > 0.5 if "shown" in final else scores >= SHOWN
        return cls(boxes, scores, classes[real], shown, tuple(labels))

    @classmethod
    def merged(
        cls, parts: Sequence[Self], windows: Sequence[tuple[int, int, int, int]], task: Mapping[str, Any]
    ) -> Self:
        """The objects that parts of a photograph show, each once: see `tasks.detect.merge`. There may be more than an
        answer for one canvas can hold."""
        from clearsight.tasks.detect.merge import merge, offsets

        seen = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        boxes, scores, classes, shown = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("boxes", "scores", "classes", "shown")
        )
        boxes, rows = merge(boxes + offsets(windows)[seen], scores, classes, seen, np.asarray(windows))
        return cls(boxes[rows].astype(np.float32), scores[rows], classes[rows], shown[rows], parts[0].names)

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each object's class, N of them."""
        return tuple(self.names[k] for k in self.classes)

    @property
    def visible(self) -> Self:
        """The objects whose score reaches the threshold of their class."""
        return self[self.shown]

    def above(self, score: float) -> Self:
        """The objects of this score or more."""
        return self[self.scores >= score]

    def of(self, *labels: str) -> Self:
        """The objects of these classes. Raises `InputError` for one that the model does not know."""
        for label in labels:
            if label not in self.names:
                raise InputError(f"there is no class {label!r}; the model knows {', '.join(self.names)}")
        return self[np.array([name in labels for name in self.names], bool)[self.classes]]

    def __len__(self) -> int:
        return len(self.scores)

    def __iter__(self) -> Iterator[Detection]:
        return (self[place] for place in range(len(self)))

    @overload
    def __getitem__(self, which: int) -> Detection: ...

    @overload
    def __getitem__(self, which: slice | Array | Sequence[int] | Sequence[bool]) -> Self: ...

    def __getitem__(self, which: Any) -> Detection | Self:
        """One object by its number; several by a slice, a mask (N,) or numbers, still the best first."""
        if isinstance(which, (int, np.integer)):
            x1, y1, x2, y2 = self.boxes[which].tolist()
            return Detection((x1, y1, x2, y2), float(self.scores[which]), self.names[self.classes[which]])
        if not isinstance(which, slice):
            which = np.asarray(which)
            which = which if which.size else which.astype(np.int64)  # an empty list has no kind of its own
        boxes, scores, classes, shown = (array[which] for array in (self.boxes, self.scores, self.classes, self.shown))
        return replace(self, boxes=boxes, scores=scores, classes=classes, shown=shown)

    def to_dict(self) -> dict[str, Any]:
        """`{"objects": [{"label", "score", "box": [x1, y1, x2, y2], "shown"}, …]}`, the best score first."""
        rows = zip(self, self.shown.tolist(), strict=True)
        return {
            "objects": [
                {"label": one.label, "score": one.score, "box": list(one.box), "shown": shown} for one, shown in rows
            ]
        }

    def to_coco(self, image_id: int, category_ids: Mapping[str, int] | None = None) -> list[dict[str, Any]]:
        """Rows of a COCO results file: `{"image_id", "category_id", "bbox": [x, y, width, height], "score"}`.

        `category_ids` says each class's number; by default they are counted from 1 in the order of `names`. Raises
        `InputError` where a class has none.
        """
        numbers = {name: place for place, name in enumerate(self.names, 1)} if category_ids is None else category_ids
        if missing := [name for name in dict.fromkeys(self.labels) if name not in numbers]:
            raise InputError(f"category_ids has no number for {', '.join(missing)}")
        return [
            {
                "image_id": image_id,
                "category_id": numbers[one.label],
                "bbox": [one.box[0], one.box[1], one.box[2] - one.box[0], one.box[3] - one.box[1]],
                "score": one.score,
            }
            for one in self
        ]

    def to_supervision(self) -> Any:
        """The same as `supervision.Detections`, with the classes' names in `data["class_name"]`. Raises `InputError` where
        supervision is not installed."""
        try:
            from supervision import Detections as Theirs
        except ImportError:
            raise missing_extra("supervision", "supervision") from None
        return Theirs(
            xyxy=self.boxes.copy(),
            confidence=self.scores.copy(),
            class_id=self.classes.copy(),
            data={"class_name": np.array(self.labels, dtype=str)},
        )

    def headline(self) -> str:
        """Such as "12 RBC, 1 WBC", of the objects shown, the most frequent first; or "nothing"."""
        return ", ".join(f"{count} {label}" for label, count in self.counts.items()) or "nothing"

    @property
    def counts(self) -> dict[str, int]:
        """How many objects of each class are shown, the most frequent first; of equal counts in the order of `names`."""
        counted = Counter(self.classes[self.shown].tolist())
        return {self.names[k]: counted[k] for k in sorted(counted, key=lambda k: (-counted[k], k))}

    def draw(self, image: Any) -> Image:
        """The photograph, uint8 (H, W, 3), with a frame round each object shown."""
        from clearsight.tasks.detect.draw import draw_boxes

        return draw_boxes(image, self.visible)

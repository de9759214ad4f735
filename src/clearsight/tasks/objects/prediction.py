"""Objects found on one photograph, whatever is known of each beside its box. numpy and Pillow only."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

import numpy as np

from clearsight.core.errors import InputError, missing_extra
from clearsight.core.prediction import Prediction
from clearsight.core.sample import Array
from clearsight.ops.tiling import Window
from clearsight.tasks.objects.merge import merge, offsets

SHOWN = 0.3
"""The score from which an object is shown where the model does not say."""

One = TypeVar("One")


@dataclass(frozen=True, eq=False, repr=False)
class Objects(Prediction, Generic[One]):
    """Boxes in pixels of the photograph, each with a score and a class, the best score first.

    All that the model answers is there, doubtful objects too: `shown` says which ones reach the threshold of their class,
    and `visible` gives these alone. `len`, iteration, and picking by number, slice or mask work as on a list.
    """

    saved: ClassVar[tuple[str, ...]] = (".json",)
    tiles: ClassVar[bool] = True
    columns: ClassVar[tuple[str, ...]] = ("boxes", "scores", "classes", "shown")
    """What there is of every object: the fields that are picked and sorted together."""

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
        for name, value in self._rows(order).items():
            object.__setattr__(self, name, value)

    @classmethod
    def merged(cls, parts: Iterable[Self], windows: Sequence[Window], task: Mapping[str, Any]) -> Self:
        """The objects that parts of a photograph show, each once: see `tasks.objects.merge`. There may be more than an answer
        for one canvas can hold. Of each part no more is kept than its objects."""
        columns: list[tuple[Array, ...]] = []
        more: list[Any] = []
        names: Sequence[str] = ()
        for number, (part, offset) in enumerate(zip(parts, offsets(windows), strict=True)):
            seen = np.full(len(part), number)
            columns.append((part.boxes + offset, part.scores, part.classes, part.shown, seen))
            more += part._more_moved(windows[number], windows[0])
            names = part.names
        boxes, scores, classes, shown, seen = (np.concatenate(each) for each in zip(*columns, strict=True))
        boxes, groups = merge(boxes, scores, classes, seen, np.asarray(windows))
        rows = np.array([group[0] for group in groups], np.int64)
        found = {"boxes": boxes[rows].astype(np.float32), "scores": scores[rows], "classes": classes[rows]}
        return cls(**found, shown=shown[rows], names=names, **cls._more_joined(more, groups))

    @abstractmethod
    def _one(self, place: int) -> One:
        """The object of that number."""

    def _more_moved(self, window: Window, whole: Window) -> Sequence[Any]:
        """What is known of each object beside numbers, moved from a part of a photograph to the whole."""
        return ()

    @classmethod
    def _more_joined(cls, more: Sequence[Any], groups: Sequence[Array]) -> dict[str, Any]:
        """The fields that this makes of objects put together from the rows of each group."""
        return {}

    def _more_to_dict(self, place: int) -> dict[str, Any]:
        """What `to_dict` says of an object beside box, score and class."""
        return {}

    def _more_to_coco(self, place: int) -> dict[str, Any]:
        """What a row of a COCO results file says beside these."""
        return {}

    def _rows(self, which: Any) -> dict[str, Any]:
        """The columns with some of the objects only: a slice, a mask (N,) or numbers (M,)."""
        return {name: getattr(self, name)[which] for name in self.columns}

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

    def __iter__(self) -> Iterator[One]:
        return (self[place] for place in range(len(self)))

    @overload
    def __getitem__(self, which: int) -> One: ...

    @overload
    def __getitem__(self, which: slice | Array | Sequence[int] | Sequence[bool]) -> Self: ...

    def __getitem__(self, which: Any) -> One | Self:
        """One object by its number; several by a slice, a mask (N,) or numbers, still the best first."""
        if isinstance(which, (int, np.integer)):
            return self._one(int(which))
        if not isinstance(which, slice):
            which = np.asarray(which)
            which = which if which.size else which.astype(np.int64)  # an empty list has no kind of its own
        return replace(self, **self._rows(which))

    def headline(self) -> str:
        """Such as "12 RBC, 1 WBC", of the objects shown, the most frequent first; or "nothing"."""
        return ", ".join(f"{count} {label}" for label, count in self.counts.items()) or "nothing"

    @property
    def counts(self) -> dict[str, int]:
        """How many objects of each class are shown, the most frequent first; of equal counts in the order of `names`."""
        counted = Counter(self.classes[self.shown].tolist())
        return {self.names[k]: counted[k] for k in sorted(counted, key=lambda k: (-counted[k], k))}

    def to_dict(self) -> dict[str, Any]:
        """`{"objects": [{"label", "score", "box": [x1, y1, x2, y2], "shown"}, …]}`, the best score first."""
        rows = zip(self.labels, self.scores.tolist(), self.boxes.tolist(), self.shown.tolist(), strict=True)
        return {
            "objects": [
                {"label": label, "score": score, "box": box, "shown": shown, **self._more_to_dict(place)}
                for place, (label, score, box, shown) in enumerate(rows)
            ]
        }

    def files(self) -> dict[str, bytes]:
        """What `to_dict` says, as JSON."""
        return {".json": json.dumps(self.to_dict(), ensure_ascii=False).encode()}

    def to_coco(self, image_id: int, category_ids: Mapping[str, int] | None = None) -> list[dict[str, Any]]:
        """Rows of a COCO results file: `{"image_id", "category_id", "bbox": [x, y, width, height], "score"}`.

        `category_ids` says each class's number; by default they are counted from 1 in the order of `names`. Raises
        `InputError` where a class has none.
        """
        numbers = {name: place for place, name in enumerate(self.names, 1)} if category_ids is None else category_ids
        if missing := [name for name in dict.fromkeys(self.labels) if name not in numbers]:
            raise InputError(f"category_ids has no number for {', '.join(missing)}")
        rows = zip(self.labels, self.boxes.tolist(), self.scores.tolist(), strict=True)
        return [
            {
                "image_id": image_id,
                "category_id": numbers[label],
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "score": score,
                **self._more_to_coco(place),
            }
            for place, (label, (x1, y1, x2, y2), score) in enumerate(rows)
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
            **self._more_for_supervision(),
        )

    def _more_for_supervision(self) -> dict[str, Any]:
        """What `supervision.Detections` is given beside boxes."""
        return {}


def unpadded(final: Mapping[str, Array]) -> tuple[Array, dict[str, Array]]:
    """Final arrays → which rows are no padding, bool (D,), and of these `boxes`, `scores`, `classes` and `shown`."""
    classes = np.rint(np.asarray(final["classes"])).astype(np.int64)
    real = classes >= 0
    boxes, scores = (np.asarray(final[name], np.float32)[real] for name in ("boxes", "scores"))
    shown = np.asarray(final["shown"])[real] > 0.5 if "shown" in final else scores >= SHOWN
    return real, {"boxes": boxes, "scores": scores, "classes": classes[real], "shown": shown}

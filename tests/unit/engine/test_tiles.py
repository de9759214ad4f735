"""Photographs looked at in parts: which parts, in what order, and what becomes of the answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import PIL.Image
import pytest
import torch
from scipy import ndimage

from clearsight.core.errors import InputError
from clearsight.core.prediction import Prediction, Tiling
from clearsight.core.registry import net_family
from clearsight.deploy.predictor import OnnxPredictor
from clearsight.engine.predictor import Predictor
from clearsight.engine.tiles import Tiled, canvas_of, checked_tiles, read_tiles, shown
from clearsight.ops.tiling import Part, parts_at, tile_size, windows
from clearsight.tasks.detect.prediction import Detections
from clearsight.tasks.detect.task import Detect

FIELDS = {"name": "squares", "size": 320, "canvas": (256, 320)}


@dataclass(frozen=True, eq=False)
class Shape(Prediction):
    """The shape of what was looked at; put together, the shapes and places of all parts."""

    finals: ClassVar[Mapping[str, str]] = {}
    tiles: ClassVar[bool] = True
    shapes: Any

    @classmethod
    def from_arrays(cls, final: Any, labels: Sequence[str]) -> Self:
        raise NotImplementedError

    @classmethod
    def merged(cls, parts: Iterable[Self], windows: Sequence[Any], task: Mapping[str, Any]) -> Self:
        assert task is FIELDS
        return cls([(part.shapes, window) for part, window in zip(parts, windows, strict=True)])

    def to_dict(self) -> dict[str, Any]:
        return {}

    def headline(self) -> str:
        return ""

    def draw(self, image: Any) -> Any:
        return image


class Whole(Shape):
    tiles = False


class Apart(Shape):
    """Made from tiles alone, at the scale that the task names."""

    tiling: ClassVar[Tiling] = Tiling(whole=False, overlap=0.25)


def shapes(photos: Iterable[Any]) -> Iterator[Prediction]:
    """Answers in batches of three, as a net's would be."""
    waiting = []
    for photo in photos:
        waiting.append(photo)
        if len(waiting) == 3:
            yield from (Shape(one.shape[:2]) for one in waiting)
            waiting = []
    yield from (Shape(one.shape[:2]) for one in waiting)


def test_small_photographs_are_looked_at_once_and_large_ones_in_parts_in_order() -> None:
    sizes = [(200, 300), (900, 1000), (256, 320), (2000, 1000), (100, 100)]
    made = [
        one.shapes for one in Tiled(shapes, Shape, FIELDS, "auto")(np.zeros((*size, 3), np.uint8) for size in sizes)
    ]
    assert [made[i] for i in (0, 2, 4)] == [(200, 300), (256, 320), (100, 100)]
    for number in (1, 3):
        height, width = sizes[number]
        assert made[number][0] == ((height, width), (0, 0, width, height)) and len(made[number]) > 4
        seen = np.zeros((height, width), bool)
        for shape, (x1, y1, x2, y2) in made[number][1:]:
            assert shape == (y2 - y1, x2 - x1)
            seen[y1:y2, x1:x2] = True
        assert seen.all()


def test_as_many_tiles_as_asked_whatever_the_size() -> None:
    (made,) = Tiled(shapes, Shape, FIELDS, 2)([np.zeros((256, 320, 3), np.uint8)])
    assert [window for _, window in made.shapes] == [  # type: ignore[attr-defined]
        (0, 0, 320, 256), (0, 0, 178, 143), (142, 0, 320, 143), (0, 113, 178, 256), (142, 113, 320, 256),
    ]  # fmt: skip


def test_tiles_alone_are_of_the_scale_that_training_showed() -> None:
    fields = {**FIELDS, "scale": 2.0}

    def merged(cls: Any, parts: Iterable[Any], windows: Sequence[Any], task: Any) -> Any:
        return cls([windows, [part.shapes for part in parts]])

    class Made(Apart):
        pass

    Made.merged = classmethod(merged)  # type: ignore[assignment]
    sizes = [(700, 900), (1200, 900), (512, 2000)]
    made = [one.shapes for one in Tiled(shapes, Made, fields, "auto")(np.zeros((*size, 3), np.uint8) for size in sizes)]
    assert made[0] == [[(0, 0, 900, 700)], [(700, 900)]]  # shown less than by half smaller than in training
    (windows, looks), (wide, wide_looks) = made[1:]
    assert windows[0] == (0, 0, 900, 1200) and len(windows) == 1 + len(looks) == 1 + 3 * 2
    assert windows[1:3] == [(0, 0, 640, 512), (260, 0, 900, 512)] and set(looks) == {(256, 320)}  # row by row
    assert wide[:3] == [(0, 0, 2000, 512), (0, 0, 640, 512), (452, 0, 1092, 512)] and set(wide_looks) == {(256, 320)}


def test_parts_are_looked_at_as_they_are_put_together() -> None:
    looked: list[int] = []

    def one_by_one(photos: Iterable[Any]) -> Iterator[Prediction]:
        for number, photo in enumerate(photos):
            looked.append(number)
            yield Shape(photo.shape[:2])

    class Counting(Apart):
        @classmethod
        def merged(cls, parts: Iterable[Any], windows: Sequence[Any], task: Mapping[str, Any]) -> Self:
            counts = [(len(looked), part.shapes) for part in parts]
            assert [count for count, _ in counts] == list(range(1, len(windows)))
            return cls(len(counts))

    made = Tiled(one_by_one, Counting, FIELDS, 4)([np.zeros((256, 320, 3), np.uint8)])
    assert next(made).shapes == 16  # type: ignore[attr-defined]


@pytest.mark.parametrize("scale", [1.3, 2.0, 3.7])
def test_a_shrunk_part_is_cut_from_the_shrunk_photograph(scale: float, make_picture: Any) -> None:
    photo = make_picture(217, 331, 5)
    parts = parts_at((217, 331), (32, 48), scale, 0.25)
    size = round(331 / scale), round(217 / scale)
    whole = np.asarray(PIL.Image.fromarray(photo).resize(size, PIL.Image.Resampling.BILINEAR)).astype(int)
    for part in parts:
        x, y = round(part.window[0] * size[0] / 331), round(part.window[1] * size[1] / 217)
        cut = shown(photo, part).astype(int)
        assert cut.shape == (part.height, part.width, 3) == (32, 48, 3)
        assert np.abs(cut - whole[y : y + 32, x : x + 48]).max() <= 1  # rounding


def test_a_part_that_is_not_shrunk_is_a_view() -> None:
    photo = np.arange(40 * 30 * 3, dtype=np.uint8).reshape(40, 30, 3)
    cut = shown(photo, Part((10, 5, 26, 25), 20, 16))
    assert np.shares_memory(cut, photo) and (cut == photo[5:25, 10:26]).all()


def test_an_exported_file_that_says_too_little_is_refused(
    photo_onnx: bytes, small_artifact: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = small_artifact.task.prediction
    monkeypatch.setattr(kind, "tiles", True)
    monkeypatch.setattr(kind, "tiling", Tiling(answer={"temperature": 1.5}))
    OnnxPredictor(photo_onnx, tiles="auto")  # as it was exported
    monkeypatch.setattr(kind, "tiling", Tiling(answer={"temperature": 1.5, "telling": True}))
    with pytest.raises(InputError, match=r"--tiles auto: answers of the exported graph .* --answer telling=true$"):
        OnnxPredictor(photo_onnx, tiles="auto")


def test_no_photograph_is_no_answer() -> None:
    assert list(Tiled(shapes, Shape, FIELDS, "auto")([])) == []


@pytest.mark.parametrize(("said", "tiles"), [(None, None), ("off", None), ("1", None), ("auto", "auto"), ("7", 7)])
def test_what_may_be_said(said: str | None, tiles: Any) -> None:
    assert read_tiles(said) == tiles and checked_tiles(tiles if isinstance(tiles, int) else said) in (said, "7")


@pytest.mark.parametrize("said", ["0", "-2", "65", "many", "2.5", "", "²", True, [3]])
def test_what_may_not_be_said(said: Any) -> None:
    with pytest.raises(ValueError, match="say auto, off, or how many tiles lie along a photograph, up to 64"):
        checked_tiles(said)


def test_the_canvas_is_a_rectangle_or_a_square() -> None:
    assert canvas_of({"size": 320, "canvas": [256, 320]}) == (256, 320)
    assert canvas_of({"size": 224}) == (224, 224) == canvas_of({"size": 224, "canvas": None})


def test_answers_for_the_whole_alone_are_refused(small_artifact: Any, photo_onnx: bytes) -> None:
    for make in (
        lambda: Tiled(shapes, Whole, FIELDS, "auto"),
        lambda: Predictor(small_artifact.task, small_artifact.net, tiles="auto"),
        lambda: OnnxPredictor(photo_onnx, tiles="auto"),
    ):
        with pytest.raises(InputError, match=r"--tiles auto: (squares|classify) answers for a photograph as a whole"):
            make()
    with pytest.raises(TypeError, match="for a photograph as a whole"):
        small_artifact.task.prediction.merged([], [], {})


def detect_squares(photos: Iterable[Any]) -> Iterator[Prediction]:
    """Whatever is bright on the canvas of 256×320 and at least five pixels across, in pixels of the picture."""
    for photo in photos:
        height, width = photo.shape[:2]
        scale = max(height / 256, width / 320)
        size = round(width / scale), round(height / scale)
        canvas = np.asarray(PIL.Image.fromarray(photo).resize(size, PIL.Image.Resampling.BOX))[..., 0]
        places = ndimage.find_objects(ndimage.label(canvas > 127)[0])
        boxes = [(x.start * scale, y.start * scale, x.stop * scale, y.stop * scale) for y, x in places]
        boxes = [box for box in boxes if min(box[2] - box[0], box[3] - box[1]) >= 5 * scale]
        count = len(boxes)
        box_array = np.array(boxes, np.float32).reshape(-1, 4)
        yield Detections(
            box_array, np.full(count, 0.9, np.float32), np.zeros(count, np.int64), np.ones(count, bool), ("it",)
        )


@pytest.mark.parametrize("tiles", ["auto", 3, 5])
def test_small_and_large_things_of_a_large_photograph_are_each_found_once(tiles: Any) -> None:
    """Squares of 30 pixels all over a photograph of 2400×3000, on every seam too, and one as large as several tiles."""
    photo = np.zeros((2400, 3000, 3), np.uint8)
    truth = [(x, y, x + 30, y + 30) for x in range(13, 2960, 118) for y in range(7, 760, 94)]
    truth.append((300, 900, 2700, 2300))
    for x1, y1, x2, y2 in truth:
        photo[y1:y2, x1:x2] = 255
    alone = next(detect_squares([photo]))
    assert isinstance(alone, Detections) and len(alone) < len(truth) / 2
    (made,) = Tiled(detect_squares, Detections, FIELDS, tiles)([photo])
    assert isinstance(made, Detections) and len(made) == len(truth)
    apart = np.abs(made.boxes[:, None] - np.array(truth)).max(2)
    assert (apart.min(0) < 12).all()


@pytest.mark.parametrize("tiles", ["auto", 2])
def test_a_detector_answers_for_tiles_as_for_photographs_of_their_own(tiles: Any, make_picture: Any) -> None:
    """What Predictor gives with tiles is what merging its answers for the cut-out parts gives."""
    task = Detect(labels=("a", "b"), size=96, canvas=(64, 96), keep=20)
    family, _ = net_family("detect", "yolo")
    torch.manual_seed(0)
    predictor = Predictor(task, family.build(task, {"backbone": "test_resnet", "width": 32}), tiles=tiles)
    photos = [make_picture(150, 260, 1), make_picture(40, 60, 2)]
    for photo, answer in zip(photos, predictor(photos), strict=True):
        tile = tile_size(photo.shape[:2], (64, 96), None if tiles == "auto" else tiles)
        places = [(0, 0, photo.shape[1], photo.shape[0]), *(windows(*photo.shape[:2], tile) if tile else ())]
        parts = list(predictor._answers(photo[y1:y2, x1:x2] for x1, y1, x2, y2 in places))
        wanted = Detections.merged(parts, places, {}) if tile else parts[0]
        assert isinstance(answer, Detections) and len(answer) > 0
        np.testing.assert_allclose(answer.boxes, wanted.boxes, atol=1e-2)
        np.testing.assert_allclose(answer.scores, wanted.scores, atol=1e-5)

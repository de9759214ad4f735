"""Small pictures of mistakes, and which mistakes get one."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearsight.core.metric import Mark, Mistake, Result, worst
from clearsight.core.sample import ArrayImage, Sample
from clearsight.ops.rle import from_mask
from clearsight.verbs import judging
from clearsight.verbs.judging import Judgement, write_evaluation
from clearsight.verbs.sections.context import load_context
from clearsight.verbs.thumbnails import ANSWER, LEAST, SIDE, TRUTH, thumbnail


def opened(data: bytes) -> np.ndarray:
    return np.asarray(PIL.Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def near(pixels: np.ndarray, colour: tuple[int, int, int]) -> int:
    """Pixels of about a colour: JPEG moves them a little."""
    return int((np.abs(pixels - colour).max(axis=-1) < 40).sum())


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (100, 90), (300, 500), (2000, 40)])
def test_without_marks_all_of_the_picture_is_there(size: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    small = opened(thumbnail(photo))
    assert max(small.shape[:2]) <= SIDE
    assert small.shape[0] / small.shape[1] == pytest.approx(size[0] / size[1], rel=0.2)
    if max(size) < SIDE // 2:
        times = small.shape[0] // size[0]
        np.testing.assert_array_equal(small[::times, ::times], photo)


def test_marks_are_cut_out_and_framed() -> None:
    photo = np.zeros((1000, 2000, 3), np.uint8)
    photo[500:560, 1500:1580] = (250, 250, 250)
    truth, answer = Mark((1500, 500, 1580, 560), True), Mark((1510, 505, 1600, 560), False)
    both = opened(thumbnail(photo, [truth, answer]))
    assert max(both.shape[:2]) <= SIDE
    white = (both.min(axis=2) > 200).mean()
    assert 0.05 < white < 0.3  # of the whole photograph it is 0.2 %
    assert near(both, TRUTH) > 100
    assert near(both, ANSWER) > 100
    assert near(opened(thumbnail(photo, [truth])), ANSWER) == 0
    assert near(opened(thumbnail(photo, [answer])), TRUTH) == 0


def test_frames_on_the_same_place_are_both_seen() -> None:
    box = (400.0, 400.0, 500.0, 500.0)
    small = opened(thumbnail(np.zeros((1000, 1000, 3), np.uint8), [Mark(box, False), Mark(box, True)]))
    assert near(small, TRUTH) > 100
    assert near(small, ANSWER) > 100


def test_small_objects_are_shown_with_what_is_around_them() -> None:
    small = opened(thumbnail(np.zeros((1000, 1000, 3), np.uint8), [Mark((500, 500, 504, 504), True)]))
    framed = np.argwhere(np.abs(small - TRUTH).max(axis=-1) < 40)
    assert np.ptp(framed, axis=0).max() < small.shape[0] / 3
    assert small.shape[0] % LEAST == 0


coordinate = st.floats(-500, 1500, width=32)


@given(
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.lists(st.tuples(coordinate, coordinate, coordinate, coordinate, st.booleans()), max_size=3),
)
def test_any_box_can_be_shown(size: tuple[int, int], rows: list[tuple[float, float, float, float, bool]]) -> None:
    marks = [Mark((min(a, c), min(b, d), max(a, c), max(b, d)), truth) for a, b, c, d, truth in rows]
    height, width, _ = opened(thumbnail(np.zeros((*size, 3), np.uint8), marks)).shape
    assert 1 <= height <= SIDE
    assert 1 <= width <= SIDE


def mistakes(kinds: str) -> list[Mistake]:
    return [Mistake(f"{place}.jpg", 1 - place / 100, "x", kind) for place, kind in enumerate(kinds)]


def test_of_each_kind_of_mistake_as_many_are_kept() -> None:
    found = mistakes("aaaaaaabac")
    assert [m.kind for m in worst(found, 4)] == ["a", "a", "b", "c"]
    assert [m.key for m in worst(found, 4)] == ["0.jpg", "1.jpg", "7.jpg", "9.jpg"]
    assert worst(found, 20) == found
    assert worst(mistakes("aaaa"), 2) == mistakes("aa")
    assert worst([], 3) == []


class Plain:
    """A metric that has no picture of its own of a mistake."""

    def beside(self, key: str, pixels: np.ndarray) -> None:
        return None


class Beside:
    """One that has: orange all over."""

    def beside(self, key: str, pixels: np.ndarray) -> PIL.Image.Image:
        return PIL.Image.new("RGB", (300, 200), ANSWER)


def test_a_metric_s_own_picture_of_a_mistake_goes_first(tmp_path: Path) -> None:
    sample = Sample("a.jpg", ArrayImage(np.zeros((50, 50, 3), np.uint8), "a.jpg"))
    wrong = Mistake("a.jpg", 0.9, "one", "", (Mark((3, 3, 7, 7), False),))
    ((mistake, picture, beside),) = judging._pictures([wrong], [sample], Beside())
    assert opened(picture).shape == (200, 300, 3) and near(opened(picture), ANSWER) == 60_000
    assert beside and mistake.text == "one" and mistake.marks == ()  # no frame is on it


def test_masks_are_outlined_in_place_of_frames() -> None:
    y, x = np.mgrid[:400, :400]
    inside = np.hypot(y - 200, x - 200) < 60
    mark = Mark((140.0, 140.0, 260.0, 260.0), False, from_mask(inside))
    photo = np.full((400, 400, 3), 90, np.uint8)
    (outlined, framed) = (opened(thumbnail(photo, [one])) for one in (mark, Mark(mark.box, False)))
    assert near(outlined, ANSWER) > 150 and near(framed, ANSWER) > 150
    corner = slice(66, 80)  # of what is cut out, where the frame has its corner and the disc is not
    assert near(framed[corner, corner], ANSWER) > 10 and near(outlined[corner, corner], ANSWER) == 0
    assert "mask" not in mark.to_dict() and Mark.from_dict(mark.to_dict()) == mark


def test_a_picture_may_have_several_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []

    class Counted(ArrayImage):
        def load(self) -> np.ndarray:
            reads.append(self.name)
            return super().load()

    pixels = np.zeros((200, 200, 3), np.uint8)
    pixels[:100, :100], pixels[100:, 100:] = (250, 0, 0), (0, 250, 0)
    samples = [Sample(name, Counted(pixels, name)) for name in ("a.jpg", "b.jpg")]
    found = [
        Mistake("a.jpg", 0.9, "one", "Missed", (Mark((30, 30, 70, 70), True),)),
        Mistake("a.jpg", 0.8, "other", "Wrong", (Mark((130, 130, 170, 170), False),)),
    ]
    pictures = judging._pictures(found, samples, Plain())
    assert reads == ["a.jpg"]
    assert opened(pictures[0][1])[..., 0].mean() > 100
    assert opened(pictures[1][1])[..., 1].mean() > 100
    result = Result("map", True, {"map": 0.5}, mistakes=found, count=2)
    write_evaluation(tmp_path / "evaluation.json", Judgement(result, [], pictures), "d", "test", "judged")
    shown = load_context(tmp_path).evaluation
    assert shown is not None
    assert [(m.key, m.text, m.kind, m.marked) for m in shown.mistakes] == [
        ("a.jpg", "one", "Missed", True),
        ("a.jpg", "other", "Wrong", True),
    ]
    assert shown.mistakes[0].picture != shown.mistakes[1].picture
    assert json.loads((tmp_path / "evaluation.json").read_text())["result"]["mistakes"][0]["marks"] == [
        {"box": [30, 30, 70, 70], "truth": True}
    ]

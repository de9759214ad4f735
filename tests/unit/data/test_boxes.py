"""Boxes as files have them, put right or left out: worked out by hand, and over all kinds of numbers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laying import picture

from clearsight.core.errors import BadImage, InputError
from clearsight.core.sample import ArrayImage, FileImage, ImageSource
from clearsight.data.readers import box_faults
from clearsight.data.readers.box_set import BoxSet
from clearsight.data.readers.boxes import Box, Picture, mended, sizes_of
from clearsight.data.readers.faults import Faults, Kind
from clearsight.data.readers.values import centred, cornered, name_of, number, outline, size

IMAGE = ArrayImage(np.zeros((6, 8, 3), np.uint8))
Corners = tuple[float, float, float, float]


def met(faults: Faults) -> dict[Kind, int]:
    """How many of each kind there are."""
    return {kind: len(items) for kind, items in faults.met().items()}


def one(*corners: Corners, said: tuple[int, int] | None = (6, 8), label: str = "a") -> Picture:
    """A picture of 8 x 6 pixels with boxes of one class."""
    boxes = [Box(label, own, f"line {line}") for line, own in enumerate(corners, 1)]
    return Picture("p.png", IMAGE, boxes=boxes, said=said, source="x.csv")


def mend(picture: Picture, **options: Any) -> tuple[list[list[float]], dict[Kind, int]]:
    """The boxes left, and how many faults of each kind there were."""
    faults = Faults()
    sizes = {} if picture.said is None else {picture.key: picture.said}
    (boxes,) = mended([picture], sizes, faults, **options)
    assert boxes.xyxy.dtype == np.float32 and boxes.xyxy.shape == (len(boxes.labels), 4)
    return boxes.xyxy.tolist(), met(faults)


@pytest.mark.parametrize(
    ("corners", "left", "kind"),
    [
        ((1, 2, 5, 4), [1, 2, 5, 4], None),
        ((0, 0, 8, 6), [0, 0, 8, 6], None),
        ((0.25, 1.5, 7.75, 2.5), [0.25, 1.5, 7.75, 2.5], None),
        ((-0.5, 0, 8.5, 6.5), [0, 0, 8, 6], None),  # rounding
        ((5, 2, 1, 4), [1, 2, 5, 4], box_faults.EXCHANGED),
        ((5, 4, 1, 2), [1, 2, 5, 4], box_faults.EXCHANGED),
        ((-3, 2, 5, 4), [0, 2, 5, 4], box_faults.BEYOND),
        ((1, 2, 5, 9), [1, 2, 5, 6], box_faults.BEYOND),
        ((-3, -3, 20, 20), [0, 0, 8, 6], box_faults.BEYOND),
        ((8, 2, 12, 4), None, box_faults.OUTSIDE),
        ((1, -4, 5, 0), None, box_faults.OUTSIDE),
        ((1, 2, 1, 4), None, box_faults.EMPTY),
        ((1, 2, 5, 2), None, box_faults.EMPTY),
        ((7, 2, 7 + 1e-9, 4), None, box_faults.EMPTY),  # nothing is left of it in single precision
        ((math.nan, 2, 5, 4), None, box_faults.NO_NUMBERS),
        ((1, 2, math.inf, 4), None, box_faults.NO_NUMBERS),
        ((1, -math.inf, 5, 4), None, box_faults.NO_NUMBERS),
        ((1, 2, 1e12, 4), None, box_faults.NO_NUMBERS),
    ],
)
def test_a_box(corners: Corners, left: list[float] | None, kind: Kind | None) -> None:
    assert mend(one(corners)) == ([] if left is None else [left], {} if kind is None else {kind: 1})


def test_several_faults_and_where_they_are() -> None:
    pictures = [one((5, 2, 1, 40), (1, 1, 1, 1), (2, 2, 3, 3)), one((9, 9, 10, 10)), one()]
    faults = Faults()
    faults.count("boxes", 4)
    boxes = mended(pictures, {"p.png": (6, 8)}, faults)
    assert [own.xyxy.tolist() for own in boxes] == [[[1, 2, 5, 6], [2, 2, 3, 3]], [], []]
    assert [own.labels for own in boxes] == [("a", "a"), (), ()]
    assert {fault.what: (fault.done, fault.items, fault.total) for fault in faults.all()} == {
        "boxes whose second corner lies before the first": ("turned round", ("x.csv: line 1 (p.png)",), 4),
        "boxes without area": ("left out", ("x.csv: line 2 (p.png)",), 4),
        "boxes wholly outside their picture": ("left out", ("x.csv: line 1 (p.png)",), 4),
        "boxes that reach beyond their picture": ("clipped to it", ("x.csv: line 1 (p.png)",), 4),
    }


def test_of_a_negative_size_nothing_is_certain() -> None:
    assert mend(one(cornered(5, 2, -4, 2)), corners=False) == ([], {box_faults.NEGATIVE: 1})


def test_copies_are_equal_in_place_class_and_flags() -> None:
    picture = one((1, 1, 3, 3), (1, 1, 3, 3), (3, 3, 1, 1), (1, 1, 3, 4))
    picture.boxes += [Box("b", (1, 1, 3, 3), ""), Box("a", (1, 1, 3, 3), "", crowd=True), Box("a", (1, 1, 3, 3), "")]
    faults = Faults()
    (boxes,) = mended([picture], {}, faults)
    assert boxes.labels == ("a", "a", "b", "a") and boxes.crowd is not None
    np.testing.assert_array_equal(boxes.crowd, [False, False, False, True])
    assert boxes.difficult is None and boxes.said == (6, 8)
    assert met(faults) == {box_faults.EXCHANGED: 1, box_faults.TWICE: 3}


def test_the_same_box_in_two_pictures_is_no_copy() -> None:
    faults = Faults()
    assert [len(own.labels) for own in mended([one((1, 1, 3, 3)), one((1, 1, 3, 3))], {}, faults)] == [1, 1]
    assert faults.all() == ()


def test_where_the_size_is_not_known_only_what_is_left_or_above_is_outside() -> None:
    left, faults = mend(one((100, 100, 300, 300), (-5, 2, 3, 4), (-5, 2, -3, 4), said=None))
    assert left == [[100, 100, 300, 300], [0, 2, 3, 4]]
    assert faults == {box_faults.OUTSIDE: 1, box_faults.BEYOND: 1}


NUMBERS = st.floats(-20, 30) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 8.0, 6.0, 1e30, -1e30])


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.sampled_from("ab")), max_size=12))
def test_every_box_is_used_or_told_of(rows: list[tuple[float, float, float, float, str]]) -> None:
    boxes = [Box(label, corners, str(line)) for line, (*corners, label) in enumerate(rows)]  # type: ignore[arg-type]
    faults = Faults()
    given_ = Picture("p", IMAGE, boxes=boxes, said=(6, 8))
    (left,) = mended([given_], {"p": (6, 8)}, faults)
    out = (box_faults.NO_NUMBERS, box_faults.EMPTY, box_faults.OUTSIDE, box_faults.TWICE)
    assert len(left.labels) + sum(met(faults).get(kind, 0) for kind in out) == len(rows)
    x1, y1, x2, y2 = left.xyxy.T
    assert ((x1 >= 0) & (x1 < x2) & (x2 <= 8) & (y1 >= 0) & (y1 < y2) & (y2 <= 6)).all()
    again = Faults()
    boxes = [Box(label, tuple(own), "") for own, label in zip(left.xyxy.tolist(), left.labels, strict=True)]
    (same,) = mended([Picture("p", IMAGE, boxes=boxes, said=(6, 8))], {"p": (6, 8)}, again)
    if box_faults.TWICE not in met(again):  # two may be clipped to one
        np.testing.assert_array_equal(same.xyxy, left.xyxy)
        assert again.all() == ()


def test_shares_become_pixels_by_the_header(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture(0, (80, 60)))
    shares = BoxSet(shares=True, corners=False)
    for name, corners in (("a.png", centred(0.5, 0.5, 0.5, 1.2)), ("gone.png", centred(0.5, 0.5, 0.1, 0.1))):
        shares.pictures.append(Picture(shares.key(name), FileImage(tmp_path / name), source="l.txt"))
        shares.add(shares.pictures[-1], Box("a", corners, "line 1"))
    info = shares.info("yolo")
    assert (info.labels, info.splits, info.annotated) == (("a",), {"train": 2}, {"boxes"})
    assert [(fault.what, fault.total) for fault in info.faults] == [("boxes that reach beyond their picture", 2)]
    first, lost = shares.samples("train")
    assert first.boxes is not None and first.boxes.said is None
    np.testing.assert_array_equal(first.boxes.xyxy, [[20, 0, 60, 60]])
    assert lost.boxes is None  # nobody knows how large the picture was
    assert list(shares.samples("val")) == []


def test_sizes_are_read_only_where_they_are_not_said() -> None:
    class Asked(ImageSource):
        name = "asked"

        def encoded(self) -> bytes:
            raise BadImage("asked", "is broken")

    pictures = [
        Picture("said", Asked(), boxes=one((1, 1, 2, 2)).boxes, said=(3, 4)),
        Picture("read", IMAGE, boxes=one((1, 1, 2, 2)).boxes),
        Picture("broken", Asked(), boxes=one((1, 1, 2, 2)).boxes),
        Picture("bare", IMAGE),
    ]
    assert sizes_of(pictures) == {"said": (3, 4), "read": (6, 8)}
    assert sizes_of(pictures, all_of=True) == {"read": (6, 8)}


def test_numbers_and_sizes_of_any_kind() -> None:
    assert [number(value) for value in (3, "4.5", " 7 ", 1e3)] == [3, 4.5, 7, 1000]
    for value in (None, True, "x", "", [1], {}, 10**400, "nan"):
        assert math.isnan(number(value))
    assert size(600, "800") == (600, 800)
    for height, width in ((0, 5), (5, None), (5.5, 5), (-1, 4), ("x", 4), (math.inf, 4)):
        assert size(height, width) is None


def test_outlines_of_any_kind() -> None:
    assert outline([[1, "2.5"], (3, 4)]) == ((1, 2.5), (3, 4)) and outline([]) == ()
    for pairs in (None, "12", [1, 2], [[1, 2], [3]], [[1, 2, 3]], [[1, math.nan]], [[1, "x"]], [[1e9, 2]], [[True, 2]]):
        assert outline(pairs) is None
    assert outline([[9, 9]], far=10) and outline([[9, 11]], far=10) is None


@pytest.mark.parametrize(
    ("height", "width", "said", "told"),
    [
        (6, "8", (6, 8), []),
        (None, None, None, []),
        (0, "0", None, []),  # as many write who do not know it
        ("", math.nan, None, []),
        (-6, 8, None, ["x.csv: line 1: 8 x -6 (p.png)"]),
        ("high", None, None, ["x.csv: line 1: None x high (p.png)"]),
        (6, None, None, ["x.csv: line 1: None x 6 (p.png)"]),
    ],
)
def test_sizes_that_are_said(height: Any, width: Any, said: tuple[int, int] | None, told: list[str]) -> None:
    gathered, picture = BoxSet(), one(said=None)
    gathered.say_size(picture, height, width, "line 1")
    assert (picture.said, picture.said_in) == (said, "x.csv: line 1")
    assert dict(gathered.faults.met()) == ({box_faults.NO_SIZE: told} if told else {})


def test_what_bears_no_label_is_refused() -> None:
    gathered, picture = BoxSet(), one()
    gathered.add(picture, Box("", (1, 1, 2, 2), "line 1"))
    gathered.add(picture, Box("a", (1, 1, 2, 2), "line 2"))
    assert [box.where for box in picture.boxes] == ["line 2"]
    assert (met(gathered.faults), gathered.faults.totals) == ({box_faults.NO_LABEL: 1}, {"boxes": 2})


@pytest.mark.parametrize(
    ("labels", "used", "wanted"),
    [
        (None, ("owl", "ant"), (("cat", "dog", "owl", "ant", "newt"), ())),  # what is declared and nothing bears, too
        (("night",), ("owl",), (("night",), ("cat", "dog", "owl"))),
        (("dog",), ("cat",), (("dog",), ("cat", "owl"))),  # declared for whole pictures, it seems
        (("dog", "mist"), ("dog",), (("dog", "mist"), ("cat", "dog", "owl"))),  # for both
        (("night",), (), (("night",), ())),
    ],
)
def test_classes_that_are_declared(labels: tuple[str, ...] | None, used: tuple[str, ...], wanted: Any) -> None:
    gathered = BoxSet(declared=["cat", "dog", "night", "owl"], undrawn={"night"})
    gathered.pictures.append(one(label="a"))
    gathered.pictures[0].labels = labels
    for row, label in enumerate((*used, *(("newt",) if labels is None else ()))):
        gathered.add(gathered.pictures[0], Box(label, (row, 0, row + 1, 2), ""))
    info = gathered.info("x")
    assert (info.labels, info.drawn) == wanted
    unborne = [label for label in gathered.declared if labels and label not in (*info.labels, *info.drawn)]
    assert [note.rpartition(": ")[2] for note in info.notes] == ([", ".join(unborne)] if unborne else [])


def test_where_nothing_is_annotated_there_are_no_boxes() -> None:
    """Nothing drawn and no label: boxes are what is missing. Labels alone say nothing of boxes."""
    bare, labelled = BoxSet(pictures=[one()]), BoxSet(pictures=[one()])
    labelled.pictures[0].labels = ("night",)
    assert (bare.info("x").annotated, labelled.info("x").annotated) == ({"boxes"}, {"labels"})
    (sample,) = bare.samples("train")
    assert sample.boxes is not None and sample.boxes.labels == ()


@pytest.mark.parametrize("value", [None, 3, "", "  ", "a\0b", "\ud800.png", ["a"]])
def test_names_that_are_none(value: Any) -> None:
    with pytest.raises(InputError, match=r"x\.json: image 3: names no picture; give it the name of its file"):
        name_of(value, "x.json: image 3")


def test_names_written_on_windows() -> None:
    assert name_of("train\\1.png", "") == "train/1.png"

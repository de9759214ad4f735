"""The masks of COCO's files, equal to those of pycocotools, and every way in which they can be wrong."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections import Counter
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laying import lay, picture
from pycocotools import mask as reference

from clearsight.core.errors import BadImage
from clearsight.core.reader import DataInfo, Location
from clearsight.core.sample import Sample
from clearsight.data.open import open_data
from clearsight.data.readers import coco, rings
from clearsight.data.readers.drawn import CocoPolygons
from clearsight.data.readers.rings import crosses_itself
from clearsight.data.writers.yolo import outline_of
from clearsight.ops.rle import from_mask, to_coco, to_mask

SIZE = (6, 8)  # height, width
RING = [1.0, 1.0, 5.0, 1.0, 5.0, 4.0, 1.0, 4.0]
PARTS = [[0.0, 0.0, 2.0, 0.0, 2.0, 2.0], [4.5, 3.5, 7.0, 3.5, 7.0, 5.5, 4.5, 5.0]]
MASK = np.zeros(SIZE, bool)
MASK[1:5, 2:7] = True
MASK[2:4, 3:5] = False  # a hole
TEXT = {"size": list(SIZE), "counts": reference.encode(np.asfortranarray(MASK.astype(np.uint8)))["counts"].decode()}
LIST = {"size": list(SIZE), "counts": [13, 4, 2, 1, 2, 1, 2, 1, 2, 1, 2, 4, 13]}
NUCLEI = Path(__file__).parents[4] / "shared" / "data" / "nuclei.zip"


def annotation(number: int, segmentation: Any, **more: Any) -> dict[str, Any]:
    common = {"id": number, "image_id": 1, "category_id": 1 + number % 2, "bbox": [1, 1, 3, 4], "iscrowd": 0}
    return common | {"segmentation": segmentation, "area": 9} | more


def laid(folder: Path, annotations: list[dict[str, Any]], **image: Any) -> Path:
    images = [{"id": 1, "file_name": "1.png", "height": SIZE[0], "width": SIZE[1]} | image]
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    document = {"images": images, "annotations": annotations, "categories": categories}
    return lay(folder, {"x.json": json.dumps(document), "1.png": picture(5, SIZE[::-1])})


def read(path: Path) -> tuple[DataInfo, Sample]:
    (sample,) = coco.read(Location(path), "train")
    return coco.info(Location(path)), sample


def test_polygons_and_run_lengths_of_every_form_are_as_pycocotools_has_them(tmp_path: Path) -> None:
    forms = [[RING], PARTS, TEXT, LIST]
    info, sample = read(
        laid(tmp_path / "a", [annotation(n, form, iscrowd=int(form is LIST)) for n, form in enumerate(forms)])
    )
    assert (info.annotated, info.instances, info.faults, info.notes) == ({"boxes", "masks"}, True, (), ())
    masks = pickle.loads(pickle.dumps(sample.masks))
    assert (masks.kind, masks.labels) == ("instances", ("cat", "dog", "cat", "dog"))
    assert masks.crowd.tolist() == [False, False, False, True]
    assert sample.boxes is not None and sample.boxes.labels == masks.labels
    for form, runs in zip(forms, masks.runs(), strict=True):
        wanted = form if form is TEXT else reference.frPyObjects(form, *SIZE)
        wanted = reference.merge(wanted) if isinstance(wanted, list) else wanted
        counts = wanted["counts"]
        assert to_coco(runs)["counts"] == (counts if isinstance(counts, str) else counts.decode())
    np.testing.assert_array_equal(to_mask(masks.runs()[2]), MASK)
    other = read(laid(tmp_path / "other", [annotation(n, form) for n, form in enumerate(forms[::-1])]))[1]
    assert other.masks is not None and repr(other.masks.load) != repr(masks.load)
    assert repr(masks.load) == repr(read(tmp_path / "a")[1].masks.load)  # type: ignore[union-attr]


@given(st.lists(st.lists(st.integers(-8, 40).map(lambda n: n / 2), min_size=6, max_size=16), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_any_polygons_are_as_pycocotools_draws_them(parts: list[list[float]]) -> None:
    from array import array

    parts = [part[: len(part) // 2 * 2] for part in parts]
    runs = CocoPolygons(tuple(array("d", part) for part in parts)).runs(13, 17)
    assert to_coco(runs)["counts"] == reference.merge(reference.frPyObjects(parts, 13, 17))["counts"].decode()


@pytest.mark.parametrize(
    ("segmentation", "fault"),
    [
        ([RING, [1, 1, 2, 2]], "polygons of fewer than 3 points"),
        ([[1, 1, 2, 2, 3]], "polygons whose coordinates are no numbers of pixels, or no pairs"),
        ([[1, 1, "x", 2, 3, 3]], "polygons whose coordinates are no numbers of pixels, or no pairs"),
        ([1, 1, 2, 2, 3, 3], "polygons whose coordinates are no numbers of pixels, or no pairs"),
        ([[1, 1, 1e9, 2, 3, 1e9]], "polygons whose coordinates are no numbers of pixels, or no pairs"),
        ({"size": list(SIZE), "counts": [13, 4]}, "masks whose run lengths are damaged, or not those of their size"),
        ({"size": list(SIZE), "counts": "é"}, "masks whose run lengths are damaged, or not those of their size"),
        ("x", "masks whose run lengths are damaged, or not those of their size"),
        ({"size": [8, 6], "counts": [13, 35]}, "masks of another size than their picture is said to have"),
        ({"size": list(SIZE), "counts": [48]}, "masks without a pixel"),
        ([], "objects without a mask, where others have one"),
        (None, "objects without a mask, where others have one"),
    ],
)
def test_what_is_wrong_is_named_and_the_rest_read(tmp_path: Path, segmentation: Any, fault: str) -> None:
    info, sample = read(laid(tmp_path, [annotation(1, [RING]), annotation(2, segmentation)]))
    (found,) = info.faults
    assert (found.what, found.items, found.total) == (fault, (f"{tmp_path}/x.json: annotation 2 (1.png)",), 2)
    assert sample.masks is not None and sample.boxes is not None and len(sample.boxes.labels) == 1 + (fault != "")
    assert len(sample.masks.load()) == (2 if "3 points" in fault else 1)


def test_polygons_that_are_their_boxes_are_no_masks(tmp_path: Path) -> None:
    rectangle = [1, 1, 4, 1, 4, 5, 1, 5]
    info, sample = read(laid(tmp_path / "a", [annotation(1, [rectangle]), annotation(2, [[*rectangle, 1, 1]])]))
    assert (info.annotated, info.instances, sample.masks) == ({"boxes"}, False, None)
    assert info.notes == ("polygons that are but the rectangles of their boxes are not read as masks: 2 polygons",)
    info, sample = read(laid(tmp_path / "b", [annotation(1, [rectangle]), annotation(2, [RING])]))
    assert info.instances and sample.masks is not None and len(sample.masks.labels) == 2


def test_masks_without_boxes(tmp_path: Path) -> None:
    info, sample = read(laid(tmp_path / "a", [annotation(1, [RING], bbox=None), annotation(2, TEXT, bbox=[])]))
    assert (info.annotated, info.faults, sample.boxes, info.labels) == ({"masks"}, (), None, ("cat", "dog"))
    info, sample = read(laid(tmp_path / "b", [annotation(1, [RING], bbox=None), annotation(2, TEXT)]))
    assert [fault.what for fault in info.faults] == ["annotations without a box"]
    assert sample.masks is not None and len(sample.masks.labels) == 2


def test_a_picture_of_another_size_is_bad_only_when_its_masks_are_loaded(tmp_path: Path) -> None:
    path = laid(tmp_path, [annotation(1, [RING])], height=12, width=16)
    masks = read(path)[1].masks
    assert masks is not None
    with pytest.raises(BadImage, match="is of 8 x 6 pixels, its annotation says 16 x 12; was it resized afterwards"):
        masks.load()
    path = laid(tmp_path / "unsaid", [annotation(1, {"size": [12, 16], "counts": [100, 92]})], height=None)
    masks = read(path)[1].masks
    assert masks is not None
    with pytest.raises(BadImage, match="is of 8 x 6 pixels, and a mask of it is of 16 x 12 pixels"):
        masks.load()


def test_equal_boxes_of_two_masks_are_two_and_copies_are_one(tmp_path: Path) -> None:
    forms = [[RING], PARTS, [RING]]
    info, sample = read(laid(tmp_path, [annotation(n, form, category_id=1) for n, form in enumerate(forms)]))
    assert sample.boxes is not None and len(sample.boxes.labels) == 2
    assert [fault.what for fault in info.faults] == ["boxes that are there twice"]


def test_outlines_that_cross_themselves_are_known() -> None:
    bow = np.array([[0, 0], [4, 4], [4, 0], [0, 4]], float)
    assert crosses_itself(bow) and not crosses_itself(bow[[0, 2, 1, 3]])
    assert not crosses_itself(np.array([[0, 0], [4, 0], [2, 0], [2, 3]], float))  # goes back along itself
    turns = np.linspace(0, 2 * np.pi, 700, endpoint=False)
    ring = np.stack([np.cos(turns), np.sin(turns)], 1)
    assert not crosses_itself(ring)
    ring[[3, 600]] = ring[[600, 3]]
    assert crosses_itself(ring)


def test_a_path_between_parts_crosses_nothing() -> None:
    """As YOLO's one outline of several parts has it: there and back, here through the second part to the third."""
    mask = np.zeros((6, 9), bool)
    mask[0, 0] = mask[2] = mask[4, 4] = True
    assert not crosses_itself(outline_of(from_mask(mask)))


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=14))
def test_crossings_are_those_of_all_pairs_of_edges(corners: list[tuple[int, int]]) -> None:
    def side(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> int:
        return int(np.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])))

    times = Counter(tuple(sorted(pair)) for pair in pairwise([*corners, corners[0]]))
    edges = [edge for edge, number in times.items() if number % 2]
    wanted = any(
        side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
        for (a, b), (c, d) in combinations(edges, 2)
    )
    assert crosses_itself(np.array(corners, float)) == wanted


def test_only_edges_that_lie_near_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 5,000 corners all pairs would be 25 million."""
    compared, side = [0], rings._side

    def counted(start: np.ndarray, end: np.ndarray, point: np.ndarray) -> np.ndarray:
        found = side(start, end, point)
        compared[0] += found.size
        return found

    monkeypatch.setattr(rings, "_side", counted)
    turns = np.linspace(0, 2 * np.pi, 5_000, endpoint=False)
    assert not crosses_itself(np.stack([np.cos(turns), np.sin(turns)], 1))
    assert 5_000 < compared[0] < 500_000


@pytest.mark.data
@pytest.mark.skipif(not NUCLEI.exists(), reason=f"{NUCLEI} is not there")
def test_nuclei_are_as_pycocotools_has_them() -> None:
    data = open_data(NUCLEI)
    assert data.info.instances and data.info.faults == ()
    with zipfile.ZipFile(NUCLEI) as archive:
        document = json.load(io.BytesIO(archive.read("nuclei/annotations/instances_val.json")))
    samples = {sample.key.rpartition("/")[2]: sample for sample in data.samples("val")}
    for image in document["images"][:12]:
        own = [entry for entry in document["annotations"] if entry["image_id"] == image["id"]]
        sample = samples[image["file_name"]]
        assert sample.masks is not None and sample.boxes is not None
        assert len(sample.masks.labels) == len(sample.boxes.labels) == len(own)
        for runs, entry in zip(sample.masks.runs(), own, strict=True):
            assert to_coco(runs) == entry["segmentation"]

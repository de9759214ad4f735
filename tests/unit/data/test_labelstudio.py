"""Label Studio's exports, JSON and JSON-MIN."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from laying import JSON, lay, pack, picture, read_or_refused, with_one_replaced

from clearsight.core.errors import InputError
from clearsight.core.reader import Location
from clearsight.data.open import open_data
from clearsight.data.readers import labelstudio
from clearsight.data.tree import Tree
from clearsight.ops.rle import to_mask
from clearsight.verbs.choose import choose_task

PHOTO = picture(5, (8, 6))
SIZES = {"original_width": 8, "original_height": 6, "image_rotation": 0}


def choice(*labels: str, control: str = "kind", **value: Any) -> dict[str, Any]:
    return {"from_name": control, "to_name": "image", "type": "choices", "value": {"choices": list(labels), **value}}


def box(label: str, rotation: float = 0, **more: Any) -> dict[str, Any]:
    value = {"x": 25, "y": 50, "width": 50, "height": 25, "rotation": rotation, "rectanglelabels": [label]}
    return (
        {"id": "r1", "from_name": "box", "to_name": "image", "type": "rectanglelabels", "value": value} | SIZES | more
    )


def polygon(label: str) -> dict[str, Any]:
    points = [[12.5, 100 / 6], [37.5, 100 / 6], [37.5, 50], [12.5, 50]]
    value = {"points": points, "closed": True, "polygonlabels": [label]}
    return {"id": "p1", "from_name": "outline", "to_name": "image", "type": "polygonlabels", "value": value} | SIZES


def note(*results: dict[str, Any], **more: Any) -> dict[str, Any]:
    common = {"id": 1, "completed_by": 1, "was_cancelled": False, "ground_truth": False, "lead_time": 3.2}
    return (
        common
        | {"created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z"}
        | {"result": list(results)}
        | more
    )


def task(number: int, image: str, *annotations: dict[str, Any], **more: Any) -> dict[str, Any]:
    data = {"image": image} | more.pop("data", {})
    return {"id": number, "annotations": list(annotations), "drafts": [], "predictions": [], "data": data} | more


TASKS = [
    task(1, "/data/upload/3/0a1b2c3d-a.png", note(choice("cat"), box("ear"), polygon("tail")), data={"camera": "A"}),
    task(2, "/data/local-files/?d=my%20photos/b.png", note(choice("dog"), box("ear", 30))),
    task(3, "s3://bucket/deep/c.png", note(was_cancelled=True), predictions=[{"result": []}]),
    task(4, "https://example.org/x/d.png?size=2", note(box("nose"))),
    task(5, "e.png"),
]
PLACES = {"images/0a1b2c3d-a.png": PHOTO, "my photos/b.png": PHOTO, "deep/c.png": PHOTO, "d.png": PHOTO}


@pytest.mark.parametrize("form", ["folder", "zip", "file"])
def test_a_json_export(tmp_path: Path, form: str) -> None:
    files: dict[str, bytes | str] = PLACES | {"project-1.json": json.dumps(TASKS), "spare.png": PHOTO}
    path = pack(tmp_path / "x.zip", files) if form == "zip" else lay(tmp_path / "x", files)
    data = open_data(path / "project-1.json" if form == "file" else path)
    assert (data.format, dict(data.info.splits)) == ("labelstudio", {"train": 5})
    assert data.info.labels == ("cat", "dog") and data.info.annotated == {"labels", "boxes", "masks"}
    assert data.info.columns == ("camera",) and not data.info.several
    samples = data.samples("train")
    keys = ["images/0a1b2c3d-a.png", "my photos/b.png", "deep/c.png", "d.png", "e.png"]
    assert [sample.key for sample in samples] == keys
    assert [sample.labels for sample in samples] == [("cat",), ("dog",), None, (), None]
    first = samples[0]
    assert first.image.load().shape == (6, 8, 3) and first.extra == {"camera": "A"}
    assert first.boxes is not None and first.boxes.labels == ("ear",)
    np.testing.assert_allclose(first.boxes.xyxy, [[2, 3, 6, 4.5]])
    assert first.masks is not None and first.masks.labels == ("tail",)
    wanted = np.zeros((1, 6, 8), bool)
    wanted[0, 1:3, 1:3] = True
    np.testing.assert_array_equal([to_mask(runs) for runs in first.masks.load()], wanted)
    assert [None if s.boxes is None else s.boxes.labels for s in samples] == [("ear",), (), None, ("nose",), None]
    notes = " / ".join(data.info.notes)
    for part in (
        "2 pictures not annotated: deep/c.png, e.png",
        "1 picture annotated without a choice, unlabelled (with --task multilabel: none applies): d.png",
    ):
        assert part in notes
    where = f"{tmp_path}/x{'.zip' if form == 'zip' else ''}/project-1.json"
    assert {fault.what: fault.items for fault in data.info.faults} == {
        "rotated boxes": (f"{where}: task 2: region r1 (my photos/b.png)",),
        "skipped or cancelled annotations": (f"{where}: task 3",),
        "predictions": (f"{where}: task 3",),
        "pictures that are listed but not there": (f"{where}: task 5: e.png",),
        "pictures that no annotation names": ("spare.png",),
        "pictures with a box and no mask for 2 objects": (
            f"{where}: 1 of ear (images/0a1b2c3d-a.png)",
            f"{where}: 1 of nose (d.png)",
        ),
    }


def test_of_several_annotations_the_ground_truth_or_the_newest(tmp_path: Path) -> None:
    tasks = [
        task(1, "a.png", note(choice("old")), note(choice("new"), updated_at="2024-05-01T00:00:00Z")),
        task(2, "b.png", note(choice("true"), ground_truth=True), note(choice("new"), updated_at="2024-05-01")),
    ]
    path = lay(tmp_path, {"x.json": json.dumps(tasks)}) / "x.json"
    assert [s.labels for s in labelstudio.read(Location(path), "train")] == [("new",), ("true",)]
    told = {fault.what: (fault.items, fault.total) for fault in labelstudio.info(Location(path)).faults}
    places = tuple(f"{path}: task {number}" for number in (1, 2))
    assert told["annotations beside the ground truth or the newest"] == (places, 4)


def test_controls_of_choices(tmp_path: Path) -> None:
    point = {"type": "keypointlabels", "from_name": "b", "value": {"x": 1, "y": 2, "keypointlabels": ["x"]}}
    results = [choice("cat"), choice("red", "dark", control="look"), choice("left", x=1, y=1), point]
    path = lay(tmp_path, {"x.json": json.dumps([task(1, "a.png", note(*results))])}) / "x.json"
    info = labelstudio.info(Location(path))
    notes = " / ".join(info.notes)
    assert info.labels == ("cat", "dark", "red")
    assert "the labels are the choices of kind, look together; say --label-column kind to take one alone" in notes
    told = {fault.what: fault.items for fault in info.faults}
    assert told["choices for a region"] == (f"{path}: task 1: result 3 (a.png)",)
    assert told["results of the kind 'keypointlabels'"] == (f"{path}: task 1: result 4 (a.png)",)
    one = labelstudio.info(Location(path, label_column="look"))
    assert one.labels == ("dark", "red") and "choices of 'kind'" in [fault.what for fault in one.faults]
    with pytest.raises(InputError, match="has no choices called lock; it has kind, look"):
        labelstudio.info(Location(path, label_column="lock"))


def test_json_min(tmp_path: Path) -> None:
    region = box("ear")["value"] | SIZES
    common = {
        "annotator": 1,
        "annotation_id": 7,
        "created_at": "2024-01-01",
        "updated_at": "2024-01-01",
        "lead_time": 2,
    }
    rows = [
        {"id": 1, "image": "/data/upload/a.png", "kind": "cat", "box": [region], "camera": "A"} | common,
        {"id": 2, "image": "b.png", "kind": {"choices": ["cat", "dog"]}, "camera": "B"} | common,
        {"id": 2, "image": "b.png", "kind": "old", "camera": "B"} | common | {"updated_at": "2023-01-01"},
    ]
    path = lay(tmp_path, {"a.png": PHOTO, "b.png": PHOTO, "min.json": json.dumps(rows)}) / "min.json"
    data = open_data(path, label_column="kind")
    assert (data.format, data.info.labels, data.info.columns) == ("labelstudio", ("cat", "dog"), ("camera",))
    first, second = data.samples("train")
    assert (first.labels, second.labels) == (("cat",), ("cat", "dog"))
    assert first.boxes is not None
    np.testing.assert_allclose(first.boxes.xyxy, [[2, 3, 6, 4.5]])
    assert {fault.what: fault.items for fault in data.info.faults} == {
        "annotations beside the ground truth or the newest": (f"{path}: task 2",)
    }
    rows = [{"id": n, "image": f"{n}.png", "choice": label} | common for n, label in enumerate("ab")]
    assert open_data(lay(tmp_path, {"b.json": json.dumps(rows)}) / "b.json").info.labels == ("a", "b")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([task(1, "", note())], "task 1 names no picture among image; say --image-column"),
        ([{"id": 1, "annotations": [note()]}], "task 1 has no 'data' with a picture"),
        ([task(1, "a.png", note(result="x"))], "task 1 has no list of results"),
        ([task(1, "a.png", note()), 5], "is no list of tasks"),
    ],
)
def test_broken_exports(tmp_path: Path, rows: Any, message: str) -> None:
    path = lay(tmp_path, {"x.json": json.dumps(rows)}) / "x.json"
    with pytest.raises(InputError, match=message):
        labelstudio.info(Location(path))
    path.write_text(json.dumps(TASKS)[:-10])
    with pytest.raises(InputError, match=r"x\.json is not JSON, or cut short"):
        open_data(path)


NO_BOX = "boxes whose coordinates are no numbers"
NO_OUTLINE = "polygons whose coordinates are no numbers of pixels, or no pairs"
NO_SIZE = "sizes of pictures that are no numbers of pixels"


def moved(**value: Any) -> dict[str, Any]:
    """A box of which something is replaced."""
    found = box("a")
    return found | {"value": found["value"] | value}


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (moved(x="far"), NO_BOX),
        (moved(width=None), NO_BOX),
        (moved(y=float("nan")), NO_BOX),
        (moved(width=-25), "boxes of a width or height below 0"),
        (moved(rectanglelabels=[""]), "boxes without a label"),
        (polygon("a") | {"value": {"points": [[1, 2], [3]], "polygonlabels": ["a"]}}, NO_OUTLINE),
        (polygon("a") | {"value": {"points": "x", "polygonlabels": ["a"]}}, NO_OUTLINE),
    ],
)
def test_a_region_that_cannot_be_used_ends_no_reading(tmp_path: Path, wrong: dict[str, Any], what: str) -> None:
    tasks = [task(7, "a.png", note(box("ear"), polygon("tail"), wrong))]
    data = open_data(lay(tmp_path, {"a.png": PHOTO, "x.json": json.dumps(tasks)}))
    (fault,) = [found for found in data.info.faults if found.done == "left out"]
    assert (fault.what, fault.total) == (what, 2)
    assert fault.items == (f"{tmp_path}/x.json: task 7: region {wrong['id']} (a.png)",)
    (sample,) = data.samples("train")
    assert sample.boxes is not None and sample.boxes.labels == ("ear",)
    assert sample.masks is not None and sample.masks.labels == ("tail",)


@pytest.mark.parametrize("sizes", [{"original_width": 0}, {"original_height": None}, {"original_width": "wide"}])
def test_boxes_are_shares_of_the_picture_whatever_its_size_is_said_to_be(tmp_path: Path, sizes: dict[str, Any]) -> None:
    data = open_data(
        lay(tmp_path, {"a.png": PHOTO, "x.json": json.dumps([task(1, "a.png", note(box("ear", **sizes)))])})
    )
    wide, high = (SIZES | sizes)["original_width"], (SIZES | sizes)["original_height"]
    assert [(fault.what, fault.items) for fault in data.info.faults] == [
        (NO_SIZE, (f"{tmp_path}/x.json: task 1: {wide} x {high} (a.png)",))
    ]
    (sample,) = data.samples("train")
    assert sample.boxes is not None and sample.boxes.said is None
    np.testing.assert_allclose(sample.boxes.xyxy, [[2, 3, 6, 4.5]])


def test_a_picture_outside_is_not_reached(tmp_path: Path) -> None:
    lay(tmp_path, {"secret.png": PHOTO, "set/x.json": json.dumps([task(1, "../secret.png", note(choice("a")))])})
    (sample,) = open_data(tmp_path / "set" / "x.json").samples("train")
    (fault,) = open_data(tmp_path / "set").info.faults
    assert sample.key == "secret.png" and fault.items == (f"{tmp_path}/set/x.json: task 1: ../secret.png",)


def test_sniffing_reads_but_heads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Tree, "read")
    path = lay(tmp_path, {"a.json": json.dumps(TASKS), "b.json": "{}"})
    assert labelstudio.sniff(Location(path)) is not None


def test_other_lists_are_not_ours(tmp_path: Path) -> None:
    create_ml = [{"image": "a.png", "annotations": [{"label": "a", "coordinates": {"x": 1}}]}]
    for text in (json.dumps(create_ml), "[1, 2]", "{}", '[{"image": "a.png", "label": "b"}]'):
        assert labelstudio.sniff(Location(lay(tmp_path, {"x.json": text}) / "x.json")) is None


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 1000), JSON, st.booleans())
@example(1, 1, False)  # the number of the first task, as it was
@example(1, 1, True)
def test_an_export_with_any_value_replaced_is_read_or_refused(
    tmp_path: Path, number: int, value: Any, short: bool
) -> None:
    region = box("ear")["value"] | SIZES
    rows = [{"id": 1, "image": "a.png", "kind": {"choices": ["a"]}, "box": [region], "annotation_id": 1}]
    whole = rows if short else TASKS[:2]
    text = json.dumps(with_one_replaced(whole, number, value))
    path = lay(tmp_path, PLACES | {"a.png": PHOTO, "x.json": text}) / "x.json"
    assert read_or_refused(labelstudio, Location(path)) or text != json.dumps(whole)


@pytest.mark.parametrize(
    ("choices", "several"),
    [
        ([["cat"], ["dog"], []], False),
        ([["cat"], ["dog"]], False),
        ([["cat"], ["dog", "cat"], []], True),
        ([["cat"], []], True),  # a single label: it applies or not
    ],
)
def test_a_picture_passed_over_makes_no_several_labels(tmp_path: Path, choices: list[list[str]], several: bool) -> None:
    tasks = [task(n, f"{n}.png", note(*([choice(*labels)] if labels else []))) for n, labels in enumerate(choices)]
    pictures = {f"{n}.png": PHOTO for n in range(len(tasks))}
    data = open_data(lay(tmp_path, {**pictures, "x.json": json.dumps(tasks)}))
    assert data.info.several == several
    samples = data.samples("train")
    assert [sample.labels for sample in samples] == [tuple(sorted(labels)) for labels in choices]
    assert choose_task(data.info, None, samples).name == ("multilabel" if several else "classify")
    asked = choose_task(data.info, "multilabel", samples).from_data(data.info, [(8, 8)], {})
    metric, chances = asked.metric(), np.full(len(asked.labels), 0.9)
    answer = asked.prediction.from_arrays({"probabilities": chances, "thresholds": chances}, asked.labels)
    metric.update([answer] * len(samples), samples)
    assert (metric.result().count, metric.result().left_out) == (len(choices), 0)

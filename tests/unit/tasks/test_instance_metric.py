"""The judge of masks of objects against pycocotools and hand-worked pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import assume, given, settings

from clearsight.core.errors import BadImage, InputError
from clearsight.core.metric import Mark, Result
from clearsight.core.sample import ArrayImage, Boxes, Masks, Sample
from clearsight.metrics.detection import FIGURES
from clearsight.ops import rle
from clearsight.ops.rle import Runs
from clearsight.tasks.instances import metric as metric_module
from clearsight.tasks.instances import words
from clearsight.tasks.instances.metric import InstanceMetric
from clearsight.tasks.instances.prediction import Instances
from clearsight.tasks.objects import mistakes
from tests.unit.metrics.mask_scenes import MaskScene, mask_scenes, pycocotools_masks, random_masks

IMAGE = ArrayImage(np.zeros((2, 2), np.uint8))
SIZE = (60, 100)


@dataclass(frozen=True)
class Held:
    """Something to be loaded."""

    value: object

    def __call__(self) -> object:
        return self.value


def answer(
    masks: list[Runs], classes: np.ndarray, scores: np.ndarray, labels: tuple[str, ...], shown: float = 0.3
) -> Instances:
    boxes = np.array([rle.box(runs) for runs in masks], np.float32).reshape(-1, 4)
    scores = np.asarray(scores, np.float32)
    return Instances(boxes, scores, np.asarray(classes, np.int64), scores >= shown, labels, masks=tuple(masks))


def judged(scene: MaskScene) -> InstanceMetric:
    """A metric that has seen a scene's pictures in two batches."""
    labels = tuple(f"c{k}" for k in range(scene.classes))
    samples, predictions = [], []
    for place, ((masks, kinds, crowd), (found, said, scores)) in enumerate(zip(scene.truth, scene.found, strict=True)):
        truth = Masks("instances", Held(tuple(masks)), tuple(labels[k] for k in kinds), crowd)
        samples.append(Sample(f"{place}.jpg", IMAGE, masks=truth))
        predictions.append(answer(found, said, scores, labels))
    metric = InstanceMetric(labels)
    half = scene.pictures // 2
    metric.update(predictions[:half], samples[:half])
    metric.update(predictions[half:], samples[half:])
    return metric


@settings(max_examples=10, deadline=None)
@given(mask_scenes)
def test_every_figure_equals_pycocotools(scene: MaskScene) -> None:
    assume(any((~crowd).any() for _, _, crowd in scene.truth))
    metric = judged(scene)
    result = metric.result(resamples=0)
    reference = pycocotools_masks(scene)
    expected = {name: value for name, value in zip(FIGURES, reference.stats, strict=True) if value > -1}
    assert {name: value for name, value in result.values.items() if name in FIGURES} == pytest.approx(
        expected, abs=1e-6
    )
    assert metric.score() == result.score == result.values["map"] == result.values["map_1000"]
    precision = reference.eval["precision"][:, :, :, 0, -1]
    for k, row in enumerate(result.per_class.values()):
        assert row["ap"] == pytest.approx(precision[:, :, k].mean(), abs=1e-6)
        assert row["ap50"] == pytest.approx(precision[0, :, k].mean(), abs=1e-6)
    assert result.count == scene.pictures


def test_intervals_hold_the_figures_and_agree_with_a_plain_bootstrap() -> None:
    scene = random_masks(0, pictures=30)
    result = judged(scene).result(resamples=300, seed=1)
    assert set(result.intervals) == {"map", "map50", "map75", "map_1000", "map50_1000", "pq", "sq", "rq", "aji"}
    assert result.intervals["map"] == result.intervals["map_1000"]
    random = np.random.default_rng(2)
    loops = [judged(scene.picked(random.integers(0, 30, 30).tolist())) for _ in range(40)]
    for name, drawn in (
        ("map", [one.score() for one in loops]),
        ("pq", [one.result(resamples=0).values["pq"] for one in loops]),
    ):
        bias = np.mean(drawn) - result.values[name]
        assert result.intervals[name] == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975]) - bias), abs=0.04)
    for name, (low, high) in result.intervals.items():
        assert 0 <= low < result.values[name] < high <= 1


def test_a_result_survives_json_and_every_figure_has_its_words() -> None:
    result = judged(random_masks(3)).result(resamples=10)
    written = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert Result.from_dict(written).to_dict() == result.to_dict()
    assert {*result.values, *result.breakdown, *next(iter(result.breakdown.values()))} <= set(words.FIGURES)
    assert set(next(iter(result.per_class.values()))) <= set(words.FIGURES)


def box(x1: int, y1: int, x2: int, y2: int) -> Runs:
    """A rectangle of pixels on a picture of 60 x 100."""
    mask = np.zeros(SIZE, bool)
    mask[y1:y2, x1:x2] = True
    return rle.from_mask(mask)


def one_picture(
    truth: list[tuple[Runs, str]], found: list[tuple[Runs, str, float]], labels: tuple[str, ...], **more: object
) -> Result:
    masks = Masks("instances", Held(tuple(runs for runs, _ in truth)), tuple(label for _, label in truth), **more)  # type: ignore[arg-type]
    metric = InstanceMetric(labels)
    classes = np.array([labels.index(label) for _, label, _ in found], np.int64)
    prediction = answer([runs for runs, _, _ in found], classes, np.array([score for *_, score in found]), labels)
    metric.update([prediction], [Sample("one.jpg", IMAGE, masks=masks)])
    return metric.result(resamples=0)


def test_mistakes_are_named_and_marked_by_the_boxes_round_the_masks() -> None:
    truth = [
        (box(0, 0, 10, 10), "ant"),
        (box(20, 0, 30, 10), "bee"),
        (box(40, 0, 50, 10), "ant"),
        (box(60, 0, 70, 10), "bee"),
    ]
    truth += [(box(10 * n, 40, 10 * n + 8, 48), label) for n, label in enumerate(("ant", "bee") * 5)]
    found = [
        (box(0, 0, 10, 10), "ant", 0.95),
        (box(0, 0, 10, 9), "ant", 0.9),
        (box(20, 0, 30, 9), "ant", 0.8),
        (box(40, 0, 50, 4), "ant", 0.7),
        (box(80, 20, 90, 30), "bee", 0.65),
    ]
    found += [(box(10 * n, 40, 10 * n + 8, 48), label, 0.6) for n, label in enumerate(("ant", "bee") * 5)]
    result = one_picture(truth, found, ("ant", "bee"))
    assert [(wrong.kind, wrong.text, round(wrong.badness, 3)) for wrong in result.mistakes] == [
        (mistakes.MISSED, "bee missed", 1.0),
        (mistakes.FALSE, "ant (0.90), one more mask on an object that has one", 0.9),
        (mistakes.CLASS, "bee, taken for ant (0.80)", 0.8),
        (mistakes.FALSE, "bee (0.65), where none is annotated", 0.65),
        (mistakes.PLACED["mask"], "ant, mask off: IoU 0.40 (0.70)", 0.42),
    ]
    assert result.mistakes[0].marks == (Mark((60, 0, 70, 10), True),)
    assert result.mistakes[2].marks == (Mark((20, 0, 30, 10), True), Mark((20, 0, 30, 9), False))
    for mark, runs in zip(result.mistakes[2].marks, (box(20, 0, 30, 10), box(20, 0, 30, 9)), strict=True):
        assert mark.mask is not None and rle.iou_matrix([mark.mask], [runs])[0, 0] == 1
    assert result.breakdown["localisation"]["count"] == 1
    assert result.confused == ("ant", "bee", "background")


def test_panoptic_quality_and_the_aggregated_index_are_of_what_is_shown() -> None:
    truth = [(box(0, 0, 10, 10), "ant"), (box(20, 0, 30, 10), "bee")]
    found = [(box(0, 0, 10, 8), "ant", 0.9), (box(20, 0, 30, 10), "bee", 0.1), (box(50, 0, 60, 10), "ant", 0.8)]
    values = one_picture(truth, found, ("ant", "bee")).values
    assert values["sq"] == pytest.approx(0.8 / 2)  # nothing of the bee is found
    assert values["rq"] == pytest.approx(1 / 1.5 / 2)
    assert values["pq"] == pytest.approx(0.8 / 1.5 / 2)
    assert values["aji"] == pytest.approx(80 / (100 + 100 + 100))
    assert values["map"] > 0.5  # of all that is answered


def test_the_thousand_best_count_where_a_hundred_are_not_enough() -> None:
    places = [(5 * (n % 20), 6 * (n // 20)) for n in range(160)]
    truth = [(box(x, y, x + 4, y + 5), "cell") for x, y in places]
    found = [(runs, label, 0.9 - n / 1000) for n, (runs, label) in enumerate(truth)]
    result = one_picture(truth, found, ("cell",))
    assert result.values["map_1000"] == result.values["map50_1000"] == result.values["pq"] == pytest.approx(1)
    assert result.values["map"] == pytest.approx(63 / 101)  # 100 of 160: recalls up to 0.62
    assert result.headline == "map_1000"  # so weights are chosen by all that lies there
    assert one_picture(truth[:100], found, ("cell",)).headline == "map"
    assert result.mistakes == []
    assert sum(row["count"] for row in result.breakdown.values()) == 0


def test_while_training_watches_only_masks_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    places = [(5 * (n % 20), 6 * (n // 20)) for n in range(160)]
    cells = [box(x, y, x + 4, y + 5) for x, y in places]
    masks = Masks("instances", Held(tuple(cells)), ("cell",) * 160)
    for slow in ("shared_pixels", "panoptic_counts", "aggregated_jaccard", "coco_figures"):
        monkeypatch.setattr(metric_module, slow, None)  # called, it would fail
    for count, judged_by in ((160, "map_1000"), (90, "map")):
        metric = InstanceMetric(("cell",))
        some = replace(masks, load=Held(tuple(cells[:count])), labels=("cell",) * count)
        said = answer(cells[:80], np.zeros(80), np.full(80, 0.9), metric.labels)
        metric.watch([said], [Sample("a", IMAGE, masks=some)])
        assert metric.judged_by() == judged_by
        assert metric.score() == pytest.approx((int(100 * 80 / count) + 1) / 101)


def test_objects_are_small_or_large_by_the_area_that_is_annotated() -> None:
    mask, labels = box(0, 0, 34, 30), ("ant",)  # 1,020 pixels: small
    masks = Masks("instances", Held((mask,)), labels)
    found = answer([mask], np.zeros(1), np.array([0.9]), labels)
    corners = np.array([[0, 0, 34, 30]], np.float32)
    for area, kind in ((None, "small"), (1030.0, "medium")):
        boxes = Boxes(corners, labels, area=None if area is None else np.array([area], np.float32))
        metric = InstanceMetric(labels)
        metric.update([found], [Sample("a", IMAGE, masks=masks, boxes=boxes)])
        values = metric.result(resamples=0).values
        assert {name for name in ("map_small", "map_medium", "map_large") if name in values} == {f"map_{kind}"}
    others = Boxes(np.concatenate([corners, corners]), ("ant", "ant"), area=np.array([1030.0, 9.0], np.float32))
    metric = InstanceMetric(labels)
    metric.update([found], [Sample("a", IMAGE, masks=masks, boxes=others)])  # of other objects than the masks
    assert "map_small" in metric.result(resamples=0).values


def test_crowds_and_pixels_that_nobody_judges_do_not_count() -> None:
    truth = [(box(0, 0, 30, 30), "ant"), (box(50, 0, 60, 10), "ant")]
    found = [
        (box(0, 0, 10, 10), "ant", 0.95),  # on the crowd
        (box(50, 0, 60, 20), "ant", 0.9),  # right where somebody judges
        (box(80, 40, 90, 50), "ant", 0.8),  # where nobody does
    ]
    ignored = rle.union([box(48, 10, 62, 25), box(75, 35, 100, 60)])
    result = one_picture(truth, found, ("ant",), crowd=np.array([True, False]), ignored=Held(ignored))
    assert result.score == pytest.approx(1)
    assert result.values["pq"] == pytest.approx(1)
    assert result.mistakes == []
    assert result.per_class["ant"]["support"] == 1


def test_boxes_are_judged_by_those_annotated_or_else_by_the_masks() -> None:
    labels = ("ant",)
    mask = box(0, 0, 10, 10)
    masks = Masks("instances", Held((mask,)), labels)
    boxes = Boxes(np.array([[0, 0, 10, 30]], np.float32), labels)
    for known, expected in ((None, 1.0), (boxes, 0.0)):
        metric = InstanceMetric(labels)
        metric.update(
            [answer([mask], np.zeros(1), np.array([0.9]), labels)], [Sample("a", IMAGE, masks=masks, boxes=known)]
        )
        assert metric.result(resamples=0).values["box_map"] == pytest.approx(expected)


def test_pictures_without_masks_of_objects_are_left_out() -> None:
    labels = ("ant",)
    metric = InstanceMetric(labels)
    nothing = answer([], np.zeros(0), np.zeros(0), labels)
    empty = Masks("instances", Held(()), ())
    semantic = Masks("semantic", Held(np.zeros(SIZE, np.uint8)), labels)
    metric.update(
        [nothing] * 3, [Sample("a", IMAGE), Sample("b", IMAGE, masks=empty), Sample("c", IMAGE, masks=semantic)]
    )
    for judge in (metric.score, metric.result, metric.thresholds):
        with pytest.raises(InputError, match="none of the 3 pictures has a mask to be found"):
            judge()
    mask = box(0, 0, 10, 10)
    found = answer([mask], np.zeros(1), np.array([0.9]), labels)
    metric.update([found], [Sample("d", IMAGE, masks=Masks("instances", Held((mask,)), labels))])
    result = metric.result(resamples=10)
    assert (result.count, result.left_out, result.score) == (2, 2, pytest.approx(1))
    assert metric.thresholds() == (pytest.approx(0.45),)


def test_a_mask_of_another_size_than_the_photograph_is_an_error() -> None:
    metric = InstanceMetric(("ant",))
    masks = Masks("instances", Held((rle.from_mask(np.ones((5, 5), bool)),)), ("ant",))
    found = answer([box(0, 0, 5, 5)], np.zeros(1), np.array([0.9]), metric.labels)
    with pytest.raises(BadImage, match=r"a mask is 5×5 pixels and the photograph 100×60; resize neither or both"):
        metric.update([found], [Sample("a", IMAGE, masks=masks)])


def test_a_class_that_is_not_known_is_an_error() -> None:
    metric = InstanceMetric(("ant", "bee"))
    wasp = Masks("instances", Held((box(0, 0, 5, 5),)), ("wasp",))
    with pytest.raises(InputError, match=r"w\.jpg has a mask labelled 'wasp'.*it knows ant, bee"):
        metric.update([answer([], np.zeros(0), np.zeros(0), metric.labels)], [Sample("w.jpg", IMAGE, masks=wasp)])

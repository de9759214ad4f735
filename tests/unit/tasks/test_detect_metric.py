"""The judge of detectors against pycocotools and hand-worked pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings

from clearsight.core.errors import InputError
from clearsight.core.metric import Mark, Mistake, Result
from clearsight.core.sample import ArrayImage, Boxes, Sample
from clearsight.metrics.detection import FIGURES
from clearsight.tasks.detect import words
from clearsight.tasks.detect.metric import DetectMetric
from clearsight.tasks.detect.prediction import Detections
from clearsight.tasks.objects import mistakes
from tests.unit.metrics.scenes import Scene, pycocotools, random_scene, scenes

IMAGE = ArrayImage(np.zeros((2, 2), np.uint8))


def judged(scene: Scene) -> DetectMetric:
    """A metric that has seen a scene's pictures in two batches."""
    labels = tuple(f"c{k}" for k in range(scene.classes))
    samples, predictions = [], []
    for place, ((corners, kinds, ignored), (boxes, said, scores)) in enumerate(
        zip(scene.truth, scene.found, strict=True)
    ):
        flags = {"crowd": ignored} if place % 2 else {"difficult": ignored}
        truth = Boxes(corners, tuple(labels[k] for k in kinds), **flags)
        samples.append(Sample(f"{place}.jpg", IMAGE, boxes=truth))
        predictions.append(
            Detections.from_arrays({"boxes": boxes, "scores": scores, "classes": said.astype(np.float32)}, labels)
        )
    metric = DetectMetric(labels)
    half = scene.pictures // 2
    metric.update(predictions[:half], samples[:half])
    metric.update(predictions[half:], samples[half:])
    return metric


@settings(max_examples=25)
@given(scenes)
def test_every_figure_equals_pycocotools(scene: Scene) -> None:
    assume(any((~ignored).any() for _, _, ignored in scene.truth))
    metric = judged(scene)
    result = metric.result(resamples=0)
    reference = pycocotools(scene)
    expected = {name: value for name, value in zip(FIGURES, reference.stats, strict=True) if value > -1}
    assert result.values == pytest.approx(expected, abs=1e-6)
    assert metric.score() == result.score == result.values["map"]
    precision = reference.eval["precision"][:, :, :, 0, -1]
    for k, row in enumerate(result.per_class.values()):
        assert row["ap"] == pytest.approx(precision[:, :, k].mean(), abs=1e-6)
        assert row["ap50"] == pytest.approx(precision[0, :, k].mean(), abs=1e-6)
    assert np.trace(np.array(result.confusion)) == sum(
        round(row["recall"] * row["support"]) for row in result.per_class.values()
    )
    assert result.count == scene.pictures


def test_intervals_hold_the_figure_and_agree_with_a_plain_bootstrap() -> None:
    scene = random_scene(0, pictures=40)
    result = judged(scene).result(resamples=400, seed=1)
    assert set(result.intervals) == {"map", "map50", "map75"}
    random = np.random.default_rng(2)
    loops = [judged(scene.picked(random.integers(0, 40, 40).tolist())).score() for _ in range(150)]
    bias = np.mean(loops) - result.score
    assert result.intervals["map"] == pytest.approx(tuple(np.quantile(loops, [0.025, 0.975]) - bias), abs=0.025)
    for name, (low, high) in result.intervals.items():
        assert 0 <= low < result.values[name] < high <= 1


def test_the_same_seed_gives_the_same_intervals_and_none_are_made_of_no_resamples() -> None:
    metric = judged(random_scene(0))
    assert metric.result(resamples=50, seed=4).intervals == metric.result(resamples=50, seed=4).intervals
    assert metric.result(resamples=50, seed=4).intervals != metric.result(resamples=50, seed=5).intervals
    assert metric.result(resamples=0).intervals == {}


def test_where_only_one_picture_has_a_box_the_resamples_without_it_do_not_count() -> None:
    scene = random_scene(0, pictures=12)
    bare = [(c[:0], k[:0], i[:0]) for c, k, i in scene.truth]
    full = next(place for place, (_, _, ignored) in enumerate(scene.truth) if (~ignored).any())
    bare[full] = scene.truth[full]
    result = judged(Scene(bare, scene.found, scene.classes)).result(resamples=200)
    assert all(0 <= low <= high <= 1 for low, high in result.intervals.values())


def test_a_result_survives_json_and_older_ones_are_still_read() -> None:
    result = judged(random_scene(3)).result(resamples=10)
    written = json.loads(json.dumps(result.to_dict()))
    assert Result.from_dict(written).to_dict() == result.to_dict()
    assert Result.from_dict(written).mistakes == result.mistakes
    for name in ("curves", "breakdown", "background"):
        del written[name]
    for mistake in written["mistakes"]:
        mistake.pop("kind"), mistake.pop("marks")
    old = Result.from_dict(written)
    assert (old.curves, old.breakdown, old.confused) == ([], {}, tuple(result.labels))
    assert old.mistakes[0] == Mistake(result.mistakes[0].key, result.mistakes[0].badness, result.mistakes[0].text)


def test_every_figure_column_and_kind_has_its_words() -> None:
    result = judged(random_scene(3)).result(resamples=0)
    assert {*result.values, *result.breakdown, *next(iter(result.breakdown.values()))} <= set(words.FIGURES)
    assert set(next(iter(result.per_class.values()))) <= set(words.FIGURES)
    assert set(FIGURES) <= set(words.FIGURES)


def test_curves_are_the_precision_whose_mean_is_the_ap() -> None:
    result = judged(random_scene(3)).result(resamples=0)
    classes, overlaps = result.curves
    assert next(iter(classes.lines)) == "all classes"
    assert set(classes.lines) - {"all classes"} == {
        label for label, row in result.per_class.items() if row["support"] > 0
    }
    for label, points in classes.lines.items():
        ap = result.values["map50"] if label == "all classes" else result.per_class[label]["ap50"]
        assert np.mean([y for _, y in points]) == pytest.approx(ap, abs=1e-4)
        assert [x for x, _ in points] == pytest.approx(np.linspace(0, 1, 101))
    assert list(overlaps.lines) == ["IoU 0.5", "IoU 0.75", "IoU 0.9"]
    assert np.mean([y for _, y in overlaps.lines["IoU 0.75"]]) == pytest.approx(result.values["map75"], abs=1e-4)


def one_picture(
    truth: list[tuple[list[float], str]], found: list[tuple[list[float], str, float]], labels: tuple[str, ...]
) -> Result:
    """The result of one picture, beside one on which ten sure objects of each class put the thresholds at about 0.5."""
    metric = DetectMetric(labels)
    sure = [[30.0 * n, 500.0 + 50 * k, 30.0 * n + 20, 530.0 + 50 * k] for k in range(len(labels)) for n in range(10)]
    kinds = [label for label in labels for _ in range(10)]
    wrong = [[5.0, 900.0 + 30 * n, 25.0, 920.0 + 30 * n] for n in range(len(labels) * 20)]
    for key, boxes, answers in (
        ("sure.jpg", list(zip(sure, kinds, strict=True)), list(zip(sure, kinds, [0.6] * len(sure), strict=True))),
        ("one.jpg", truth, found),
    ):
        if key == "sure.jpg":
            answers += [(box, labels[n % len(labels)], 0.4) for n, box in enumerate(wrong)]
        sample = Sample(
            key,
            IMAGE,
            boxes=Boxes(np.array([b for b, _ in boxes], np.float32).reshape(-1, 4), tuple(k for _, k in boxes)),
        )
        final = {
            "boxes": np.array([b for b, _, _ in answers], np.float32).reshape(-1, 4),
            "scores": np.array([s for _, _, s in answers], np.float32),
            "classes": np.array([labels.index(k) for _, k, _ in answers], np.float32),
        }
        metric.update([Detections.from_arrays(final, labels)], [sample])
    return metric.result(resamples=0)


def test_mistakes_are_named_and_marked_worst_first() -> None:
    truth = [
        ([0, 0, 100, 100], "ant"),  # found, with a second box
        ([200, 0, 300, 100], "bee"),  # taken for an ant
        ([400, 0, 500, 100], "ant"),  # a box that fits too loosely
        ([600, 0, 700, 100], "bee"),  # found, but not surely enough
        ([800, 0, 900, 100], "bee"),  # not found at all
    ]
    found = [
        ([0, 0, 100, 100], "ant", 0.95),
        ([0, 0, 100, 90], "ant", 0.9),
        ([200, 0, 300, 90], "ant", 0.8),
        ([400, 0, 500, 40], "ant", 0.7),
        ([600, 0, 700, 100], "bee", 0.3),
        ([0, 300, 50, 350], "bee", 0.65),
    ]
    result = one_picture(truth, found, ("ant", "bee"))
    threshold = result.per_class["bee"]["threshold"]
    assert 0.4 < threshold < 0.6
    told = [(m.kind, m.text, round(m.badness, 3)) for m in result.mistakes]
    assert told == [
        (mistakes.MISSED, "bee missed", 1.0),
        (mistakes.FALSE, "ant (0.90), one more box on an object that has one", 0.9),
        (mistakes.CLASS, "bee, taken for ant (0.80)", 0.8),
        (mistakes.MISSED, f"bee missed, found with 0.30 only ({threshold:.2f} is asked)", 0.7),
        (mistakes.FALSE, "bee (0.65), where none is annotated", 0.65),
        (mistakes.PLACED["box"], "ant, box off: IoU 0.40 (0.70)", 0.42),
    ]
    assert {m.key for m in result.mistakes} == {"one.jpg"}
    assert result.mistakes[2].marks == (Mark((200, 0, 300, 100), True), Mark((200, 0, 300, 90), False))
    assert result.mistakes[0].marks == (Mark((800, 0, 900, 100), True),)
    assert result.mistakes[4].marks == (Mark((0, 300, 50, 350), False),)
    assert result.confused == ("ant", "bee", "background")
    assert result.confusion == [[11, 0, 1], [1, 10, 2], [2, 1, 0]]


def test_crowds_and_difficult_boxes_are_neither_missed_nor_wrong_to_find() -> None:
    corners = np.array([[0, 0, 100, 100], [200, 0, 300, 100], [400, 0, 500, 100]], np.float32)
    flags = {"crowd": np.array([True, False, False]), "difficult": np.array([False, True, False])}
    sample = Sample("a", IMAGE, boxes=Boxes(corners, ("ant",) * 3, **flags))
    final = {
        "boxes": np.array([[0, 0, 50, 50], [50, 50, 100, 100], [200, 0, 300, 100], [400, 0, 500, 100]], np.float32),
        "scores": np.array([0.9, 0.8, 0.7, 0.6], np.float32),
        "classes": np.zeros(4, np.float32),
    }
    metric = DetectMetric(("ant",))
    metric.update([Detections.from_arrays(final, ("ant",))], [sample])
    result = metric.result(resamples=0)
    assert result.score == pytest.approx(1)
    assert result.mistakes == []
    assert result.per_class["ant"]["support"] == 1
    assert result.confusion == [[1, 0], [0, 0]]


def test_pictures_that_are_not_annotated_are_counted_and_empty_ones_are_judged() -> None:
    metric = DetectMetric(("ant",))
    final = {"boxes": np.array([[0, 0, 9, 9.0]]), "scores": np.array([0.9]), "classes": np.array([0])}
    prediction = Detections.from_arrays(final, ("ant",))
    truth = Boxes(np.array([[0, 0, 9, 9]], np.float32), ("ant",))
    nothing = Boxes(np.zeros((0, 4), np.float32), ())
    metric.update(
        [prediction] * 3, [Sample("a", IMAGE), Sample("b", IMAGE, boxes=truth), Sample("c", IMAGE, boxes=nothing)]
    )
    result = metric.result(resamples=10)
    assert (result.count, result.left_out) == (2, 1)
    assert result.score == pytest.approx(1)  # of equal scores the first counts
    assert result.confusion == [[1, 0], [1, 0]]


@pytest.mark.parametrize("annotated", [False, True])
def test_pictures_without_any_box_are_an_error(annotated: bool) -> None:
    metric = DetectMetric(("ant",))
    boxes = Boxes(np.zeros((0, 4), np.float32), ()) if annotated else None
    final = {"boxes": np.zeros((0, 4)), "scores": np.zeros(0), "classes": np.zeros(0)}
    metric.update([Detections.from_arrays(final, ("ant",))], [Sample("a", IMAGE, boxes=boxes)])
    for judge in (metric.score, metric.result):
        with pytest.raises(InputError, match="none of the 1 pictures has a box"):
            judge()
    with pytest.raises(InputError, match="none of the 0 pictures"):
        DetectMetric(("ant",)).score()


def test_a_label_that_is_not_known_is_an_error() -> None:
    metric = DetectMetric(("ant", "bee"))
    final = {"boxes": np.zeros((0, 4)), "scores": np.zeros(0), "classes": np.zeros(0)}
    sample = Sample("w.jpg", IMAGE, boxes=Boxes(np.zeros((1, 4), np.float32), ("wasp",)))
    with pytest.raises(InputError, match=r"w\.jpg has a box labelled 'wasp'.*it knows ant, bee"):
        metric.update([Detections.from_arrays(final, metric.labels)], [sample])


def test_a_class_without_a_box_has_no_ap_and_does_not_count() -> None:
    result = judged(random_scene(3, classes=3)).result(resamples=0)
    assert result.per_class["c2"]["support"] == 0
    assert result.per_class["c2"]["ap"] == -1
    assert result.score == pytest.approx(np.mean([result.per_class[label]["ap"] for label in ("c0", "c1")]))


@pytest.mark.data
@pytest.mark.parametrize(("name", "split"), [("bccd", "test"), ("bccd", "val"), ("nuclei", "val")])
def test_every_figure_equals_pycocotools_on_real_annotations(name: str, split: str, shared: Path) -> None:
    from clearsight.data.open import open_data

    data = open_data(shared / "data" / f"{name}.zip")
    labels, random = data.info.labels, np.random.default_rng(0)
    truth, found = [], []
    for sample in data.samples(split):
        assert sample.boxes is not None
        corners, count = sample.boxes.xyxy, len(sample.boxes.labels)
        kinds = np.array([labels.index(label) for label in sample.boxes.labels], np.int64)
        truth.append((corners, kinds, random.random(count) < 0.05))
        near = corners + np.tile(corners[:, 2:] - corners[:, :2], 2) * random.normal(0, 0.08, corners.shape)
        said = np.where(random.random(count) < 0.9, kinds, random.integers(0, len(labels), count))
        found.append((near.astype(np.float32), said, random.random(count).astype(np.float32)))
    scene = Scene(truth, found, len(labels))
    result = judged(scene).result(resamples=0)
    expected = dict(zip(FIGURES, pycocotools(scene).stats, strict=True))
    assert len(truth) > 70
    assert result.values == pytest.approx({k: v for k, v in expected.items() if v > -1}, abs=1e-6)

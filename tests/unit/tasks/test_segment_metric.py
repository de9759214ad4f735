"""The judge of class masks against scikit-learn and hand-worked pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest

from clearsight.core.errors import BadImage, InputError
from clearsight.core.metric import Mark, Result
from clearsight.core.sample import VOID, ArrayImage, Masks, Sample
from clearsight.ops import rle
from clearsight.tasks.segment import metric as metric_module
from clearsight.tasks.segment import words
from clearsight.tasks.segment.draw import GAP, WRONG
from clearsight.tasks.segment.metric import SegmentMetric
from clearsight.tasks.segment.prediction import Segmentation

LABELS = ("road", "pavement", "sky", "dragon")
IMAGE = ArrayImage(np.zeros((2, 2), np.uint8))


@dataclass(frozen=True)
class Held:
    """Something to be loaded."""

    value: object

    def __call__(self) -> object:
        return self.value


def sample(key: str, mask: np.ndarray, labels: tuple[str, ...] = LABELS) -> Sample:
    return Sample(key, IMAGE, masks=Masks("semantic", Held(mask), labels))


def scene(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A truth and an answer uint8 (24, 30) of large patches; the last class does not occur."""
    random = np.random.default_rng(seed)
    truth = np.kron(random.integers(0, 3, (4, 5)), np.ones((6, 6))).astype(np.uint8)
    found = np.roll(truth, random.integers(-2, 3, 2), (0, 1))
    found[random.random(found.shape) < 0.05] = random.integers(0, 3)
    truth[random.random(truth.shape) < 0.1] = VOID
    return truth, found


def judged(pictures: list[tuple[np.ndarray, np.ndarray]]) -> SegmentMetric:
    metric = SegmentMetric(LABELS)
    for place, (truth, found) in enumerate(pictures):
        metric.update([Segmentation(found, LABELS)], [sample(f"{place}.png", truth)])
    return metric


def test_figures_are_of_the_pixels_of_all_pictures_together() -> None:
    from sklearn.metrics import accuracy_score, f1_score, jaccard_score

    pictures = [scene(seed) for seed in range(4)]
    result = judged(pictures).result(resamples=0)
    truth, found = (np.concatenate([pair[side].ravel() for pair in pictures]) for side in (0, 1))
    truth, found = truth[truth != VOID], found[truth != VOID]
    assert result.score == judged(pictures).score() == pytest.approx(jaccard_score(truth, found, average="macro"))
    assert result.values["dice"] == pytest.approx(f1_score(truth, found, average="macro"))
    assert result.values["pixel_accuracy"] == pytest.approx(accuracy_score(truth, found))
    each = jaccard_score(truth, found, average=None)
    assert [result.per_class[label]["iou"] for label in LABELS[:3]] == pytest.approx(each.tolist())
    assert result.per_class["dragon"] == {"iou": -1, "dice": -1, "boundary_f": -1, "share": 0, "support": 0}
    assert sum(row["support"] for row in result.per_class.values()) == len(truth)
    assert sum(row["share"] for row in result.per_class.values()) == pytest.approx(1)
    assert all(sum(row) in range(998, 1003) for row in result.confusion[:3])
    assert result.confusion[3] == [0, 0, 0, 0]
    assert (result.count, result.left_out) == (4, 0)


def test_boundary_f_is_the_mean_over_pictures() -> None:
    pictures = [scene(seed) for seed in range(3)]
    alone = [judged([picture]).result(resamples=0).values["boundary_f"] for picture in pictures]
    assert judged(pictures).result(resamples=0).values["boundary_f"] == pytest.approx(np.mean(alone))
    plain = np.zeros((6, 8), np.uint8)
    assert "boundary_f" not in judged([(plain, plain)]).result(resamples=20).values
    assert judged([*pictures, (plain, plain)]).result(resamples=0).values["boundary_f"] == pytest.approx(np.mean(alone))


def test_intervals_hold_the_figure_and_agree_with_a_plain_bootstrap() -> None:
    pictures = [scene(seed) for seed in range(25)]
    result = judged(pictures).result(resamples=500, seed=1)
    assert set(result.intervals) == {"miou", "dice", "pixel_accuracy", "boundary_f"}
    random = np.random.default_rng(2)
    loops = [judged([pictures[row] for row in random.integers(0, 25, 25)]).score() for _ in range(60)]
    bias = np.mean(loops) - result.score
    assert result.intervals["miou"] == pytest.approx(tuple(np.quantile(loops, [0.025, 0.975]) - bias), abs=0.02)
    for name, (low, high) in result.intervals.items():
        assert 0 <= low < result.values[name] < high <= 1
    assert (
        judged(pictures).result(resamples=20, seed=3).intervals
        == judged(pictures).result(resamples=20, seed=3).intervals
    )


def test_the_worst_pictures_come_first_with_what_is_wrong_and_where() -> None:
    truth = np.zeros((20, 30), np.uint8)
    truth[:, 20:] = 1
    bad, better = truth.copy(), truth.copy()
    bad[5:15, 20:30] = 0  # 100 of 600 pixels
    bad[0:3, 0:10] = 2  # 30
    bad[18:20, 0:4] = 2  # 8 more, apart
    better[0, 0] = 1
    result = judged([(truth, better), (truth, truth), (truth, bad)]).result(resamples=0)
    assert [(wrong.key, wrong.text) for wrong in result.mistakes] == [
        ("2.png", "23 % of the pixels wrong: pavement taken for road (17 %), road taken for sky (6.3 %)"),
        ("0.png", "0.2 % of the pixels wrong: road taken for pavement (0.2 %)"),
    ]
    assert result.mistakes[0].badness == pytest.approx(138 / 600)
    assert result.mistakes[0].marks == (Mark((20, 5, 30, 15), False), Mark((0, 0, 10, 3), False))


def test_the_truth_may_be_of_objects_and_its_classes_in_another_order() -> None:
    mask = np.zeros((6, 8), bool)
    mask[1:4, 2:5] = True
    crowd = np.zeros((6, 8), bool)
    crowd[5] = True
    objects = Masks(
        "instances", Held((rle.from_mask(mask), rle.from_mask(crowd))), ("cat", "cat"), crowd=np.array([False, True])
    )
    metric = SegmentMetric(("background", "cat"))
    found = mask.astype(np.uint8)
    found[5] = 1
    metric.update([Segmentation(found, metric.labels)], [Sample("a", IMAGE, masks=objects)])
    other = Sample("b", IMAGE, masks=Masks("semantic", Held(1 - mask.astype(np.uint8)), ("cat", "background")))
    metric.update([Segmentation(mask.astype(np.uint8), metric.labels)], [other])
    result = metric.result(resamples=0)
    assert result.score == 1
    assert result.per_class["cat"]["support"] == 18
    assert result.mistakes == []


def test_pictures_of_which_nothing_is_known_are_left_out() -> None:
    metric = SegmentMetric(LABELS)
    found = Segmentation(np.zeros((6, 8), np.uint8), LABELS)
    void = np.full((6, 8), VOID, np.uint8)
    metric.update([found, found], [Sample("a", IMAGE), sample("b", void)])
    for judge in (metric.score, metric.result):
        with pytest.raises(InputError, match="none of the 2 pictures has a pixel whose class is known"):
            judge()
    metric.update([found], [sample("c", np.zeros((6, 8), np.uint8))])
    result = metric.result(resamples=10)
    assert (result.count, result.left_out, result.score) == (1, 2, 1.0)


def test_a_mask_that_does_not_fit_is_an_error_and_is_not_counted() -> None:
    metric = SegmentMetric(LABELS)
    found = Segmentation(np.zeros((6, 8), np.uint8), LABELS)
    with pytest.raises(BadImage):
        metric.update([found], [sample("a", np.zeros((6, 9), np.uint8))])
    with pytest.raises(InputError, match=r"b has pixels labelled 'sea'.*it knows road, pavement, sky, dragon"):
        metric.update([found], [sample("b", np.zeros((6, 8), np.uint8), ("sea",))])
    metric.update([found], [sample("c", np.zeros((6, 8), np.uint8))])
    assert metric.result(resamples=0).count == 1


def test_a_result_survives_json_and_every_figure_has_its_words() -> None:
    result = judged([scene(seed) for seed in range(3)]).result(resamples=10)
    written = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert Result.from_dict(written).to_dict() == result.to_dict()
    assert Result.from_dict(written).confused_in == "pixels in a thousand"
    assert {*result.values, *next(iter(result.per_class.values()))} <= set(words.FIGURES)


def test_while_training_watches_only_pixels_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [scene(seed) for seed in range(4)]
    wanted = judged(pictures).score()
    for slow in ("boundary_f", "mistake"):
        monkeypatch.setattr(metric_module, slow, None)  # called, it would fail
    metric = SegmentMetric(LABELS)
    for place, (truth, found) in enumerate(pictures):
        metric.watch([Segmentation(found, LABELS)], [sample(f"{place}.png", truth)])
    assert metric.score() == wanted


def test_the_worst_pictures_are_kept_to_be_shown_with_their_wrong_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metric_module, "PICTURED", 2)
    truth = np.zeros((40, 60), np.uint8)
    truth[:4] = VOID
    pictures = []
    for wrong in (3, 20, 7, 1, 0):
        found = truth.copy()
        found[:4] = 2
        found[10:20, 10 : 10 + wrong] = 1
        pictures.append((truth, found))
    metric = judged(pictures)
    photo = np.full((40, 60, 3), 90, np.uint8)
    assert [metric.beside(f"{place}.png", photo) is None for place in range(5)] == [True, False, False, True, True]
    shown = np.asarray(metric.beside("1.png", photo)).astype(int)
    high, wide = (shown.shape[0] - GAP) // 2, (shown.shape[1] - GAP) // 2
    assert (high, wide) == (round(256 * 40 / 60), 256)
    marked = np.abs(shown - WRONG).max(-1) < 3
    assert marked.sum() == marked[-high:, :wide].sum() == pytest.approx(high * wide * 200 / 2400, rel=0.05)
    assert (shown[10 : high // 2, 10:-10] != 90).any() and (shown[20:high, :wide][:-16] == 90).all()

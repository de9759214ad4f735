"""The task of several labels: targets, thresholds, its judge against scikit-learn, and what it says."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from sklearn import metrics as reference

from clearsight.core.errors import InputError
from clearsight.core.metric import Result
from clearsight.core.pipeline import Answered, Batch
from clearsight.core.reader import DataInfo
from clearsight.core.sample import ArrayImage, Sample
from clearsight.core.task import Situation
from clearsight.ops.random import generator
from clearsight.tasks.multilabel.metric import MultilabelMetric
from clearsight.tasks.multilabel.prediction import LabelSet
from clearsight.tasks.multilabel.task import Multilabel

IMAGE = ArrayImage(np.zeros((4, 6, 3), np.uint8))
LABELS = ("beach", "people", "snow")
TASK = Multilabel(labels=LABELS, size=32)


def sample(key: str, labels: tuple[str, ...] | None) -> Sample:
    return Sample(key, IMAGE, labels)


def said(*probabilities: float, thresholds: tuple[float, ...] = (0.5, 0.5, 0.5)) -> LabelSet:
    final = {"probabilities": np.array(probabilities), "thresholds": np.array(thresholds)}
    return LabelSet.from_arrays(final, LABELS)


def judged(count: int = 300) -> tuple[MultilabelMetric, np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    truth = random.random((count, 3)) < (0.2, 0.5, 0.7)
    scores = (1 / (1 + np.exp(-(random.normal(size=truth.shape) + 2 * truth - 1)))).astype(np.float32)
    limits = (0.3, 0.5, 0.6)
    metric = MultilabelMetric(LABELS)
    predictions = [said(*row, thresholds=limits) for row in scores]
    samples = [sample(str(i), tuple(np.array(LABELS)[row])) for i, row in enumerate(truth)]
    for start, end in ((0, 7), (7, 7), (7, count)):
        metric.update(predictions[start:end], samples[start:end])
    return metric, truth, scores, scores >= np.array(limits, np.float32)


def test_every_figure_equals_scikit_learn() -> None:
    metric, truth, scores, applies = judged()
    result = metric.result(resamples=20)
    expected = {
        "mAP": reference.average_precision_score(truth, scores, average="macro"),
        "exact_match": reference.accuracy_score(truth, applies),
    }
    for average in ("micro", "macro"):
        for name in ("precision", "recall", "f1"):
            expected[f"{average}_{name}"] = getattr(reference, f"{name}_score")(truth, applies, average=average)
    assert dict(result.values) == pytest.approx(expected, abs=1e-9)
    assert result.score == pytest.approx(metric.score(), abs=1e-12)
    columns = reference.precision_recall_fscore_support(truth, applies)
    for k, label in enumerate(LABELS):
        row = result.per_class[label]
        assert [row[name] for name in ("precision", "recall", "f1", "support")] == pytest.approx(
            [c[k] for c in columns]
        )
        assert row["average_precision"] == pytest.approx(reference.average_precision_score(truth[:, k], scores[:, k]))
        assert row["threshold"] == pytest.approx((0.3, 0.5, 0.6)[k])


def test_intervals_hold_the_figure_and_agree_with_a_plain_bootstrap() -> None:
    metric, truth, scores, applies = judged()
    result = metric.result(resamples=1500, seed=1)
    rows = np.random.default_rng(2).integers(0, 300, (200, 300))
    loops = {
        "mAP": [reference.average_precision_score(truth[r], scores[r]) for r in rows],
        "exact_match": [reference.accuracy_score(truth[r], applies[r]) for r in rows],
    }
    for name, (low, high) in result.intervals.items():
        assert low < result.values[name] < high
    for name, values in loops.items():
        assert result.intervals[name] == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])), abs=0.02)
    assert metric.result(resamples=0).intervals == {}
    assert Result.from_dict(json.loads(json.dumps(result.to_dict()))).to_dict() == result.to_dict()


def test_mistakes_name_what_was_missed_and_what_was_wrong_surest_first() -> None:
    metric = MultilabelMetric(LABELS)
    predictions = [said(0.9, 0.4, 0.1), said(0.2, 0.8, 0.99), said(0.1, 0.9, 0.2)]
    metric.update(predictions, [sample("a", ("people",)), sample("b", ("people",)), sample("c", ("people",))])
    assert [(m.key, m.text) for m in metric.result(resamples=0).mistakes] == [
        ("b", "wrongly snow (0.99)"),
        ("a", "missed people (0.40); wrongly beach (0.90)"),
    ]


def test_none_applies_is_judged_and_not_annotated_is_not() -> None:
    metric = MultilabelMetric(LABELS)
    metric.update([said(0.1, 0.2, 0.1), said(0.9, 0.9, 0.9)], [sample("a", ()), sample("b", None)])
    result = metric.result(resamples=10)
    assert (result.count, result.left_out, result.values["exact_match"], result.score) == (1, 1, 1.0, 0.0)
    with pytest.raises(InputError, match=r"^w is labelled 'wasp', which the model does not know; it knows beach"):
        metric.update([said(0, 0, 0)], [sample("w", ("wasp",))])
    with pytest.raises(InputError, match="none of the 0 pictures is annotated"):
        MultilabelMetric(LABELS).score()


def test_targets_are_ones_among_zeros_and_nothing_known_is_nan() -> None:
    stage = TASK.pipeline(train=True, augment={}).sample
    assert stage(sample("a", ("snow", "beach")), IMAGE.load()).target["answer"].tolist() == [1, 0, 1]
    assert stage(sample("a", ()), IMAGE.load()).target["answer"].tolist() == [0, 0, 0]
    assert stage(sample("a", None), IMAGE.load()).target["answer"].isnan().all()
    with pytest.raises(InputError, match="a is labelled 'wasp', which is none of the model's labels"):
        stage(sample("a", ("wasp",)), IMAGE.load())


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_mixed_pictures_have_mixed_answers(kind: str) -> None:
    answer = torch.tensor([[1.0, 0, 1], [0, 0, 1], [torch.nan] * 3, [1, 1, 1]])
    images = torch.zeros(4, 3, 32, 32, dtype=torch.uint8)
    batch = Batch(images, {"answer": answer, "aspect": torch.ones(4)}, list("abcd"))
    mixed = TASK.pipeline(train=True, augment={kind: 1.0}).batch(batch, generator(0)).targets["answer"]
    assert mixed[2:].isnan().all()  # c itself, and d, whose partner c is
    assert mixed[0, 2] == 1 and mixed[1].tolist() == pytest.approx([float(mixed[1, 0]), 0, 1])
    assert 0 < mixed[1, 0] < 1


def test_thresholds_are_fitted_and_answered_by() -> None:
    random = np.random.default_rng(0)
    truth = random.random((200, 3)) < 0.3
    logits = torch.from_numpy(np.where(truth, -1.0, -3.0) + 0.1 * random.normal(size=truth.shape))
    samples = [sample(str(i), tuple(np.array(LABELS)[row])) for i, row in enumerate(truth)]
    unknown = Answered({"logits": torch.full((1, 3), 9.0, dtype=logits.dtype)}, torch.zeros(1, 6), [sample("x", None)])
    fitted = TASK.calibrated([Answered({"logits": logits}, torch.zeros(200, 6), samples), unknown])
    assert all(0.06 < threshold < 0.26 for threshold in fitted.thresholds)
    finals = fitted.postprocess()({"logits": logits}, torch.zeros(200, 6))
    found = [fitted.wrap({name: value[i].numpy() for name, value in finals.items()}) for i in range(200)]
    assert all((prediction.applies == row).all() for prediction, row in zip(found, truth, strict=True))
    assert TASK.calibrated([unknown]) is TASK
    with pytest.raises(ValueError, match="as many thresholds"):
        Multilabel(labels=LABELS, size=32, thresholds=(0.5,))


def test_what_a_prediction_says() -> None:
    prediction = said(0.2, 0.75, 0.5, thresholds=(0.1, 0.8, 0.5))
    assert prediction.found == [("snow", 0.5), ("beach", pytest.approx(0.2))]
    assert prediction.headline() == "snow 0.50, beach 0.20" and repr(prediction) == "LabelSet(snow 0.50, beach 0.20)"
    assert prediction.to_dict()["labels"] == ["snow", "beach"]
    assert list(prediction.to_dict()["scores"]) == ["people", "snow", "beach"]
    assert said(0.1, 0.2, 0.3).headline() == "no label" and said(0.1, 0.2, 0.3).to_dict()["labels"] == []
    assert prediction.draw(np.zeros((40, 300, 3), np.uint8)).height > 100
    with pytest.raises(ValueError, match="3 labels"):
        LabelSet.from_arrays({"probabilities": np.ones(2), "thresholds": np.ones(2)}, LABELS)


def test_the_task_of_a_data_set_and_its_settings() -> None:
    info = DataInfo("table", {"train": 9}, ("red",), frozenset({"labels"}), several=True)
    task = Multilabel.from_data(info, [(32, 32)], {})
    assert (task.labels, task.size, task.fit) == (("red",), 32, "squash")
    suggested = task.suggest(Situation(500, "cpu", "download"))
    assert suggested["loss"][0] == "bce" and "label_smoothing" not in task.settled(suggested)
    with pytest.raises(InputError, match="no label at all"):
        Multilabel.from_data(DataInfo("table", {"train": 9}, (), frozenset({"labels"})), [], {})


def test_weights_are_those_of_what_applies() -> None:
    samples = [sample("a", ("beach",)), sample("b", ("people",)), sample("c", ("people",)), sample("d", ())]
    weights = TASK.loss_options({"class_weights": "balanced"}, [*samples, sample("e", None)])["class_weights"]
    assert weights.tolist() == pytest.approx([3, 1, 4])
    roots = TASK.loss_options({"class_weights": "root"}, [*samples, sample("e", None)])["class_weights"]
    assert roots.tolist() == pytest.approx([3**0.5, 1, 2])
    assert TASK.loss_options({}, samples)["class_weights"] is None
    with pytest.raises(InputError, match="does not fit several labels"):
        TASK.loss_options({"loss": "mse"}, samples)

"""The judge of classifiers against scikit-learn and hand-worked cases."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn import metrics as reference

from clearsight.core.errors import InputError
from clearsight.core.metric import Result
from clearsight.core.sample import ArrayImage, Sample
from clearsight.tasks.classify.metric import ClassifyMetric
from clearsight.tasks.classify.prediction import Classification

IMAGE = ArrayImage(np.zeros((2, 2), np.uint8))


def sample(key: str, *labels: str) -> Sample:
    return Sample(key, IMAGE, labels)


def judged(classes: int, count: int = 400, seed: int = 0) -> tuple[ClassifyMetric, np.ndarray, np.ndarray]:
    """A metric that has seen random pictures in batches of uneven size, their truth and probabilities."""
    random = np.random.default_rng(seed)
    labels = [f"c{i}" for i in range(classes)]
    truth = random.integers(0, classes, count)
    scores = np.exp(random.normal(size=(count, classes)) + 2 * np.eye(classes)[truth])
    chances = (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)
    metric = ClassifyMetric(labels)
    predictions = [Classification(row, labels) for row in chances]
    samples = [sample(str(i), labels[c]) for i, c in enumerate(truth)]
    for start, end in ((0, 7), (7, 7), (7, 300), (300, count)):
        metric.update(predictions[start:end], samples[start:end])
    return metric, truth, chances


def test_every_figure_equals_scikit_learn() -> None:
    metric, truth, chances = judged(8)
    predicted = chances.argmax(axis=1)
    result = metric.result(resamples=20)
    expected = {
        "accuracy": reference.accuracy_score(truth, predicted),
        "top5": reference.top_k_accuracy_score(truth, chances, k=5, labels=range(8)),
        "nll": -np.log(chances[np.arange(400), truth].astype(float)).mean(),
    }
    for average in ("macro", "weighted"):
        for name in ("precision", "recall", "f1"):
            score = getattr(reference, f"{name}_score")
            expected[f"{average}_{name}"] = score(truth, predicted, average=average, zero_division=0)
    found = dict(result.values)
    assert 0 < found.pop("ece") < 1
    assert found == pytest.approx(expected)
    assert result.score == metric.score() == found["accuracy"]
    assert result.confusion == reference.confusion_matrix(truth, predicted).tolist()
    by_class = reference.precision_recall_fscore_support(truth, predicted, zero_division=0)
    for i, label in enumerate(result.labels):
        assert list(result.per_class[label].values()) == pytest.approx([column[i] for column in by_class])
    assert result.count == 400


def test_intervals_hold_the_figure_and_agree_with_a_plain_bootstrap() -> None:
    metric, truth, chances = judged(6)
    predicted = chances.argmax(axis=1)
    result = metric.result(resamples=2000, seed=1)
    assert set(result.intervals) == {"accuracy", "top5", "macro_f1", "weighted_f1"}
    random = np.random.default_rng(2)
    rows = random.integers(0, 400, (300, 400))
    loops = {
        "accuracy": [reference.accuracy_score(truth[r], predicted[r]) for r in rows],
        "macro_f1": [reference.f1_score(truth[r], predicted[r], average="macro") for r in rows],
    }
    for name, (low, high) in result.intervals.items():
        assert low < result.values[name] < high
    for name, values in loops.items():
        assert result.intervals[name] == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])), abs=0.012)


def test_intervals_hold_the_figure_with_few_pictures_of_many_classes() -> None:
    metric, _, _ = judged(200, 600)
    result = metric.result()
    for name, (low, high) in result.intervals.items():
        assert low < result.values[name] < high


def test_the_same_seed_gives_the_same_intervals_and_none_are_made_of_no_resamples() -> None:
    metric, _, _ = judged(3)
    assert metric.result(resamples=50, seed=4).intervals == metric.result(resamples=50, seed=4).intervals
    assert metric.result(resamples=50, seed=4).intervals != metric.result(resamples=50, seed=5).intervals
    assert metric.result(resamples=0).intervals == {}


def test_five_classes_have_no_top_five() -> None:
    assert "top5" not in judged(5)[0].result(resamples=10).values
    assert "top5" in judged(6)[0].result(resamples=10).values


def test_mistakes_are_named_worst_first() -> None:
    metric = ClassifyMetric(("ant", "bee"))
    chances = {"a": (0.4, 0.6), "b": (0.02, 0.98), "c": (0.9, 0.1), "d": (0.7, 0.3)}
    truths = {"a": "ant", "b": "ant", "c": "ant", "d": "bee"}
    predictions = [Classification(np.array(p, np.float32), metric.labels) for p in chances.values()]
    metric.update(predictions, [sample(key, label) for key, label in truths.items()])
    result = metric.result()
    assert [(m.key, m.text) for m in result.mistakes] == [
        ("b", "ant, taken for bee (0.98)"),
        ("d", "bee, taken for ant (0.70)"),
        ("a", "ant, taken for bee (0.60)"),
    ]
    assert result.mistakes[0].badness == pytest.approx(0.98)
    assert result.confusion == [[1, 2], [1, 0]]


def test_a_result_survives_json() -> None:
    result = judged(6)[0].result(resamples=10)
    assert Result.from_dict(json.loads(json.dumps(result.to_dict()))).to_dict() == result.to_dict()


def test_pictures_without_a_label_are_counted_and_not_judged() -> None:
    metric = ClassifyMetric(("ant", "bee"))
    prediction = Classification(np.array([0.9, 0.1], np.float32), metric.labels)
    metric.update([prediction] * 3, [sample("a", "ant"), Sample("b", IMAGE), sample("c")])
    result = metric.result(resamples=10)
    assert (result.count, result.left_out, result.score) == (1, 2, 1.0)


def test_only_pictures_without_a_label_are_an_error() -> None:
    metric = ClassifyMetric(("ant", "bee"))
    metric.update([Classification(np.array([0.9, 0.1], np.float32), metric.labels)], [Sample("b", IMAGE)])
    for judge in (metric.score, metric.result):
        with pytest.raises(InputError, match="none of the 1 pictures has a label"):
            judge()


@pytest.mark.parametrize(
    ("labels", "message"),
    [(("wasp",), "w.jpg is labelled 'wasp'.*it knows ant, bee"), (("ant", "bee"), "w.jpg has 2 labels")],
)
def test_labels_that_cannot_be_judged_are_errors(labels: tuple[str, ...], message: str) -> None:
    metric = ClassifyMetric(("ant", "bee"))
    prediction = Classification(np.array([0.9, 0.1], np.float32), metric.labels)
    with pytest.raises(InputError, match=message):
        metric.update([prediction], [sample("w.jpg", *labels)])

"""The task of numbers: their units, its judge against scikit-learn, and what it says."""

from __future__ import annotations

import json
from math import inf, nan

import numpy as np
import pytest
import torch
from sklearn import metrics as reference

from clearsight.core.errors import InputError
from clearsight.core.metric import Result
from clearsight.core.pipeline import Batch
from clearsight.core.reader import DataInfo
from clearsight.core.sample import ArrayImage, Sample
from clearsight.core.task import Situation
from clearsight.ops.random import generator
from clearsight.tasks.regress.metric import POINTS, RegressMetric
from clearsight.tasks.regress.prediction import Values, shown
from clearsight.tasks.regress.task import Regress

IMAGE = ArrayImage(np.zeros((4, 6, 3), np.uint8))
NAMES = ("age", "weight")
TASK = Regress(labels=NAMES, size=32, mean=(40.0, 70.0), deviation=(20.0, 10.0))


def sample(key: str, **values: float) -> Sample:
    return Sample(key, IMAGE, values=values)


def said(*numbers: float, deviations: tuple[float, ...] = (20.0, 10.0)) -> Values:
    return Values.from_arrays({"numbers": np.array(numbers), "deviations": np.array(deviations)}, NAMES)


def judged(count: int = 700) -> tuple[RegressMetric, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    truth = random.normal((40, 70), (20, 10), (count, 2))
    found = (truth + random.normal(size=truth.shape)).astype(np.float32)
    metric = RegressMetric(NAMES)
    samples = [sample(str(i), age=row[0], weight=row[1]) for i, row in enumerate(truth)]
    predictions = [said(*row) for row in found]
    for start, end in ((0, 7), (7, 7), (7, count)):
        metric.update(predictions[start:end], samples[start:end])
    return metric, truth, found


def test_every_figure_equals_scikit_learn() -> None:
    metric, truth, found = judged()
    result = metric.result(resamples=20)
    expected = {
        "mae": reference.mean_absolute_error(truth, found),
        "rmse": reference.root_mean_squared_error(truth, found),
        "r2": reference.r2_score(truth, found),
    }
    assert dict(result.values) == pytest.approx(expected)
    assert (result.headline, result.higher_is_better, result.per) == ("mae", False, "value")
    assert result.score == pytest.approx(metric.score())
    each = reference.mean_absolute_error(truth, found, multioutput="raw_values")
    assert [result.per_class[name]["mae"] for name in NAMES] == pytest.approx(each.tolist())
    assert result.confusion is None and result.count == 700
    assert POINTS / 2 < len(result.points["age"]) <= POINTS
    assert result.points["age"][1] == pytest.approx((truth[2, 0], found[2, 0]))
    assert Result.from_dict(json.loads(json.dumps(result.to_dict()))).to_dict() == result.to_dict()


def test_intervals_hold_the_figure_and_agree_with_a_plain_bootstrap() -> None:
    metric, truth, found = judged(200)
    result = metric.result(resamples=1500, seed=1)
    rows = np.random.default_rng(2).integers(0, 200, (300, 200))
    loops = [reference.mean_absolute_error(truth[r], found[r]) for r in rows]
    assert result.intervals["mae"] == pytest.approx(tuple(np.quantile(loops, [0.025, 0.975])), abs=0.02)
    for name, (low, high) in result.intervals.items():
        assert low < result.values[name] < high


def test_values_that_are_missing_are_left_out_one_by_one() -> None:
    metric = RegressMetric(NAMES)
    samples = [sample("a", age=30.0), sample("b", age=50.0, weight=60.0), sample("c"), Sample("d", IMAGE)]
    metric.update([said(31, 0), said(50, 64), said(0, 0), said(0, 0)], samples)
    result = metric.result(resamples=20)
    assert (result.count, result.left_out) == (2, 2)
    assert result.per_class["age"]["mae"] == 0.5 and result.per_class["weight"]["mae"] == 4
    assert [(m.key, m.text) for m in result.mistakes] == [
        ("a", "age 30.0, found 31.0"),
        ("b", "age 50.0, found 50.0; weight 60.0, found 64.0"),
    ]
    with pytest.raises(InputError, match="none of the 1 pictures has a value"):
        bare = RegressMetric(NAMES)
        bare.update([said(0, 0)], [Sample("d", IMAGE)])
        bare.result()


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_what_is_no_number_is_refused_with_its_picture(value: float) -> None:
    bad = sample("b.jpg", age=value)
    message = r"^b.jpg: its age is -?(nan|inf), which is no number"
    with pytest.raises(InputError, match=message):
        TASK.fitted([sample("a", age=1.0, weight=2.0), bad])
    with pytest.raises(InputError, match=message):
        TASK.pipeline(train=True, augment={}).sample(bad, IMAGE.load())
    with pytest.raises(InputError, match=message):
        RegressMetric(NAMES).update([said(0, 0)], [bad])


def test_mean_and_deviation_are_those_of_the_training_pictures() -> None:
    samples = [sample("a", age=10.0, weight=50.0), sample("b", age=30.0), sample("c", weight=52.0)]
    fitted = Regress(labels=NAMES, size=32).fitted(samples)
    assert (fitted.mean, fitted.deviation) == ((20.0, 51.0), (10.0, 1.0))
    target = fitted.pipeline(train=True, augment={}).sample(samples[1], IMAGE.load()).target["answer"]
    assert target[0] == 1 and target[1].isnan()
    finals = fitted.postprocess()({"logits": torch.tensor([[1.0, -2.0]])}, torch.zeros(1, 6))
    assert finals["numbers"].tolist() == [[30.0, 49.0]] and finals["deviations"].tolist() == [[10.0, 1.0]]
    with pytest.raises(InputError, match="no training picture has a value of 'weight'"):
        TASK.fitted([sample("a", age=1.0), sample("b", age=2.0)])
    with pytest.raises(InputError, match="every training picture has the same 'age', 3:"):
        Regress(labels=("age",), size=32).fitted([sample("a", age=3.0), sample("b", age=3.0)])


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_mixed_pictures_have_mixed_numbers(kind: str) -> None:
    answer = torch.tensor([[1.0, 0.0], [-1.0, torch.nan], [3.0, 1.0]])
    images = torch.zeros(3, 3, 32, 32, dtype=torch.uint8)
    batch = Batch(images, {"answer": answer, "aspect": torch.ones(3)}, list("abc"))
    mixed = TASK.pipeline(train=True, augment={kind: 1.0}).batch(batch, generator(0)).targets["answer"]
    assert 1 <= mixed[0, 0] <= 3 and -1 <= mixed[1, 0] <= 1 and 0 <= mixed[0, 1] <= 1
    assert mixed[1:, 1].isnan().all()


def test_what_a_prediction_says() -> None:
    prediction = said(31.234567, 0.1)
    assert prediction.values == {"age": pytest.approx(31.234567, abs=1e-5), "weight": 0.1}
    assert prediction.headline() == "age 31.2, weight 0.1" and repr(prediction) == "Values(age 31.2, weight 0.1)"
    assert prediction.to_dict() == {"values": prediction.values}
    assert prediction.draw(np.zeros((40, 300, 3), np.uint8)).height > 80
    with pytest.raises(ValueError, match="2 values"):
        Values.from_arrays({"numbers": np.ones(3), "deviations": np.ones(3)}, NAMES)


@pytest.mark.parametrize(
    ("number", "deviation", "text"),
    [(31.26, 20, "31.3"), (1.7449, 0.1, "1.745"), (251_300.4, 90_000, "251300"), (-0.0001, 5, "0.00"), (3, 0, "3.00")],
)
def test_numbers_are_shown_with_the_digits_that_tell_something(number: float, deviation: float, text: str) -> None:
    assert shown(number, deviation) == text


def test_the_task_of_a_data_set_and_its_settings() -> None:
    info = DataInfo("table", {"train": 9}, ("x",), frozenset({"values"}), values=("age",))
    task = Regress.from_data(info, [(32, 32)], {"channels": 1})
    assert (task.labels, task.size, task.channels) == (("age",), 32, 1)
    settled = task.settled({**task.suggest(Situation(500, "cpu", "download")), "tta": ("flip", "the net")})
    assert settled["loss"][0] == "huber" and settled["flip"][0] == 0
    assert not settled.keys() & {"label_smoothing", "crop", "shift", "tta"}
    with pytest.raises(InputError, match="say --value-column"):
        Regress.from_data(DataInfo("table", {"train": 9}, (), frozenset({"values"})), [], {})
    with pytest.raises(InputError, match="does not fit numbers"):
        task.loss_options({"loss": "bce"}, [])
    with pytest.raises(ValueError, match="as many means"):
        Regress(labels=NAMES, size=32, mean=(1.0,), deviation=(1.0,))


def test_differences_are_measured_by_the_deviation() -> None:
    from clearsight.ops.difference import largest_difference as difference

    one = {"numbers": np.array([40.0, 70.0])}
    assert difference(one, {"numbers": np.array([40.2, 70.0])}, TASK.scales()) == pytest.approx(0.01)
    assert difference(one, {"numbers": np.array([40.2, 70.0])}) == pytest.approx(0.2)


def test_a_model_that_goes_on_keeps_the_scale_its_weights_answer_in() -> None:
    parent = Regress(labels=("age", "height"), size=16, mean=(40.0, 170.0), deviation=(10.0, 20.0))
    child = Regress(labels=("weight", "age"), size=16, mean=(70.0, 11.0), deviation=(5.0, 1.0)).after(parent)
    assert child.mean == (70.0, 40.0) and child.deviation == (5.0, 10.0)

"""What classification chooses, prepares and augments."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import torch

from clearsight.core.errors import InputError
from clearsight.core.pipeline import Answered, Batch, stack
from clearsight.core.reader import DataInfo
from clearsight.core.sample import ArrayImage, Sample
from clearsight.core.task import Situation
from clearsight.engine.config import TrainOptions
from clearsight.ops.random import generator
from clearsight.ops.resize import Fit
from clearsight.tasks.classify.task import Classify
from clearsight.tasks.picture.augment import Augmentation, one_hot


def info(*labels: str) -> DataInfo:
    return DataInfo("folder", {"train": 10}, labels, frozenset({"labels"}))


@pytest.mark.parametrize(
    ("sizes", "size", "fit"),
    [
        ([(8, 8)] * 3, 16, "squash"),
        ([(32, 32)], 32, "squash"),
        ([(375, 500), (500, 333)], 256, "crop"),
        ([(130, 160)], 128, "crop"),
        ([], 256, "crop"),
    ],
)
def test_the_size_follows_the_pictures(sizes: list[tuple[int, int]], size: int, fit: str) -> None:
    task = Classify.from_data(info("a", "b"), sizes, {"size": None})
    assert (task.size, task.fit) == (size, fit)


def test_what_the_user_says_of_the_task_wins() -> None:
    task = Classify.from_data(info("a", "b"), [(32, 32)], {"size": 48, "channels": 1, "fit": "letterbox"})
    assert (task.size, task.channels, task.fit, task.share) == (48, 1, "letterbox", 1.0)
    shares = [
        Classify.from_data(info("a", "b"), sizes, {"share": share}).share
        for sizes in ([(32, 32)], [(130, 160)])
        for share in (None, 0.5)
    ]
    assert shares == [1.0, 1.0, 0.875, 0.5]


@pytest.mark.parametrize("labels", [(), ("cat",)])
def test_fewer_than_two_classes_are_refused(labels: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="two classes"):
        Classify.from_data(info(*labels), [], {})


@pytest.mark.parametrize("weights", [None, "download"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [32, 224])
def test_suggestions_are_options_with_reasons(weights: str | None, channels: int, size: int) -> None:
    task = Classify(labels=("a", "b"), size=size, channels=channels)  # type: ignore[arg-type]
    suggested = task.suggest(Situation(1000, "cpu", weights))
    assert suggested.keys() <= TrainOptions.model_fields.keys()
    TrainOptions(data="x", **{name: value for name, (value, _) in suggested.items()})
    assert all(reason for _, reason in suggested.values())
    assert channels == 3 or weights or suggested["flip"][0] == 0


def test_examples_keep_label_and_aspect() -> None:
    task = Classify(labels=("a", "b"), size=32)
    sample = Sample("k", ArrayImage(np.zeros((20, 40, 3), np.uint8)), ("b",))
    example = task.pipeline(train=True, augment={"crop": 0.5}).sample(sample, sample.image.load())
    assert example.image.shape == (3, 37, 37) and example.target["label"] == 1 and example.target["aspect"] == 2
    judged = task.pipeline(train=False).sample(sample, sample.image.load())
    assert judged.image.shape == (3, 32, 32) and judged.target["frame"].tolist() == [0.625, 0.625, 10, 0, 40, 20]


@pytest.mark.parametrize(("fit", "levels"), [("crop", 0.5), ("letterbox", 0.5), ("squash", 1.5)])  # in 8-bit arithmetic
@pytest.mark.parametrize("channels", [1, 3])
def test_training_without_resampling_sees_what_prediction_sees(
    fit: Fit, levels: float, channels: Literal[1, 3]
) -> None:
    task = Classify(labels=("a", "b"), size=32, fit=fit, channels=channels)
    photo = np.random.default_rng(0).integers(0, 256, (48, 70, 3), dtype=np.uint8)
    sample = Sample("k", ArrayImage(photo), ("b",))
    stages = task.pipeline(train=True, augment={"crop": 1.0, "flip": 0.0})
    learnt = stages.batch(stack([stages.sample(sample, photo)]), generator(0)).images
    seen, _ = task.preprocess()(torch.from_numpy(photo))
    torch.testing.assert_close(learnt, seen, atol=(levels + 1e-3) / 255, rtol=0)


@pytest.mark.parametrize(("labels", "words"), [(("a", "b"), "2 labels"), (("c",), "none of the model's classes")])
def test_wrong_labels_are_named(labels: tuple[str, ...], words: str) -> None:
    task = Classify(labels=("a", "b"), size=32)
    sample = Sample("k", ArrayImage(np.zeros((32, 32, 3), np.uint8)), labels)
    with pytest.raises(InputError, match=words):
        task.pipeline(train=True, augment={}).sample(sample, sample.image.load())


def batch(count: int = 6, side: int = 16) -> Batch:
    images = torch.randint(
        0, 256, (count, 3, side, side), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    return Batch(
        images, {"label": torch.arange(count) % 3, "aspect": torch.ones(count)}, [str(i) for i in range(count)]
    )


def test_no_augmentation_only_scales() -> None:
    made = Augmentation({}, 16, 3)(batch(), generator(0))
    torch.testing.assert_close(made.images, batch().images.float() / 255)


@pytest.mark.parametrize(
    "strengths",
    [{"flip": 0.5}, {"shift": 0.2}, {"crop": 0.3}, {"rotate": 30.0}, {"colour": 0.4}, {"erase": 1.0}, {"mixup": 0.5},
     {"cutmix": 1.0},
     {"flip": 0.5, "shift": 0.1, "crop": 0.5, "rotate": 10.0, "colour": 0.2, "erase": 0.5, "mixup": 0.2, "cutmix": 1.0}],
)  # fmt: skip
def test_each_augmentation_changes_pictures_within_range_and_repeats(strengths: dict[str, float]) -> None:
    stage = Augmentation(strengths, 16, 3)
    first, again, other = (stage(batch(), generator(seed)) for seed in (1, 1, 2))
    assert first.images.shape == (6, 3, 16, 16) and first.images.min() >= 0 and first.images.max() <= 1
    assert torch.equal(first.images, again.images)
    assert not torch.equal(first.images, other.images)
    assert not torch.equal(first.images, batch().images.float() / 255)


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_mixed_shares_sum_to_one_and_unknown_partners_leave_none(kind: str) -> None:
    made = batch()
    made.targets["label"][2] = -1
    shares = Augmentation({kind: 1.0}, 16, 3)(made, generator(3)).targets["shares"]
    assert shares.sum(1).tolist() == pytest.approx([1, 1, 0, 0, 1, 1])


def test_one_hot_of_the_unknown_is_zero() -> None:
    assert one_hot(torch.tensor([1, -1]), 3).tolist() == [[0, 1, 0], [0, 0, 0]]


def test_balanced_weights_by_hand() -> None:
    task = Classify(labels=("a", "b"), size=32)
    samples = [Sample(str(i), ArrayImage(np.zeros((1, 1, 3), np.uint8)), ("a" if i < 3 else "b",)) for i in range(4)]
    weights = task.loss_options({"class_weights": "balanced"}, samples)["class_weights"]
    assert weights.tolist() == pytest.approx([4 / (2 * 3), 4 / (2 * 1)])
    roots = task.loss_options({"class_weights": "root"}, samples)["class_weights"]
    assert float(roots[1] / roots[0]) == pytest.approx(3**0.5)
    assert task.loss_options({"class_weights": "none"}, samples)["class_weights"] is None


def test_the_temperature_is_fitted_and_softens() -> None:
    task = Classify(labels=("a", "b"), size=32)
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 400)
    sure = np.where((truth == 1) ^ (rng.random(400) < 0.2), 6.0, -6.0)  # certain, and wrong once in five
    samples = [
        Sample(str(i), ArrayImage(np.zeros((1, 1, 3), np.uint8)), (task.labels[t],)) for i, t in enumerate(truth)
    ]
    logits = torch.from_numpy(np.stack([-sure / 2, sure / 2], 1))
    halves = (slice(200), slice(200, 400))
    parts = [Answered({"logits": logits[rows]}, torch.zeros(200, 6), samples[rows]) for rows in halves]
    fitted = task.calibrated(parts)
    # the probability of the answer should be 0.8: 6 / T = log(4)
    assert fitted.temperature == pytest.approx(6 / np.log(4), rel=0.1)
    assert task.calibrated([Answered({"logits": logits}, torch.zeros(400, 6), samples)]) == fitted
    assert task.calibrated(()) is task


def test_photographs_are_learnt_smaller_than_they_are_judged_where_crops_magnify() -> None:
    def learnt(size: int, any_size: bool) -> object:
        task = Classify.from_data(info("a", "b"), [], {"size": size})
        return task.suggest(Situation(1000, "cpu", "file", any_size=any_size)).get("train_size", (None,))[0]

    assert [learnt(size, True) for size in (32, 128, 160, 224, 256, 384)] == [None, 128, 128, 192, 224, 320]
    assert learnt(256, False) is None

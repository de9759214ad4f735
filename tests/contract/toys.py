"""Small tasks, nets and learners that stand for what is to come: boxes, two phases, no phase. In tests only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from clearsight.core.learner import Learner, ParamGroup, split_decay
from clearsight.core.metric import Metric, Result
from clearsight.core.net import Net, Outputs
from clearsight.core.pipeline import Batch, Example, Postprocess, Preprocess, Stages
from clearsight.core.prediction import Prediction
from clearsight.core.reader import DataInfo
from clearsight.core.sample import Array, ArrayImage, Boxes, Sample
from clearsight.core.task import Situation, Task
from clearsight.ops.geometry import canvas_to_photo, photo_to_canvas
from clearsight.ops.resize import fit


@dataclass(frozen=True, eq=False)
class OneBox(Prediction):
    """The one box of a picture, in its pixels."""

    finals: ClassVar[Mapping[str, str]] = {"box": "4"}
    box: Array

    @classmethod
    def from_arrays(cls, final: Mapping[str, Array], labels: Sequence[str]) -> Self:
        return cls(final["box"])

    def to_dict(self) -> dict[str, Any]:
        return {"box": [float(v) for v in self.box]}

    def headline(self) -> str:
        return str(self.box.round())

    def draw(self, image: Any) -> Any:
        from PIL import Image, ImageDraw

        picture = Image.fromarray(image)
        ImageDraw.Draw(picture).rectangle([float(v) for v in self.box], outline="red")
        return picture


def iou(a: Array, b: Array) -> float:
    """Intersection over union of two boxes xyxy."""
    width, height = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    inside = max(width, 0) * max(height, 0)
    return float(inside / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - inside))


class MeanIoU(Metric[OneBox]):
    headline = "iou"

    def __init__(self) -> None:
        self.found: list[float] = []

    def update(self, predictions: Sequence[OneBox], samples: Sequence[Sample]) -> None:
        for prediction, sample in zip(predictions, samples, strict=True):
            if sample.boxes is not None:
                self.found.append(iou(prediction.box, sample.boxes.xyxy[0]))

    def score(self) -> float:
        return float(np.mean(self.found))

    def result(self, *, resamples: int = 1000, seed: int = 0) -> Result:
        return Result("iou", True, {"iou": self.score()}, count=len(self.found))


class BoxPreprocess(Preprocess):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, photo: Tensor) -> tuple[Tensor, Tensor]:
        canvas, frame = fit(photo, self.size, "letterbox")
        return canvas / 255, frame


class BoxPostprocess(Postprocess):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, outputs: dict[str, Tensor], frame: Tensor) -> dict[str, Tensor]:
        corners = outputs["box"].reshape(-1, 2, 2) * self.size
        return {"box": canvas_to_photo(corners, frame).flatten(1)}


class FindBox(Task[OneBox]):
    """Where is the one bright box?"""

    name: ClassVar[str] = "toy-box"
    needs: ClassVar[frozenset[str]] = frozenset({"boxes"})
    outputs: ClassVar[Mapping[str, str]] = {"box": "B 4"}
    prediction: ClassVar[type[OneBox]] = OneBox
    verbs: ClassVar[frozenset[str]] = frozenset({"train", "predict"})

    @classmethod
    def from_data(cls, info: DataInfo, sizes: Sequence[tuple[int, int]], options: Mapping[str, Any]) -> Self:
        return cls(labels=info.labels, size=16)

    @classmethod
    def default_net(cls, size: int, situation: Situation) -> tuple[str, str]:
        return "corner", "the only one"

    def suggest(self, situation: Situation) -> Mapping[str, tuple[Any, str]]:
        return {"lr": (1e-2, "a toy")}

    def pipeline(self, train: bool, augment: Mapping[str, float] | None = None) -> Stages:
        preprocess = self.preprocess()

        def sample(sample: Sample, pixels: Any) -> Example:
            canvas, frame = preprocess(torch.from_numpy(pixels))
            boxes = torch.full((4,), float("nan"))
            if sample.boxes is not None:
                corners = torch.from_numpy(sample.boxes.xyxy[0]).reshape(2, 2)
                boxes = photo_to_canvas(corners, frame[0]).flatten() / self.size
            return Example(sample.key, (canvas[0] * 255).round().to(torch.uint8), {"box": boxes, "frame": frame[0]})

        def batch(batch: Batch, generator: torch.Generator) -> Batch:
            return Batch(batch.images.float() / 255, batch.targets, batch.keys)

        return Stages(sample, f"toy {self.size}", batch)

    def preprocess(self) -> Preprocess:
        return BoxPreprocess(self.size)

    def postprocess(self) -> Postprocess:
        return BoxPostprocess(self.size)

    def metric(self) -> MeanIoU:
        return MeanIoU()

    def question(self, prediction: OneBox) -> Callable[[dict[str, Tensor]], Tensor]:
        return lambda outputs: outputs["box"].sum()


class CornerNet(Net):
    """A linear map from pixels to corners."""

    name = "corner"

    def __init__(self, task: Task[Any]) -> None:
        super().__init__()
        self.config = {}
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(3 * task.size**2, 64), nn.ReLU(), nn.Linear(64, 4))

    @classmethod
    def build(cls, task: Task[Any], config: Mapping[str, Any]) -> Self:
        return cls(task)

    def forward(self, images: Tensor) -> Outputs:
        return {"box": self.body(images)}

    def learner(self, options: Mapping[str, Any]) -> CornerLearner:
        return CornerLearner(self)


class CornerLearner(Learner):
    def __init__(self, net: Net) -> None:
        super().__init__()
        self.net = net

    def training_step(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        found, wanted = self.net(batch.images)["box"], batch.targets["box"]
        known = wanted.isfinite()
        wanted = torch.where(known, wanted, found.detach())
        return {"l1": F.l1_loss(found, wanted), "l2": F.mse_loss(found, wanted)}


class Critic(Learner):
    """Two phases that pull against each other, as a GAN's do: the critic tells the net's boxes from true ones."""

    phases: ClassVar[tuple[str, ...]] = ("critic", "net")

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.net = net
        self.critic = nn.Linear(4, 1)

    def training_step(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        found, wanted = self.net(batch.images)["box"], batch.targets["box"]
        if phase == "critic":
            true, false = self.critic(wanted), self.critic(found.detach())
            return {"critic": F.softplus(-true).mean() + F.softplus(false).mean()}
        return {"fool": 0.01 * F.softplus(-self.critic(found)).mean(), "l1": F.l1_loss(found, wanted)}

    def parameter_groups(self, phase: str) -> list[ParamGroup]:
        part: nn.Module = self.critic if phase == "critic" else self.net
        return split_decay(list(part.parameters()))


class MemoryBank(Learner):
    """No phase: one pass collects the mean picture and the mean box, and the net answers with what lies nearest."""

    phases: ClassVar[tuple[str, ...]] = ()
    mean: Tensor

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("mean", torch.zeros(4))
        self.register_buffer("count", torch.zeros(()))

    def training_step(self, batch: Batch, phase: str) -> dict[str, Tensor]:
        raise AssertionError("a learner without phases is never asked to step")

    @torch.no_grad()
    def finish(self, batches: Iterable[Batch]) -> None:
        boxes = torch.cat([batch.targets["box"] for batch in batches])
        self.mean.copy_(boxes.mean(0))
        self.count.fill_(len(boxes))
        last = self.net.body[-1]  # type: ignore[index]
        last.weight.zero_()
        last.bias.copy_(self.mean)


def bright_boxes(count: int, seed: int = 0, annotated: bool = True) -> list[Sample]:
    """Pictures of unequal shapes with one bright box each."""
    rng = np.random.default_rng(seed)
    samples = []
    for number in range(count):
        height, width = int(rng.integers(20, 50)), int(rng.integers(20, 50))
        x0, y0 = rng.integers(0, width - 12), rng.integers(0, height - 12)
        box = np.array([[x0, y0, x0 + rng.integers(8, 13), y0 + rng.integers(8, 13)]], np.float32)
        pixels = rng.integers(0, 60, (height, width, 3), dtype=np.uint8)
        x0, y0, x1, y1 = box[0].astype(int)
        pixels[y0:y1, x0:x1] = 230
        boxes = Boxes(box, ("bright",)) if annotated else None
        samples.append(Sample(f"box/{number:03}", ArrayImage(pixels, f"box/{number:03}"), boxes=boxes))
    return samples

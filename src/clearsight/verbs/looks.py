"""Looks at held-out pictures while training: the headline's figure, by answers that are judged as they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch
from lightning_fabric import Fabric

from clearsight.core.errors import BadImage
from clearsight.core.metric import Metric
from clearsight.core.net import Net
from clearsight.core.pipeline import Batch, Stages
from clearsight.data.batches import judge_batches
from clearsight.data.store import Store
from clearsight.engine.predictor import Predictor

if TYPE_CHECKING:
    from clearsight.verbs.learning import Session


class HeldOut:
    """Judges a net on made-ready pictures while it trains: each rank a part, the figures from all of them."""

    def __init__(self, session: Session, store: Store, stages: Stages, choosing: bool) -> None:
        self.session, self.store, self.stages, self.choosing = session, store, stages, choosing
        self.by_key = {sample.key: sample for sample in store.samples}

    def __call__(self, net: Net) -> tuple[float | None, dict[str, float]]:
        fabric, task = self.session.fabric, self.session.task.watched()
        predictor, metric = Predictor(task, net, str(fabric.device)), task.metric()
        mine: list[tuple[str, Any]] = []
        for number, batch in enumerate(self._batches()):
            turn = number % fabric.world_size
            if turn == fabric.global_rank:
                predictions = predictor.predictions(net(batch.images), batch.targets["frame"])
                mine = list(zip(batch.keys, predictions, strict=True))
            if turn == fabric.world_size - 1:  # all ranks have had one: answers may be large, so none are kept
                self._watch(metric, _gathered(fabric, mine))
                mine = []
        self._watch(metric, _gathered(fabric, mine))
        score = metric.score()
        return (score if self.choosing else None), {metric.judged_by(): score}

    def _watch(self, metric: Metric[Any], found: Sequence[tuple[str, Any]]) -> None:
        if found:
            metric.watch([prediction for _, prediction in found], [self.by_key[key] for key, _ in found])

    def _batches(self) -> Iterator[Batch]:
        size = judging_batch(self.session.task.size)
        bad: list[BadImage] = []
        yield from judge_batches(self.store, self.stages, batch_size=size, device=self.session.fabric.device, bad=bad)
        self.session.bad |= {item.name: item for item in bad}


def judging_batch(size: int) -> int:
    """Pictures judged at once: as many as keep a net's activations within a few hundred megabytes."""
    return max(8, min(500, 3_000_000 // size**2))


def _gathered(fabric: Fabric, mine: list[Any]) -> list[Any]:
    """What every rank has found, on every rank."""
    if fabric.world_size == 1:
        return mine
    parts: list[Any] = [None] * fabric.world_size
    torch.distributed.all_gather_object(parts, mine)
    return [item for part in parts for item in part]

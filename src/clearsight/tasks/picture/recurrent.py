"""The recurrent net as a classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clearsight.core.task import Situation, Task
from clearsight.nets.recurrent import RowReader
from clearsight.tasks.picture.plain import PlainNet


class Recurrent(PlainNet):
    """An LSTM or GRU that reads row by row."""

    name = "recurrent"
    make = staticmethod(RowReader)

    @classmethod
    def settings(cls, task: Task[Any], situation: Situation) -> Mapping[str, tuple[Any, str]]:
        return {
            "lr": (4e-3, "one recurrent layer bears a higher rate than convolutions"),
            "clip": (1.0, "gradients through many steps may explode (Pascanu et al. 2013)"),
        }

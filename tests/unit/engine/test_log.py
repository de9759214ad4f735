"""What a run tells."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from clearsight.engine.log import ScreenLog, duration, write_metrics


def test_metrics_have_every_column_and_blanks_where_nothing_is_known(tmp_path: Path) -> None:
    write_metrics(tmp_path / "metrics.csv", [{"step": 1, "loss": 0.5}, {"step": 2, "accuracy": 0.9}])
    with (tmp_path / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows == [{"step": "1", "loss": "0.5", "accuracy": ""}, {"step": "2", "loss": "", "accuracy": "0.9"}]


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_durations_read_well(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_time_left_counts_steps_and_looks() -> None:
    from rich.console import Console

    log = ScreenLog(Console(file=io.StringIO()), total=100, pictures_per_step=8, eval_steps=10)
    assert log.seconds_left(0) is None
    log.steps.extend([(0.0, 0), (1.0, 10), (2.0, 20), (9.0, 21)])  # 10 steps a second, one slow moment
    log.looks = [5.0]
    assert log.seconds_left(50) == pytest.approx(50 / 10 + 5 * 5.0)

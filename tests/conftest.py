"""What all tests share: one thread each, no download tried, and no cache but the test's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # of a busy machine
settings.load_profile("untimed")

os.environ["HF_HUB_OFFLINE"] = "1"
for name in ("CLEARSIGHT_DATA", "CLEARSIGHT_WEIGHTS", "OMP_NUM_THREADS"):
    os.environ.pop(name, None)

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _threads_stay() -> Iterator[None]:
    import torch

    yield
    torch.set_num_threads(1)


@pytest.fixture
def shared() -> Path:
    """../shared with its real data and weights; the test is skipped where it is missing."""
    if not (SHARED / "data").is_dir():
        pytest.skip("../shared/data is not here")
    return SHARED

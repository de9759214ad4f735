"""What the benchmarks share: fair timing, a table for people, JSON with the machine and the day."""

from __future__ import annotations

import gc
import json
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results"
SHARED = HERE.parents[1] / "shared"
"""Where the real data lie: `data/` and `weights/`."""

Row = Mapping[str, Any]
PACKAGES = ("torch", "torchvision", "pillow", "numpy", "timm", "lightning-fabric", "onnxruntime")


def machine() -> dict[str, Any]:
    """The processor, its cores, the accelerator, the system and the versions that matter."""
    import psutil
    import torch

    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions,
    }


def interleave(runs: Mapping[str, Callable[[], object]], rounds: int = 5) -> dict[str, float]:
    """Median seconds of each run. All take their turn in every round, so that a busy moment strikes them alike; a round
    before the first warms up and is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for round_number in range(rounds + 1):
        for name, run in runs.items():
            gc.collect()
            start = time.perf_counter()
            run()
            if round_number:
                seconds[name].append(time.perf_counter() - start)
    return {name: median(values) for name, values in seconds.items()}


def table(rows: Sequence[Row], title: str = "") -> None:
    """Print rows as a table; the columns are the first row's keys."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(title=title or None)
    for name, value in rows[0].items():
        shown.add_column(name, justify="left" if isinstance(value, str) else "right")
    for row in rows:
        shown.add_row(*(_text(value) for value in row.values()))
    Console().print(shown)


def save(name: str, rows: Sequence[Row], note: str) -> Path:
    """Write `results/<name>.json`: the rows, what was measured, the machine and the day."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    date = datetime.now(UTC).isoformat(timespec="seconds")
    content = {"note": note, "date": date, "machine": machine(), "rows": [dict(row) for row in rows]}
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())

"""What the benchmarks share: fair timing, a table for people, JSON with the machine and the day."""

from __future__ import annotations

import gc
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results"
SHARED = HERE.parents[1] / "shared"
"""Where the real data lie: `data/` and `weights/`."""

LOAD = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
"""How many processes wanted a core before the benchmark began. Two threads on a core that another program holds are
several times slower than one, so that figures of a busy machine mean little."""

BUSY = 0.5

Row = Mapping[str, Any]
PACKAGES = (
    "torch",
    "torchvision",
    "pillow",
    "numpy",
    "timm",
    "lightning-fabric",
    "onnxruntime",
    "hotcoco",
    "pycocotools",
)


@dataclass(frozen=True)
class Figure:
    """One measured number beside what was promised for it."""

    what: str
    value: float
    unit: str  # "s", "ms", "%", "×" …
    target: float
    at_least: bool = False  # by default the target is the most it may be

    @property
    def met(self) -> bool:
        """Whether the promise is kept."""
        return self.value >= self.target if self.at_least else self.value <= self.target

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**vars(self), "met": self.met}


@dataclass(frozen=True)
class Finished:
    """A command that ended well."""

    seconds: float  # wall time, from start to exit
    output: str  # what it wrote to stdout


def command(words: Sequence[str | Path], folder: Path) -> Finished:
    """Run a command in a folder, as a user would from a shell. Ends the benchmark where it fails."""
    start = time.perf_counter()
    done = subprocess.run([str(word) for word in words], cwd=folder, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, words))}\nexited with {done.returncode}:\n{done.stdout}{done.stderr}")
    return Finished(seconds, done.stdout)


def clearsight(*words: str | Path, folder: Path) -> Finished:
    """Run the installed `clearsight` of this interpreter's environment."""
    script = shutil.which("clearsight", path=Path(sys.executable).parent)
    if script is None:
        raise SystemExit(f"clearsight is not installed beside {sys.executable}: pip install -e '.[dev]' first")
    return command([script, *words], folder)


def shared(*parts: str) -> Path:
    """A file of ../shared. Ends the benchmark where it is not there."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        raise SystemExit(f"{path} is not there: this benchmark needs it")
    return path


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


def interleave(
    runs: Mapping[str, Callable[[], object]], rounds: int = 5, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Median seconds of each run. All take their turn in every round, so that a busy moment strikes them alike; a round
    before the first warms up and is not counted. `time.process_time` as the clock counts the processor's time alone."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for round_number in range(rounds + 1):
        for name, run in runs.items():
            gc.collect()
            start = clock()
            run()
            if round_number:
                seconds[name].append(clock() - start)
    return {name: median(values) for name, values in seconds.items()}


def table(rows: Sequence[Row], title: str = "") -> None:
    """Print rows as a table; the columns are the first row's keys. One row alone stands upright, a line for each value."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(title=title or None, show_header=len(rows) > 1)
    if len(rows) == 1:
        for name, value in rows[0].items():
            shown.add_row(name, _text(value))
    else:
        for name, value in rows[0].items():
            shown.add_column(name, justify="left" if isinstance(value, str) else "right")
        for row in rows:
            shown.add_row(*(_text(value) for value in row.values()))
    console = Console()
    if not console.is_terminal:
        console.width = 120
    console.print(shown)


def save(name: str, rows: Sequence[Row], note: str, figures: Sequence[Figure] = ()) -> Path:
    """Print the figures and whether they are met, and write `results/<name>.json`: figures, rows, what was measured,
    the machine and the day."""
    if LOAD > BUSY:
        print(f"The machine was busy before this began (load {LOAD:.1f}): measure again when it is quiet.")
    for figure in figures:
        bound = "at least" if figure.at_least else "at most"
        verdict = "met" if figure.met else "NOT MET"
        print(f"{figure.what}: {figure.value:.4g} {figure.unit} ({bound} {figure.target:g}: {verdict})")
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    date = datetime.now(UTC).isoformat(timespec="seconds")
    content = {
        "script": Path(sys.argv[0]).name,
        "note": note,
        "date": date,
        "machine": machine(),
        "load before": round(LOAD, 2),
        "figures": [figure.to_dict() for figure in figures],
        "rows": [dict(row) for row in rows],
    }
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

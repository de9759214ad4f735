"""The tables of nets in docs/ are those of the results, and are made of them as they say."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "nets_tables"


def tables() -> Any:
    loader = SourceFileLoader("nets_tables", str(SCRIPT))
    spec = spec_from_loader("nets_tables", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def row(data: str, setting: str, value: str, accuracy: float, lr: float = 0.002) -> dict[str, Any]:
    return {
        "data": data,
        "setting": setting,
        "value": value,
        "accuracy %": accuracy,
        "spread": 0.5,
        "training s": 1.25,
        "lr": lr,
    }


def test_the_pages_are_up_to_date() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_setting_is_shown_beside_the_default() -> None:
    rows = [row("MNIST", "default", "", 97), row("MNIST", "kernel", "5", 98), row("CIFAR-10", "kernel", "5", 51)]
    rows += [row("CIFAR-10", "default", "", 50), row("MNIST", "optimiser", "sgd", 90, 0.03)]
    lines = tables().choosing({"rows": rows}).splitlines()
    assert lines[0] == "| kernel | MNIST, accuracy | seconds | CIFAR-10, accuracy | seconds |"
    assert lines[2] == "| 3 | 97.00 % ± 0.25 | 1.2 | 50.00 % ± 0.25 | 1.2 |"
    assert lines[3] == "| 5 | 98.00 % ± 0.25 | 1.2 | 51.00 % ± 0.25 | 1.2 |"
    assert lines[-2] == "| adamw, lr 0.002 | 97.00 % ± 0.25 | 1.2 | 50.00 % ± 0.25 | 1.2 |"
    assert lines[-1] == "| sgd, lr 0.03 | 90.00 % ± 0.25 | 1.2 |  |  |"


def test_nets_stand_beside_each_other_with_figures_size_and_time() -> None:
    row = {"net": "ssd", "mAP50-95": 0.41449, "mAP50": 0.8, "parameters": 2_345_678, "multiply-adds": 1_230_000_000}
    lines = tables().detectors({"rows": [{**row, "ms a photograph": 41.6, "training s": 1234.5}]}).splitlines()
    assert lines[0] == "| net | mAP50-95 | mAP50 | parameters | multiply-adds | a photograph | training |"
    assert lines[2] == "| `ssd` | 0.414 | 0.800 | 2.35 M | 1.23 G | 42 ms | 1,234 s |"

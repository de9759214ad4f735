"""The data gate: what is wrong with a set of pictures, found before a training and not an epoch into it."""

from __future__ import annotations

from clearsight.data.checks.base import Finding, GateContext, Level
from clearsight.data.checks.gate import gather, run_checks

__all__ = ["Finding", "GateContext", "Level", "gather", "run_checks"]

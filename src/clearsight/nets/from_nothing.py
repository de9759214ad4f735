"""How nets of our own are moved where no weights are given to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WHY = "training from nothing, in which Muon learns more from a pass than AdamW (Jordan et al. 2024)"

FROM_NOTHING: Mapping[str, tuple[Any, str]] = {
    "optimiser": ("muon", WHY),
    "lr": (5e-3, WHY),
    "weight_decay": (0.02, WHY),
}
"""Training settings, each with its reason; docs/detect.md and docs/segment.md have by how much."""

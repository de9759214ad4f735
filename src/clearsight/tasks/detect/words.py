"""The figures of detection in words."""

from __future__ import annotations

from collections.abc import Mapping

from clearsight.core.metric import Figure
from clearsight.tasks.objects.words import figures

FIGURES: Mapping[str, Figure] = figures("box", "boxes", "mAP")

"""The figures of numbers in words."""

from __future__ import annotations

from collections.abc import Mapping

from clearsight.core.metric import Figure

FIGURES: Mapping[str, Figure] = {
    "mae": Figure("Mean absolute error", "how far off the numbers are, in their own units; 0 is best", share=False),
    "rmse": Figure("Root mean squared error", "the same, large errors counting more", share=False),
    "r2": Figure(
        "R²", "share of the variance that is explained; 1 is best, 0 is as good as always saying the mean", share=False
    ),
}

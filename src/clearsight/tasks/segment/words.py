"""The figures of class masks in words."""

from __future__ import annotations

from collections.abc import Mapping

from clearsight.core.metric import Figure

FIGURES: Mapping[str, Figure] = {
    "miou": Figure(
        "Mean IoU", "of the pixels that are of a class or taken for it, those that are both; mean over the classes"
    ),
    "dice": Figure("Dice", "the same pixels counted as F1, which is higher; mean over the classes"),
    "pixel_accuracy": Figure("Pixel accuracy", "pixels whose class is right; large classes count most"),
    "boundary_f": Figure(
        "Boundary F",
        "edges of classes that lie where the truth has them, to 0.75 % of the diagonal; mean over pictures",
    ),
    "iou": Figure("IoU"),
    "share": Figure("Of the pixels"),
    "support": Figure("Pixels", share=False),
}
"""By names of values and of columns."""

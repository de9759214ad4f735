"""The figures of detection in words."""

from __future__ import annotations

from collections.abc import Mapping

from clearsight.core.metric import Figure

FIGURES: Mapping[str, Figure] = {
    "map": Figure(
        "mAP50-95", "average precision, the mean over classes and over ten demands on the overlap (COCO's AP)"
    ),
    "map50": Figure("mAP50", "the same where a box must overlap the true one by half (IoU 0.5)"),
    "map75": Figure("mAP75", "the same at an IoU of 0.75: boxes must fit closely"),
    "map_small": Figure("mAP, small", "of objects under 32 × 32 pixels"),
    "map_medium": Figure("mAP, medium", "of objects between these sizes"),
    "map_large": Figure("mAP, large", "of objects over 96 × 96 pixels"),
    "ar_1": Figure("Recall with 1 box", "objects found where each class may have one box a picture, mean over IoUs"),
    "ar_10": Figure("Recall with 10 boxes", "the same with ten boxes"),
    "ar_100": Figure("Recall with 100 boxes", "the same with a hundred boxes"),
    "ar_small": Figure("Recall, small", "with a hundred boxes, of objects under 32 × 32 pixels"),
    "ar_medium": Figure("Recall, medium", "of objects between these sizes"),
    "ar_large": Figure("Recall, large", "of objects over 96 × 96 pixels"),
    "ap": Figure("AP50-95"),
    "ap50": Figure("AP50"),
    "threshold": Figure("Best threshold", share=False),
    "precision": Figure("Precision there"),
    "recall": Figure("Recall there"),
    "f1": Figure("F1 there"),
    "support": Figure("Boxes", share=False),
    "localisation": Figure("Badly placed", "right class, but the box fits too loosely (IoU from 0.1 to 0.5)"),
    "classification": Figure("Wrong class", "the box fits an object of another class"),
    "duplicate": Figure("Found twice", "a second box on an object that one with a better score has found"),
    "background": Figure("Nothing there", "no annotated object is near (IoU under 0.1)"),
    "both": Figure("Wrong class and place", "near an object of another class, and fits it too loosely"),
    "missed": Figure("Missed", "annotated objects that no box was meant for"),
    "count": Figure("How many", share=False),
    "cost": Figure("AP50 lost", "how much higher mAP50 would be without them"),
}
"""By names of values, of columns and of kinds of error."""

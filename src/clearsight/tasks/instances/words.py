"""The figures of masks of objects in words."""

from __future__ import annotations

from collections.abc import Mapping

from clearsight.core.metric import Figure

FIGURES: Mapping[str, Figure] = {
    "map": Figure(
        "Mask mAP50-95",
        "average precision, the mean over classes and over ten demands on the masks' overlap (COCO's AP)",
    ),
    "map50": Figure("Mask mAP50", "the same where a mask must overlap the true one by half (IoU 0.5)"),
    "map75": Figure("Mask mAP75", "the same at an IoU of 0.75: masks must fit closely"),
    "map_small": Figure("Mask mAP, small", "of objects of under 32 × 32 pixels"),
    "map_medium": Figure("Mask mAP, medium", "of objects between these sizes"),
    "map_large": Figure("Mask mAP, large", "of objects of over 96 × 96 pixels"),
    "ar_1": Figure("Recall with 1 mask", "objects found where each class may have one mask a picture, mean over IoUs"),
    "ar_10": Figure("Recall with 10 masks", "the same with ten masks"),
    "ar_100": Figure("Recall with 100 masks", "the same with a hundred masks"),
    "ar_small": Figure("Recall, small", "with a hundred masks, of objects of under 32 × 32 pixels"),
    "ar_medium": Figure("Recall, medium", "of objects between these sizes"),
    "ar_large": Figure("Recall, large", "of objects of over 96 × 96 pixels"),
    "map_1000": Figure("Mask mAP50-95, of 1,000", "where a class may have a thousand masks a picture, not a hundred"),
    "map50_1000": Figure("Mask mAP50, of 1,000", "the same where a mask must overlap the true one by half"),
    "box_map": Figure("Box mAP50-95", "average precision of the boxes"),
    "box_map50": Figure("Box mAP50", "the same where a box must overlap the true one by half"),
    "pq": Figure("Panoptic quality", "of the objects shown: how many are found, times how well these are outlined"),
    "sq": Figure("Segmentation quality", "the second factor: mean IoU of the objects found"),
    "rq": Figure("Recognition quality", "the first factor: F1 of finding objects with an IoU over 0.5"),
    "aji": Figure(
        "Aggregated Jaccard", "of the objects shown: pixels shared with the true ones, over all pixels of either"
    ),
    "ap": Figure("AP50-95"),
    "ap50": Figure("AP50"),
    "threshold": Figure("Best threshold", share=False),
    "precision": Figure("Precision there"),
    "recall": Figure("Recall there"),
    "f1": Figure("F1 there"),
    "support": Figure("Masks", share=False),
    "localisation": Figure("Badly fitting", "right class, but the mask fits too loosely (IoU from 0.1 to 0.5)"),
    "classification": Figure("Wrong class", "the mask fits an object of another class"),
    "duplicate": Figure("Found twice", "a second mask on an object that one with a better score has found"),
    "background": Figure("Nothing there", "no annotated object is near (IoU under 0.1)"),
    "both": Figure("Wrong class and fit", "near an object of another class, and fits it too loosely"),
    "missed": Figure("Missed", "annotated objects that no mask was meant for"),
    "count": Figure("How many", share=False),
    "cost": Figure("AP50 lost", "how much higher mAP50, of 1,000 masks, would be without them"),
}
"""By names of values, of columns and of kinds of error."""

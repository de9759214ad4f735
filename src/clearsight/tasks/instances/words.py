"""The figures of masks of objects in words."""

from __future__ import annotations

from collections.abc import Mapping

from clearsight.core.metric import Figure
from clearsight.tasks.objects.words import figures

FIGURES: Mapping[str, Figure] = {
    **figures("mask", "masks", "Mask mAP"),
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
    "cost": Figure("AP50 lost", "how much higher mask mAP50, of 1,000 masks, would be without them"),
}

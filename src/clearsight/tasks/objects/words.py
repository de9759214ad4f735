"""The figures of objects in words, whether boxes or masks are compared."""

from __future__ import annotations

from clearsight.core.metric import Figure


def figures(one: str, many: str, mean: str) -> dict[str, Figure]:
    """By names of values, of columns and of kinds of error. `one` and `many` are what is compared, "box" and "boxes"; `mean` is
    what the mean average precision is called."""
    return {
        "map": Figure(
            f"{mean}50-95", "average precision, the mean over classes and over ten demands on the overlap (COCO's AP)"
        ),
        "map50": Figure(f"{mean}50", f"the same where a {one} must overlap the true one by half (IoU 0.5)"),
        "map75": Figure(f"{mean}75", f"the same at an IoU of 0.75: {many} must fit closely"),
        "map_small": Figure(f"{mean}, small", "of objects under 32 × 32 pixels"),
        "map_medium": Figure(f"{mean}, medium", "of objects between these sizes"),
        "map_large": Figure(f"{mean}, large", "of objects over 96 × 96 pixels"),
        "ar_1": Figure(
            f"Recall with 1 {one}", f"objects found where each class may have one {one} a picture, mean over IoUs"
        ),
        "ar_10": Figure(f"Recall with 10 {many}", f"the same with ten {many}"),
        "ar_100": Figure(f"Recall with 100 {many}", f"the same with a hundred {many}"),
        "ar_small": Figure("Recall, small", f"with a hundred {many}, of objects under 32 × 32 pixels"),
        "ar_medium": Figure("Recall, medium", "of objects between these sizes"),
        "ar_large": Figure("Recall, large", "of objects over 96 × 96 pixels"),
        "ap": Figure("AP50-95"),
        "ap50": Figure("AP50"),
        "threshold": Figure("Best threshold", share=False),
        "precision": Figure("Precision there"),
        "recall": Figure("Recall there"),
        "f1": Figure("F1 there"),
        "support": Figure(many.capitalize(), share=False),
        "localisation": Figure("Badly placed", f"right class, but the {one} fits too loosely (IoU from 0.1 to 0.5)"),
        "classification": Figure("Wrong class", f"the {one} fits an object of another class"),
        "duplicate": Figure("Found twice", f"a second {one} on an object that one with a better score has found"),
        "background": Figure("Nothing there", "no annotated object is near (IoU under 0.1)"),
        "both": Figure("Wrong class and place", "near an object of another class, and fits it too loosely"),
        "missed": Figure("Missed", f"annotated objects that no {one} was meant for"),
        "count": Figure("How many", share=False),
        "cost": Figure("AP50 lost", f"how much higher {mean}50 would be without them"),
    }

"""The figures of classification in words."""

from __future__ import annotations

from collections.abc import Mapping

from clearsight.core.metric import Figure

FIGURES: Mapping[str, Figure] = {
    "accuracy": Figure("Accuracy", "pictures whose most probable class is the right one", said="right"),
    "top5": Figure("Top-5 accuracy", "pictures whose right class is among the five most probable"),
    "coverage": Figure("Answered", "pictures that are not rejected as none of the classes"),
    "selective_accuracy": Figure("Accuracy of the answered", "of the pictures not rejected, those that are right"),
    "macro_f1": Figure("F1, macro", "mean over the classes, each counting the same"),
    "weighted_f1": Figure("F1, weighted", "mean over the classes, each by its pictures"),
    "macro_precision": Figure("Precision, macro", "of the pictures taken for a class, those that are of it"),
    "macro_recall": Figure("Recall, macro", "of the pictures of a class, those that are found"),
    "weighted_precision": Figure("Precision, weighted", "the same, each class by its pictures"),
    "weighted_recall": Figure("Recall, weighted", "the same, each class by its pictures"),
    "ece": Figure("Calibration error", "mean distance of confidence and accuracy; 0 is best"),
    "nll": Figure("Negative log likelihood", "surprise at the right class, in nats; 0 is best", share=False),
    "precision": Figure("Precision"),
    "recall": Figure("Recall"),
    "f1": Figure("F1"),
}

"""The figures of several labels in words."""

from __future__ import annotations

from collections.abc import Mapping

from clearsight.core.metric import Figure

FIGURES: Mapping[str, Figure] = {
    "mAP": Figure("mAP", "mean over the labels of the area under precision and recall, whatever the thresholds"),
    "micro_f1": Figure("F1, micro", "of all answers together, each label of each picture counting the same"),
    "macro_f1": Figure("F1, macro", "mean over the labels, each counting the same"),
    "exact_match": Figure("Exact match", "pictures of which every label is right"),
    "micro_precision": Figure("Precision, micro", "of all labels given, those that apply"),
    "macro_precision": Figure("Precision, macro", "the same for each label, and the mean of them"),
    "micro_recall": Figure("Recall, micro", "of all labels that apply, those that are given"),
    "macro_recall": Figure("Recall, macro", "the same for each label, and the mean of them"),
    "precision": Figure("Precision"),
    "recall": Figure("Recall"),
    "f1": Figure("F1"),
    "average_precision": Figure("Average precision"),
    "threshold": Figure("Threshold", share=False),
}

"""What a detector proposes before duplicates are taken away: its best pairs of place and class, in a fixed number."""

from __future__ import annotations

import torch
from torch import Tensor


def best_candidates(boxes: Tensor, scores: Tensor, most: int) -> dict[str, Tensor]:
    """Boxes (B, A, 4) and scores (B, A, K) → the outputs of a detector: `boxes` (B, N, 4), `scores` (B, N), `classes`
    (B, N) int64, best first; N is `most`, or A·K where that is less."""
    values, rows, classes = best_pairs(scores, most)
    return {"boxes": boxes.gather(1, rows[..., None].expand(-1, -1, 4)), "scores": values, "classes": classes}


def best_pairs(scores: Tensor, most: int) -> tuple[Tensor, Tensor, Tensor]:
    """Scores (B, A, K) of places and classes → the N best pairs: scores, places and classes (B, N), best first.

    Only the `most` best places by their best class are looked at, so that the sorting stays small with many classes:
    none of the N best pairs lies elsewhere.
    """
    places, kept = min(most, scores.shape[1]), None
    if places < scores.shape[1]:
        _, kept = scores.amax(2).topk(places, dim=1)
        scores = scores.gather(1, kept[..., None].expand(-1, -1, scores.shape[2]))
    classes = scores.shape[2]
    flat = scores.flatten(1)
    values, pairs = flat.topk(min(most, flat.shape[1]), dim=1)
    rows = torch.div(pairs, classes, rounding_mode="floor")
    return values, rows if kept is None else kept.gather(1, rows), pairs - rows * classes

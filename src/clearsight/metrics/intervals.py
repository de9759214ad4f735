"""How far a figure could be off because these pictures were judged and not others: bootstrap intervals.

Pictures are drawn with replacement, as many as there are, and the figure is computed anew (Efron 1979); the
interval holds the middle 95 % of these figures. A figure depends on a picture only through a few facts (its
class, the class it was taken for). Drawing N pictures is therefore drawing how often each distinct set of
facts occurs, a multinomial: the same distribution at a fraction of the work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

CHUNK = 4_000_000
"""Counts drawn at a time: bounds the memory at some 100 MB."""


def bootstrap(
    facts: Array, statistic: Callable[[Array, Array], Array], *, resamples: int = 1000, seed: int = 0
) -> Array:
    """The statistic of R resamplings of the pictures, float64 (R, ...); a pure function of its arguments.

    `facts` (N, F) is what the statistic needs of each picture. `statistic(distinct, counts)` gets the
    distinct rows (U, F) and how often each occurs, int64 (r, U), in r resamples, and gives (r, ...).
    """
    if not len(facts):
        raise ValueError("no picture to resample")
    distinct, counts = np.unique(facts, axis=0, return_counts=True)
    draw = np.random.default_rng(seed)
    share = counts / counts.sum()
    step = max(1, CHUNK // len(counts))
    sizes = [min(step, resamples - start) for start in range(0, resamples, step)]
    return np.concatenate([statistic(distinct, draw.multinomial(len(facts), share, size=size)) for size in sizes])


def bootstrap_pictures(
    count: int, statistic: Callable[[Array], Array], *, resamples: int = 1000, seed: int = 0
) -> Array:
    """The same where no two of `count` pictures are alike: `statistic(counts)` gets how often each occurs, int64 (r, N)."""
    return bootstrap(np.arange(count)[:, None], lambda _, counts: statistic(counts), resamples=resamples, seed=seed)


def percentile_interval(values: Array, level: float = 0.95, around: float | None = None) -> tuple[float, float]:
    """The middle `level` of bootstrapped values (R,).

    `around` is for a figure that resampling biases, such as F1 of classes with few pictures, which a
    resample may miss altogether: the interval is moved by the bias, mean(values) - around, so that it lies
    about the figure itself.
    """
    bias = 0.0 if around is None else values.mean() - around
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2]) - bias
    return float(low), float(high)


def bounds(drawn: Array, names: Sequence[str], values: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Intervals of shares, from 0 to 1, around their values, from figures (R, F) of these names; of those alone that have a
    value. A resample in which a figure is of nothing, NaN, as where few pictures have an object some have none, is left out
    of it."""
    found = {}
    for name, column in zip(names, drawn.T, strict=True):
        if name in values:
            low, high = percentile_interval(column[~np.isnan(column)], around=values[name])
            found[name] = (max(low, 0.0), min(high, 1.0))
    return found


def sum_by(counts: Array, group: Array, groups: int) -> Array:
    """Sums (r, G) of counts (r, U) over each group; `group` (U,) holds integers below G, `groups`."""
    order = np.argsort(group, kind="stable")
    present, starts = np.unique(group[order], return_index=True)
    sums = np.zeros((len(counts), groups), counts.dtype)
    sums[:, present] = np.add.reduceat(counts[:, order], starts, axis=1)
    return sums

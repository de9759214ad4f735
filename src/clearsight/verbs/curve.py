"""A learning curve: what was measured at each number of pictures, the power law through it, and what it says in words."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clearsight.core.metric import Result
from clearsight.core.sample import Array
from clearsight.metrics.intervals import percentile_interval
from clearsight.metrics.power_law import PowerLaw, draws, fit

RESAMPLES = 1000
WORTH = 0.05
"""Share of the error that twice the pictures must remove to be called a help; and the fall must be beyond chance."""

INK, LINE, BAND, RUNS, NEXT = "#374151", "#2563eb", "#bfdbfe", "#111827", "#ea580c"


@dataclass(frozen=True)
class Curve:
    """Scores of runs by their number of training pictures. The fit is of errors: 1 - score where higher is better."""

    headline: str
    higher_is_better: bool
    shares: Array  # float64 (M,), asked share of the training pictures of each run
    counts: Array  # int64 (M,), how many these were
    scores: Array  # float64 (M,)
    judged: int  # pictures that every run was judged on
    law: PowerLaw  # one curve
    drawn: PowerLaw  # RESAMPLES of them

    @classmethod
    def through(cls, results: Sequence[Result], shares: Sequence[float], counts: Sequence[int], seed: int = 0) -> Curve:
        """The curve through results; they must be of three different numbers of pictures or more."""
        first = results[0]
        n, scores = np.array(counts), np.array([result.score for result in results], np.float64)
        error = np.maximum(1 - scores if first.higher_is_better else scores, 0)
        # the smaller an error, the less it varies: fitted once as if all varied alike, and weighted by what comes out
        expected = fit(n, error, np.ones(len(n)))(n)[0]
        weight = 1 / np.maximum(expected, 0.5 / max(1, first.count))
        law = fit(n, error, weight)
        # Without repeats a few points may lie on the curve by chance: then the variance is at least that of counting
        # so many pictures, error (1 - error) / judged.
        repeated = len(n) > len(set(shares))
        least = 0.0 if repeated or not first.higher_is_better else 1 / max(1, first.count)
        drawn = draws(law, n, error, weight, least=least, resamples=RESAMPLES, seed=seed)
        return cls(first.headline, first.higher_is_better, np.array(shares), n, scores, first.count, law, drawn)

    def _score(self, error: Array) -> Array:
        return 1 - error if self.higher_is_better else error

    def expected(self, count: float) -> float:
        """The curve's score at so many pictures."""
        return float(self._score(self.law(count))[0, 0])

    def interval(self, count: float) -> tuple[float, float]:
        """95 % interval of the curve there: other training pictures of the same kind, other draws, the curve's misfit."""
        return percentile_interval(self._score(self.drawn(count))[:, 0])

    def measured(self) -> list[tuple[int, list[float]]]:
        """For each share, the mean number of training pictures and the scores of its runs."""
        groups = [self.shares == share for share in np.unique(self.shares)]
        return [(round(float(self.counts[own].mean())), self.scores[own].tolist()) for own in groups]

    @property
    def helps(self) -> bool:
        """Whether twice the pictures are worth it: the error falls by `WORTH` of itself, and surely falls at all."""
        whole = self.counts.max()
        both = np.array([whole, 2 * whole])
        (now, then), drawn = self.law(both)[0], self.drawn(both)
        low, _ = percentile_interval(drawn[:, 0] - drawn[:, 1])
        return bool(now > 0 and (now - then) / now >= WORTH and low > 0)

    def sentence(self) -> str:
        """The answer."""
        whole = int(self.counts.max())
        now, then = self.expected(whole), self.expected(2 * whole)
        low, high = self.interval(2 * whole)
        start = f"More pictures would {'help' if self.helps else 'hardly help'} a net trained like this"
        return (
            f"{start}: doubling the {whole:,} is expected to bring {self.headline} from {now:.3f} to {then:.3f} "
            f"({low:.3f} to {high:.3f})."
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        whole = int(self.counts.max())
        return {
            "headline": self.headline,
            "higher_is_better": self.higher_is_better,
            "shares": self.shares.tolist(),
            "pictures": self.counts.tolist(),
            "scores": self.scores.tolist(),
            "judged_on": self.judged,
            "law": {name: float(getattr(self.law, name)[0]) for name in ("a", "b", "c")},
            "now": {"pictures": whole, "expected": self.expected(whole), "interval": list(self.interval(whole))},
            "doubled": {
                "pictures": 2 * whole,
                "expected": self.expected(2 * whole),
                "interval": list(self.interval(2 * whole)),
            },
            "helps": self.helps,
            "sentence": self.sentence(),
        }


def draw(curve: Curve) -> bytes:
    """The curve as a PNG: what was measured, the fit, and dashed what it expects beyond."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter

    whole = float(curve.counts.max())
    figure = Figure(figsize=(7, 4.4), layout="constrained", dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    n = np.geomspace(curve.counts.min(), 4 * whole, 200)
    known = n <= whole
    score = curve._score(curve.law(n))[0]
    low, high = np.quantile(curve._score(curve.drawn(n)), [0.025, 0.975], axis=0)
    axes.fill_between(n, low, high, color=BAND, alpha=0.6, linewidth=0, label="95 % interval of the curve")
    a, b, c = (float(getattr(curve.law, name)[0]) for name in ("a", "b", "c"))
    axes.plot(n[known], score[known], color=LINE, linewidth=2, label=f"error = {a:.3g} + {b:.3g} · n^−{c:.2f}")
    axes.plot(n[~known], score[~known], color=LINE, linewidth=2, linestyle="--", label="expected beyond")
    axes.plot(curve.counts, curve.scores, "o", color=RUNS, markersize=5, label="measured, one dot a run")
    axes.plot([2 * whole], [curve.expected(2 * whole)], "D", color=NEXT, markersize=7, label="twice the pictures")
    ticks = [*(count for count, _ in curve.measured()), int(2 * whole), int(4 * whole)]
    axes.set_xscale("log")
    axes.set_xticks(ticks)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.minorticks_off()
    axes.tick_params(axis="x", rotation=30)
    axes.set_xlabel("training pictures", color=INK)
    axes.set_ylabel(f"{curve.headline.replace('_', ' ')} on the same {curve.judged:,} pictures", color=INK)
    axes.set_title(curve.sentence().replace(": ", ":\n", 1), fontsize=10, color=INK)
    axes.grid(True, color="#e5e7eb")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9, loc="best")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()

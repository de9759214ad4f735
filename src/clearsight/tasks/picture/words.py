"""Figures of a picture in words."""

from __future__ import annotations


def percent(share: float) -> str:
    """A share from 0 to 1 in per cent, with a digit after the point where it is small: "41 %", "6.3 %", "< 0.1 %"."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"

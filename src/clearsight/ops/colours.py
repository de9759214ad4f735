"""Colours that everybody tells apart."""

from __future__ import annotations

from collections.abc import Sequence

Colour = tuple[int, int, int]

OKABE_ITO: Sequence[Colour] = (
    (230, 159, 0),  # orange
    (86, 180, 233),  # sky blue
    (0, 158, 115),  # bluish green
    (240, 228, 66),  # yellow
    (0, 114, 178),  # blue
    (213, 94, 0),  # vermillion
    (204, 121, 167),  # reddish purple
)
"""Colours that people of every colour vision tell apart (Okabe and Ito 2002), without black, which photographs have."""

RIM: Colour = (17, 24, 39)
"""The dark edge on which each of them shows."""

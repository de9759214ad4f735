"""Values of any depth to 8 bits, by one rule for every picture and not by what a single picture holds.

16-bit grey is scaled by its whole range, round(v / 257): two pictures of one camera stay comparable, and one whose
values end far below 65,535, as those of a 12-bit microscope do, comes out dark. Only where the file itself says that
its values have 12 bits is 4,095 white.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from clearsight.core.errors import BadImage

Values = np.ndarray[Any, np.dtype[Any]]


def eight_bits(values: Values, name: str, white: float | None = None) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Values of any shape to uint8 of the same shape.

    `white` is the largest value there can be, where the file says it. Else bytes stay as they are, unsigned integers
    of 16 bits are divided by 257; floats up to 1 are shares of white; signed or long integers and floats up to 255 are
    taken as they are, up to 65,535 as 16 bits. Raises `BadImage` for negative, infinite, complex and larger values.
    """
    if values.dtype.kind not in "buif":
        raise BadImage(name, f"its values are {values.dtype}; save it as 8 or 16 bits")
    if values.dtype == np.uint8 or not values.size:
        return values.astype(np.uint8)
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)) or low < 0:
        raise BadImage(name, "its grey values are negative or not finite; save it as 8 or 16 bits")
    if white is not None and high <= white:
        scale = 255 / white
    elif values.dtype.kind in "bf" and high <= 1:
        scale = 255.0
    elif high <= 255 and values.dtype != np.uint16:
        scale = 1.0
    elif high <= 65535:
        scale = 1 / 257
    else:
        raise BadImage(name, f"its grey values reach {high:g}, beyond 16 bits; save it as 8 or 16 bits")
    return np.round(values.astype(np.float64) * scale).astype(np.uint8)

"""Clearsight: turn your own pictures into an image recogniser you can trust and ship.

    import clearsight

    model = clearsight.train("photos/")
    model.predict("cat.jpg").label

Importing this imports no torch; each name below is loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clearsight.core.errors import ClearsightError as ClearsightError
    from clearsight.model import Model as Model
    from clearsight.model import convert as convert
    from clearsight.model import inspect as inspect
    from clearsight.model import load as load
    from clearsight.model import train as train

__version__ = "0.1.0"
__all__ = ["ClearsightError", "Model", "__version__", "convert", "inspect", "load", "train"]

_HOMES = {
    "ClearsightError": "clearsight.core.errors",
    "Model": "clearsight.model",
    "convert": "clearsight.model",
    "inspect": "clearsight.model",
    "load": "clearsight.model",
    "train": "clearsight.model",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'clearsight' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)

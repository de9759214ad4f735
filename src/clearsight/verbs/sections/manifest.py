"""Where the model comes from: data, versions, seed, machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clearsight.verbs.sections import html
from clearsight.verbs.sections.context import Context
from clearsight.verbs.sections.html import Section

ELSEWHERE = frozenset({"bad_pictures", "data.counts", "data.counted", "data.labels", "data.roles"})
"""What the section on the data shows."""


def render(context: Context) -> Section | None:
    """All that `manifest.json` holds, one value a row."""
    rows = list(_rows(context.manifest))
    if context.model is not None:
        rows += [
            ("weights, SHA-256", str(context.model["weights"].get("sha256", "–"))),
            ("model format", str(context.model["format"])),
        ]
    if not rows:
        return None
    return Section("Manifest", html.table(("What", "Value"), rows), "Enough to make the same model again.")


def _rows(values: Mapping[str, Any], under: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        path = f"{under}{name}"
        if path in ELSEWHERE:
            continue
        if isinstance(value, Mapping) and value:
            yield from _rows(value, f"{path}.")
        else:
            yield path.replace(".", ", ").replace("_", " "), html.plain(value)

"""Every setting of the training, and why it is what it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from clearsight.verbs.sections import html
from clearsight.verbs.sections.context import Context
from clearsight.verbs.sections.html import Section

DEFAULT = "default"
"""The reason of a setting that nobody chose."""


def render(context: Context) -> Section | None:
    """A table of `plan.yaml`: what was chosen first, what was left as it is folded away."""
    if not context.settings:
        return None
    chosen = {name: row for name, row in context.settings.items() if row.get("why") not in (DEFAULT, "", None)}
    rest = {name: row for name, row in context.settings.items() if name not in chosen}
    parts = [_table(chosen)] if chosen else []
    if rest:
        parts.append(html.details(f"{html.plural(len(rest), 'setting')} left at the default", _table(rest), not chosen))
    return Section("Settings", html.join(parts), "What was chosen and why; plan.yaml in the run folder holds the same.")


def _table(settings: Mapping[str, Mapping[str, Any]]) -> Markup:
    rows = [
        (name.replace("_", " "), html.plain(row.get("value")), str(row.get("why") or DEFAULT))
        for name, row in settings.items()
    ]
    return html.table(("Setting", "Value", "Why"), rows)

"""Every setting of the training, and why it is what it is."""

from __future__ import annotations

from clearsight.verbs.sections import html
from clearsight.verbs.sections.context import Context
from clearsight.verbs.sections.html import Section


def render(context: Context) -> Section | None:
    """A table of `plan.yaml`."""
    if not context.settings:
        return None
    rows = [
        (name.replace("_", " "), html.plain(row.get("value")), str(row.get("why") or ""))
        for name, row in context.settings.items()
    ]
    intro = "What was chosen, by you or for you, and why; plan.yaml in the run folder holds the same."
    return Section("Settings", html.table(("Setting", "Value", "Why"), rows), intro)

"""What the model was made from: the pictures of each role and class, and those that could not be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from clearsight.verbs.sections import html
from clearsight.verbs.sections.context import Context
from clearsight.verbs.sections.html import Section

OPEN = 30
"""Classes shown at once; beyond that the table is folded away."""


ROLES: Mapping[str, str] = {"train": "to learn from", "choose": "to choose by", "judge": "to judge on"}
"""What the pictures are for, in words."""


def render(context: Context) -> Section | None:
    """Counts by role and class, how the roles came about, and bad pictures by name. From the manifest."""
    data: Mapping[str, Any] = context.manifest.get("data") or {}
    bad: Sequence[Mapping[str, Any]] = context.manifest.get("bad_pictures") or ()
    if not data and not bad:
        return None
    parts = []
    if data.get("labels"):
        known = list(context.model["task"].get("labels", ())) if context.model is not None else []
        order = [label for label in known if label in data["labels"]]
        parts.append(
            _classes(
                {label: data["labels"][label] for label in [*order, *data["labels"]]},
                data.get("counts"),
                data.get("counted", "pictures"),
            )
        )
    if data.get("roles"):
        items = html.join(Markup("<li>{}</li>").format(note) for note in data["roles"])
        parts.append(Markup("<h3>How they were divided</h3><ul>{}</ul>").format(items))
    if bad:
        parts.append(Markup("<h3>{} could not be used</h3>").format(html.plural(len(bad), "picture")))
        rows = [(row.get("name", "?"), row.get("reason", "")) for row in bad]
        parts.append(html.table(("Picture", "What is wrong with it"), rows))
    return Section("Data", html.join(parts), _intro(data))


def _intro(data: Mapping[str, Any]) -> str:
    kind = f" (format {data['format']})" if data.get("format") else ""
    counts = {role: count for role, count in (data.get("counts") or {}).items() if count}
    words = ", ".join(f"{html.plural(count, 'picture')} {ROLES.get(role, role)}" for role, count in counts.items())
    return f"{data.get('name', 'The data')}{kind}: {words or 'nothing is known of its pictures'}."


def _classes(labels: Mapping[str, Mapping[str, int]], pictures: Mapping[str, int] | None, things: str) -> Markup:
    """A row for each label, a column for each role. Where pictures have several labels, their sum is none of pictures.
    `things` are what is counted: pictures, boxes."""
    there = {role for counts in labels.values() for role in counts}
    roles = [role for role in ROLES if role in there] + sorted(there - ROLES.keys())
    most = max((count for counts in labels.values() for count in counts.values()), default=0) or 1
    rows: list[list[Any]] = [
        [label, *(_bar(counts.get(role, 0), most) for role in roles)] for label, counts in labels.items()
    ]
    sums = [sum(counts.get(role, 0) for counts in labels.values()) for role in roles]
    more = any(total > ((pictures or {}).get(role) or total) for role, total in zip(roles, sums, strict=True))
    whole = things == "pictures"
    every = f"All {things}" if not whole else "All labels" if more else "All"
    rows.append([every, *(Markup("<strong>{}</strong>").format(f"{total:,}") for total in sums)])
    head = ("Class" if whole else f"Class ({things})", *(ROLES.get(role, role) for role in roles))
    shown = html.table(head, rows, numeric=range(1, len(roles) + 1))
    title = f"{things.capitalize()} of each of the {len(labels):,} classes"
    return html.details(title, shown) if len(labels) > OPEN else shown


def _bar(count: int, most: int) -> Markup:
    return Markup('<span class="bar" style="--share:{}">{}</span>').format(f"{count / most:.3f}", f"{count:,}")

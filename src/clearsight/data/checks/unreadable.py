"""Files that are missing, cut short, or no pictures at all."""

from __future__ import annotations

from collections.abc import Iterator

from clearsight.data.checks.base import Finding, GateContext, number


def check(context: GateContext) -> Iterator[Finding]:
    """Names each with its reason. An error where there are more than training puts up with."""
    bad = len(context.bad)
    if not bad:
        return
    found = f"{bad:,} of {number(context.count, 'picture')} cannot be read"
    items = tuple(map(str, context.bad))
    if bad > context.max_bad * context.count:
        message = f"{found}, more than the {100 * context.max_bad:.3g} % of --max-bad: mend or remove them"
        yield Finding("error", "unreadable", message, items)
    else:
        yield Finding("warning", "unreadable", f"{found}; training goes on without: mend or remove them", items)

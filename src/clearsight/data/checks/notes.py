"""What the reader had to say: empty class folders, files passed over."""

from __future__ import annotations

from collections.abc import Iterator

from clearsight.data.checks.base import Finding, GateContext


def check(context: GateContext) -> Iterator[Finding]:
    """Passes the reader's notes on."""
    for note in context.info.notes:
        yield Finding("note", "notes", note)

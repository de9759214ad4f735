"""What the reader had to say: empty class folders, files passed over; and what was not looked at."""

from __future__ import annotations

from collections.abc import Iterator

from clearsight.data.checks.base import Finding, GateContext, number


def check(context: GateContext) -> Iterator[Finding]:
    """Passes the reader's notes on, and names the streams."""
    for note in context.info.notes:
        yield Finding("note", "notes", note)
    for split in sorted(context.partly):
        looked = number(len(context.samples[split]), "picture")
        yield Finding("note", "notes", f"{split} is a stream: {looked} from all over it stood for it in these checks")

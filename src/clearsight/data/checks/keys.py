"""Keys that name more than one picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from clearsight.data.checks.base import Finding, GateContext, number, verb


def check(context: GateContext) -> Iterator[Finding]:
    """Splits, caches and reports go by the key, so that two pictures of one key would be taken for one."""
    counted = Counter(sample.key for samples in context.samples.values() for sample in samples)
    items = tuple(f"{key} ({count} times)" for key, count in counted.items() if count > 1)
    if items:
        message = f"{number(len(items), 'key')} {verb(len(items), 'names', 'name')} more than one picture"
        yield Finding("error", "keys", f"{message}: give every picture a name of its own", items)

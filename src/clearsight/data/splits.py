"""Dividing one set into parts, by hash: adding files moves nothing, exact copies stay on one side.

A picture's place is a number in [0, 1), the hash of its content or of its group; the shares cut that interval.
Where a class has fewer than `SMALL` pictures such shares would come out uneven, so its pictures are ranked by that
number and cut by count instead; so are groups, where there are fewer than `SMALL` in all.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from clearsight.core.errors import InputError
from clearsight.core.sample import Sample
from clearsight.data.counting import shown
from clearsight.data.readers.names import count, few, natural_order

SMALL = 20
"""Pictures of a class, or groups in all, below which they are divided by rank."""


@dataclass(frozen=True)
class Division:
    """The parts, each in the order of the samples given, and what a person should know of them."""

    parts: dict[str, list[Sample]]
    notes: list[str]


def divide(
    samples: Sequence[Sample],
    digests: Mapping[str, str],
    shares: Mapping[str, float],
    *,
    group: str | None = None,
    salt: str = "",
) -> Division:
    """Divide samples into parts of about these shares, which must add up to 1: {"train": 0.8, "val": 0.2}.

    `digests` are content hashes by key; a sample without one goes to the first part. With `group`,
    a column of `Sample.extra`, samples of one value stay together: one patient, one camera, one burst.
    A part that is divided again needs another `salt`, or its hashes fall on one side. Raises `InputError` for impossible
    shares, and a group that no sample has.
    """
    names, edges = _edges(shares)
    notes: list[str] = []
    units = [unit and unit + salt for unit in units_of(samples, digests, group, notes)]
    ranked = _ranked(samples, units, list(shares.values()))
    parts: dict[str, list[Sample]] = {name: [] for name in names}
    for sample, unit in zip(samples, units, strict=True):
        if unit is None:
            part = 0
        elif unit in ranked:
            part = ranked[unit]
        else:
            place = place_of(unit)
            part = next(number for number, edge in enumerate(edges) if place < edge)
        parts[names[part]].append(sample)
    notes.append(f"divided by hash of {'the content' if group is None else group}: {_reached(parts, shares)}")
    notes += _lacking(parts)
    return Division(parts, notes)


def _edges(shares: Mapping[str, float]) -> tuple[list[str], list[float]]:
    """Names of the parts and where each ends in [0, 1]."""
    possible = all(share >= 0 for share in shares.values()) and abs(sum(shares.values()) - 1) < 1e-6
    if not possible:
        given = ", ".join(f"{name} {share:g}" for name, share in shares.items())
        raise InputError(f"shares must be 0 or more and add up to 1; these are {given or 'none'}")
    edges = list(accumulate(shares.values()))
    edges[-1] = 1.0  # whatever the sum's last digit
    return list(shares), edges


def units_of(
    samples: Sequence[Sample], digests: Mapping[str, str], group: str | None, notes: list[str]
) -> list[str | None]:
    """What must stay together with each sample: its group's value or its content; None where it cannot be read."""
    unread = [sample.key for sample in samples if sample.key not in digests]
    if unread:
        notes.append(f"{count(len(unread), 'picture')} that cannot be read put into the first part: {few(unread)}")
    units = [None if s.key not in digests else f"content:{digests[s.key]}" for s in samples]
    if group is None:
        return units
    values = [sample.extra.get(group) for sample in samples]
    if all(value in (None, "") for value in values):
        columns = natural_order(column for sample in samples for column in sample.extra)
        raise InputError(
            f"no sample has the column '{group}' to be grouped by; there is {', '.join(columns) or 'none'}"
        )
    without = [sample.key for sample, value in zip(samples, values, strict=True) if value in (None, "")]
    if without:
        notes.append(f"{count(len(without), 'picture')} without '{group}' divided by their content: {few(without)}")
    return [
        unit if unit is None or value in (None, "") else f"group:{value}"
        for unit, value in zip(units, values, strict=True)
    ]


def _ranked(samples: Sequence[Sample], units: Sequence[str | None], shares: Sequence[float]) -> dict[str, int]:
    """The part of every unit that belongs to a small class, and to that class alone; of all units where they are few."""
    sizes: dict[str, int] = defaultdict(int)
    members: dict[str, set[str]] = defaultdict(set)  # class -> units
    homes: dict[str, set[tuple[str, ...] | None]] = defaultdict(set)  # unit -> what it is labelled
    for sample, unit in zip(samples, units, strict=True):
        if unit is None:
            continue
        homes[unit].add(sample.labels)
        if sample.labels is not None and len(sample.labels) == 1:
            sizes[sample.labels[0]] += 1
            members[sample.labels[0]].add(unit)
    parts: dict[str, int] = {}
    for label, size in sizes.items():
        if size >= SMALL:
            continue
        parts |= _cut((unit for unit in members[label] if len(homes[unit]) == 1), shares)
    if len(homes) < SMALL:
        parts |= _cut((unit for unit in homes if unit not in parts), shares)
    return parts


def _cut(units: Iterable[str], shares: Sequence[float]) -> dict[str, int]:
    """The part of each unit, ranked by its place and cut by count."""
    ranked = sorted(units, key=place_of)
    ends = list(accumulate(_counts(len(ranked), shares)))
    return {unit: next(part for part, end in enumerate(ends) if rank < end) for rank, unit in enumerate(ranked)}


def _counts(number: int, shares: Sequence[float]) -> list[int]:
    """So many things by shares, largest remainder first; the first part gets one where there is any."""
    exact = [Fraction(share).limit_denominator(1_000_000) * number for share in shares]
    counts = [int(value) for value in exact]
    order = sorted(range(len(shares)), key=lambda part: (counts[part] - exact[part], part))
    for part in order[: max(0, number - sum(counts))]:
        counts[part] += 1
    if number and not counts[0] and shares[0] > 0:
        counts[counts.index(max(counts))] -= 1
        counts[0] = 1
    return counts


def place_of(unit: str) -> float:
    """A unit's number in [0, 1), by the hash of its name."""
    number = int.from_bytes(hashlib.blake2b(unit.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
    return (number >> 11) / 2**53


def _reached(parts: Mapping[str, Sequence[Sample]], shares: Mapping[str, float]) -> str:
    total = sum(map(len, parts.values()))
    texts = []
    for name, part in parts.items():
        reached = 100 * len(part) / total if total else 0.0
        texts.append(f"{name} {len(part):,} ({reached:.1f} %, asked {100 * shares[name]:g} %)")
    return ", ".join(texts)


def _lacking(parts: Mapping[str, Sequence[Sample]]) -> list[str]:
    """A note for each part that has samples but none of some classes."""
    has = {name: {label for s in part for label in shown(s)} for name, part in parts.items()}
    everything = natural_order(label for labels in has.values() for label in labels)
    notes = []
    for name, labels in has.items():
        lacking = [label for label in everything if label not in labels]
        if parts[name] and lacking:
            notes.append(f"{name} has no picture of {few(lacking, 5)}")
    return notes

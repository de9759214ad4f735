"""Dividing one set into folds for cross-validation (Stone 1974): every picture lies in exactly one of them.

Classes are spread evenly over the folds, as far as whole groups allow; which pictures of a class meet in a fold follows
from the hash of their content, or of their group, so that the same pictures always give the same folds and exact copies
stay together.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from clearsight.core.errors import InputError
from clearsight.core.sample import Sample
from clearsight.data.readers.names import few
from clearsight.data.splits import Division, place_of, units_of

Kind = tuple[str, ...]


def divide_folds(
    samples: Sequence[Sample], digests: Mapping[str, str], folds: int, *, group: str | None = None
) -> Division:
    """Parts "1" … "k" of nearly equal sizes, each in the order of the samples given.

    `digests` are content hashes by key. With `group`, a column of `Sample.extra`, samples of one value stay together.
    Of each class, the largest units come first, each into the fold that has the fewest pictures of the class, of equal
    ones into that with the fewest pictures in all. Raises `InputError` where a fold stays empty.
    """
    notes: list[str] = []
    units = units_of(samples, digests, group, notes)
    members: dict[str, list[int]] = defaultdict(list)
    for number, (sample, unit) in enumerate(zip(samples, units, strict=True)):
        members[unit or f"key:{sample.key}"].append(number)
    kinds: dict[Kind, list[str]] = defaultdict(list)
    for unit, numbers in members.items():
        kinds[_kind([samples[number] for number in numbers])].append(unit)
    fold_of = [0] * len(samples)
    total = [0] * folds
    for _, own in sorted(kinds.items()):
        count = [0] * folds
        for unit in sorted(own, key=lambda unit: (-len(members[unit]), place_of(unit))):
            fold = min(range(folds), key=lambda fold: (count[fold], total[fold], fold))
            count[fold] += len(members[unit])
            total[fold] += len(members[unit])
            for number in members[unit]:
                fold_of[number] = fold
    if not all(total):
        what = "pictures that differ" if group is None else f"values of {group!r}"
        raise InputError(f"--folds {folds}: {len(members)} {what} do not fill so many folds; ask for fewer")
    parts: dict[str, list[Sample]] = {str(fold + 1): [] for fold in range(folds)}
    for sample, fold in zip(samples, fold_of, strict=True):
        parts[str(fold + 1)].append(sample)
    notes.append(f"{folds} folds by hash of {group or 'the content'}, of {few([f'{n:,}' for n in total], 10)} pictures")
    return Division(parts, notes)


def _kind(samples: Sequence[Sample]) -> Kind:
    """What most of a unit's samples are labelled, of equal ones the first by name."""
    counts = Counter(sample.labels or () for sample in samples)
    return min(counts, key=lambda labels: (-counts[labels], labels))

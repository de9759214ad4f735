"""`--group`: what must stay on one side of a split, as a column of `Sample.extra`, a folder, or part of a name."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from clearsight.core.errors import InputError
from clearsight.core.sample import Sample

if TYPE_CHECKING:
    from clearsight.data.open import Dataset

FOLDER = "folder"
NAME = "name:"


@dataclass(frozen=True)
class GroupByKey:
    """Puts a sample's group into its `extra`: the folder of its key, or what a pattern finds in the key."""

    column: str
    pattern: re.Pattern[str] | None = None

    def __call__(self, sample: Sample) -> Sample:
        return replace(sample, extra={**sample.extra, self.column: self.value(sample.key)})

    def value(self, key: str) -> str | None:
        """The pattern's first bracket, else all that it finds; None where it finds nothing."""
        if self.pattern is None:
            return posixpath.dirname(key)
        found = self.pattern.search(key)
        return found and (found[1] if self.pattern.groups else found[0])


def group_by(dataset: Dataset, group: str) -> Dataset:
    """The data set with the column `group` in every sample's `extra`.

    A column that is there already stays; `folder` is the folder that a picture lies in, `name:REGEX` what the pattern
    finds in its key, such as `name:(p[0-9]+)_`. Raises `InputError` for a column that is not there, or no pattern.
    """
    columns = dataset.info.columns
    if group in columns:
        return replace(dataset, group=group)
    if group == FOLDER:
        change = GroupByKey(group)
    elif group.startswith(NAME):
        try:
            change = GroupByKey(group, re.compile(group.removeprefix(NAME)))
        except re.error as error:
            raise InputError(f"--group {group}: the pattern is no regular expression ({error})") from None
    else:
        close = get_close_matches(group, columns, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        there = f"there is {', '.join(columns)}" if columns else "it has none"
        way = "; 'folder' and 'name:REGEX' group by a picture's folder or part of its name" if not close else ""
        raise InputError(f"--group {group}: {dataset.name} has no such column, {there}{hint}{way}")
    info = replace(dataset.info, columns=(*columns, group))
    return replace(dataset, info=info, changes=(*dataset.changes, change), group=group)

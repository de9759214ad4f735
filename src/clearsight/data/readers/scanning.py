"""Files that must be read before a set can be listed, read once: in threads, and not again until one of them changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

from clearsight.data.threads import in_threads
from clearsight.data.tree import Tree, open_tree, stamp

N = TypeVar("N", str, tuple[str, ...])
R = TypeVar("R")


def scan(tree: Tree, names: Sequence[N], work: Callable[[Tree, N], R]) -> tuple[R, ...]:
    """`work(tree, name)` for each member, or each few that belong together; `work` is a function of a module."""
    members = [member for name in names for member in ((name,) if isinstance(name, str) else name)]
    here = tree.path
    stamps = (stamp(here),) if here.is_file() else tuple(_stamp(here / member) for member in members)
    return tuple(_scanned(here, tuple(names), stamps, work))


def _stamp(path: Path) -> tuple[int, int]:
    return stamp(path) if path.exists() else (0, 0)


@lru_cache(maxsize=8)
def _scanned(path: Path, names: tuple[Any, ...], _stamps: tuple[tuple[int, int], ...], work: Callable[..., Any]) -> Any:
    return in_threads(partial(work, open_tree(path)), names)

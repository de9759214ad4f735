"""The pictures behind what a user names: files, folders, patterns and zips."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from clearsight.core.errors import InputError
from clearsight.core.image import is_picture
from clearsight.core.sample import FileImage, ImageSource, printable
from clearsight.data.tree import is_tree, open_tree


def find_pictures(targets: Sequence[str]) -> list[ImageSource]:
    """The pictures in the order named; those of a folder (with all below it), a zip or a pattern sorted by name.

    A file that is named itself is taken whatever its ending; of folders, zips and patterns the files that end like
    pictures. Raises `InputError` for a target that is not there or holds no picture.
    """
    if not targets:
        raise InputError("name the pictures to look at: files, folders, patterns such as 'photos/*.jpg', or zips")
    return [picture for target in targets for picture in _pictures(target)]


def _pictures(target: str) -> list[ImageSource]:
    path = Path(target).expanduser()
    if path.exists():
        found: list[ImageSource] = list(_below(path)) if _is_tree(path) else [FileImage(path)]
    elif glob.has_magic(target):  # the shell has left it to us: quoted, or on Windows
        matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 (Path.glob takes no absolute patterns)
        found = list(_matching([Path(match) for match in matches]))
    else:
        raise InputError(f"{printable(target)} is not there")
    if not found:
        raise InputError(f"{printable(target)} holds no picture (files ending .jpg, .png, .webp, .tif …)")
    return found


def _matching(paths: Sequence[Path]) -> Iterator[ImageSource]:
    """Files that end like pictures, and what lies in folders and zips; each once, though ** names folders and files."""
    seen: set[str] = set()
    for path in paths:
        inside = _below(path) if _is_tree(path) else iter([FileImage(path)] if is_picture(path.name) else [])
        for picture in inside:
            if picture.name not in seen:
                seen.add(picture.name)
                yield picture


def _below(path: Path) -> Iterator[ImageSource]:
    tree = open_tree(path)
    return (tree.image(name) for name in tree.files if is_picture(Path(name).name))


def _is_tree(path: Path) -> bool:
    return path.is_dir() or (not is_picture(path.name) and is_tree(path))

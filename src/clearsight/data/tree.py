"""A folder or a zip seen as one thing: a sorted listing, a member's bytes, a picture source for a member.

A zip is read in place and never unpacked. Names are POSIX paths relative to the root; those of a file system
may hold surrogate escapes where they are no UTF-8 (`core.sample.printable` shows them).
"""

from __future__ import annotations

import os
import posixpath
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from clearsight.core.errors import BadImage, InputError
from clearsight.core.sample import FileImage, ImageSource, printable

MAX_MEMBER = 512 * 2**20
"""Bytes beyond which a member of a zip is refused: a photograph is never so large, a zip bomb is."""

DROPPINGS = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
"""What operating systems leave behind; these and hidden files are no part of any data set."""


@dataclass(frozen=True)
class ZipImage(ImageSource):
    """A picture in a zip. Picklable: each process opens the zip for itself, its threads share it."""

    path: Path
    member: str  # as the zip calls it
    shown: str  # as a person reads it

    @property
    def name(self) -> str:  # type: ignore[override]
        return printable(f"{self.path}/{self.shown}")

    def encoded(self) -> bytes:
        try:
            archive = _archive(self.path)
            info = archive.getinfo(self.member)
        except KeyError:
            raise BadImage(self.name, "is not in the zip") from None
        except (OSError, zipfile.BadZipFile) as error:
            raise BadImage(self.name, f"the zip cannot be read ({error})") from None
        if info.flag_bits & 0x1:
            raise BadImage(self.name, "is encrypted; unpack the zip with its password and give the folder")
        if info.file_size > MAX_MEMBER:
            size = f"{info.file_size / 2**20:,.0f} MiB"
            raise BadImage(self.name, f"unpacks to {size}, more than any picture; refused as a zip bomb")
        try:
            return archive.read(info)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
            raise BadImage(self.name, f"is damaged in the zip ({error})") from None


class Tree(ABC):
    """What lies below one place. Hidden files and the droppings of operating systems are not listed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    @abstractmethod
    def files(self) -> tuple[str, ...]:
        """Relative names of all files, sorted."""

    @property
    @abstractmethod
    def folders(self) -> tuple[str, ...]:
        """Relative names of all folders, empty ones too, sorted."""

    @abstractmethod
    def image(self, name: str) -> FileImage | ZipImage:
        """A picture source for a member; one that is not there raises `BadImage` when it is loaded."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether a file of this name is there, listed or not."""

    @abstractmethod
    def has_folder(self, name: str) -> bool:
        """Whether a folder of this name is there; "" and "." are the place itself."""

    @cached_property
    def heart(self) -> str:
        """The folder below which all files lie, "" or with its slash: archives often wrap what they hold in one."""
        folders = {posixpath.dirname(name) for name in self.files}
        common = posixpath.commonpath(folders) if folders else ""
        return f"{common}/" if common else ""

    def read(self, name: str) -> bytes:
        """The bytes of a member. Raises `InputError` with its name and what is wrong."""
        return self.image(name).encoded()

    @abstractmethod
    def head(self, name: str, length: int) -> bytes:
        """The first bytes of a member, however long it is. Raises `InputError` as `read` does."""


class FolderTree(Tree):
    """A folder on disk. Links are followed, as subsets are made of them; one that leads up again is not."""

    @cached_property
    def _listing(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        files: list[str] = []
        folders: list[str] = []
        _walk(str(self.path), "", frozenset(), files, folders)
        return tuple(sorted(files)), tuple(sorted(folders))

    @property
    def files(self) -> tuple[str, ...]:
        return self._listing[0]

    @property
    def folders(self) -> tuple[str, ...]:
        return self._listing[1]

    def image(self, name: str) -> FileImage:
        return FileImage(self.path / name)

    def has(self, name: str) -> bool:
        return os.path.isfile(os.path.join(self.path, name))  # noqa: PTH113, PTH118 (asked of every picture; never raises)

    def has_folder(self, name: str) -> bool:
        return os.path.isdir(os.path.join(self.path, name))  # noqa: PTH112, PTH118

    def head(self, name: str, length: int) -> bytes:
        try:
            with (self.path / name).open("rb") as file:
                return file.read(length)
        except OSError:
            return self.read(name)[:length]  # which says what is wrong


class ZipTree(Tree):
    """A zip file. Members are found by their listed names alone, so that nothing leads out of it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._members: dict[str, str] = {}  # name -> as the zip calls it
        folders: set[str] = set()
        for info in _open_zip(path).infolist():
            name = _member_name(info, path)
            if any(map(_ignored, name.split("/"))):
                continue
            if info.is_dir():
                folders.add(name)
            else:
                self._members[name] = info.filename
            above = posixpath.dirname(name)
            while above and above not in folders:
                folders.add(above)
                above = posixpath.dirname(above)
        self._files = tuple(sorted(self._members))
        self._folders = tuple(sorted(folders - {""}))

    @property
    def files(self) -> tuple[str, ...]:
        return self._files

    @property
    def folders(self) -> tuple[str, ...]:
        return self._folders

    def image(self, name: str) -> ZipImage:
        name = posixpath.normpath(name)
        return ZipImage(self.path, self._members.get(name, name), name)

    def has(self, name: str) -> bool:
        return posixpath.normpath(name) in self._members

    def has_folder(self, name: str) -> bool:
        return name in ("", ".") or posixpath.normpath(name) in self._folders

    def head(self, name: str, length: int) -> bytes:
        try:
            with _archive(self.path).open(self.image(name).member) as file:
                return file.read(length)
        except (KeyError, RuntimeError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError):
            return self.read(name)[:length]  # which says what is wrong


def around(path: Path, tree: Tree, members: Iterable[str]) -> Iterable[str]:
    """The files among which pictures may lie that nothing names: all of a tree where the user gave it, else, where `path` is a
    file in it, those beside the members."""
    return tree.files if is_tree(path) else beside(tree, members)


def beside(tree: Tree, members: Iterable[str]) -> Iterator[str]:
    """The files in the folders of a disk that members lie in, but in no folder of these: where the whole place is not meant."""
    for folder in sorted({posixpath.dirname(member) for member in members}):
        if tree.has_folder(folder):
            names = (entry.name for entry in os.scandir(tree.path / folder) if entry.is_file())
            yield from (posixpath.join(folder, name) for name in sorted(names) if not _ignored(name))


def is_tree(path: Path) -> bool:
    """Whether a path is a folder or a file that is named or built like a zip."""
    return path.is_dir() or (path.is_file() and (path.suffix.lower() == ".zip" or zipfile.is_zipfile(path)))


def open_tree(path: Path) -> Tree:
    """The tree at a path. Raises `InputError` where there is none, or the zip is damaged."""
    if path.is_dir():
        return FolderTree(path)
    if path.is_file():
        return _zip_tree(path, stamp(path))
    raise InputError(f"{printable(str(path))} is not there")


def stamp(path: Path) -> tuple[int, int]:
    """What changes when a file is replaced: its time of change and its size. For keys of caches."""
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=4)
def _zip_tree(path: Path, _stamp: tuple[int, int]) -> ZipTree:
    return ZipTree(path)


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return _archive(path)
    except PermissionError:
        raise InputError(f"{printable(str(path))}: no permission to read it") from None
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        text = f"{printable(str(path))} is no zip, or a damaged one ({error}); copy or download it again"
        raise InputError(text) from None


def _archive(path: Path) -> zipfile.ZipFile:
    """One open zip per process: a handle that came through a fork would share its place in the file."""
    return _opened(path, stamp(path), os.getpid())


@lru_cache(maxsize=8)
def _opened(path: Path, _stamp: tuple[int, int], _process: int) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


def _member_name(info: zipfile.ZipInfo, path: Path) -> str:
    """A member's name as a clean relative path. Raises `InputError` where it leads out of the zip."""
    name = info.filename
    if not info.flag_bits & 0x800:  # no UTF-8 flag: read as code page 437, though many tools wrote UTF-8
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = info.filename
    name = name.replace("\\", "/")
    if name.startswith("/") or ".." in name.split("/") or name[1:3] == ":/":
        raise InputError(f"{printable(str(path))}: its member {name!r} leads out of the zip; refused")
    return posixpath.normpath(name) if name.rstrip("/") else ""


def _ignored(name: str) -> bool:
    return (name.startswith(".") and name != ".") or name.casefold() in DROPPINGS


def _walk(folder: str, prefix: str, above: frozenset[tuple[int, int]], files: list[str], folders: list[str]) -> None:
    """Fill `files` and `folders` with what is below `folder`; `above` are the folders on the way down."""
    try:
        stat = os.stat(folder)  # noqa: PTH116 (a Path for each of a million files is slow)
        here = (stat.st_dev, stat.st_ino)
        if here in above:
            return
        with os.scandir(folder) as entries:
            for entry in entries:
                if _ignored(entry.name):
                    continue
                name = f"{prefix}{entry.name}"
                if entry.is_dir():
                    folders.append(name)
                    _walk(entry.path, f"{name}/", above | {here}, files, folders)
                else:
                    files.append(name)
    except PermissionError:
        raise InputError(f"{printable(folder)}: no permission to list this folder; change it or move it out") from None
    except OSError as error:
        raise InputError(f"{printable(folder)} cannot be listed ({error.strerror})") from None

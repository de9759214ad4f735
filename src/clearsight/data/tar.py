"""What lies in a tar, and where: names, places and sizes, found by skipping from header to header.

`tarfile` does the same three times more slowly, and keeps every member in memory. Layouts read: POSIX ustar and pax, GNU
(long names, sizes beyond 8 GiB). Format: IEEE Std 1003.1-2017, pax, "ustar Interchange Format".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from clearsight.core.errors import BadImage, InputError
from clearsight.core.sample import ImageSource, printable
from clearsight.data.tree import MAX_MEMBER

BLOCK = 512
LONGEST = 2**20
"""Bytes beyond which a long name or a pax header is taken for damage."""

DIGITS = 20
"""Digits beyond which a number is no size of anything; Python refuses to read very long ones."""

FILE, LONG_NAME, PAX, PAX_GLOBAL = (b"0", b"\0", b"7"), b"L", b"x", b"g"


class Member(NamedTuple):
    """A file in a tar: its name, where its bytes begin, and how many there are."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True)
class TarImage(ImageSource):
    """A picture in a tar. Picklable; nothing is unpacked."""

    path: Path
    member: str
    offset: int
    length: int

    @property
    def name(self) -> str:  # type: ignore[override]
        return printable(f"{self.path}/{self.member}")

    def encoded(self) -> bytes:
        if self.length > MAX_MEMBER:
            raise BadImage(self.name, f"holds {self.length / 2**20:,.0f} MiB, more than any picture")
        try:
            with self.path.open("rb") as file:
                data = read_at(file, self.offset, self.length)
        except FileNotFoundError:
            raise BadImage(self.name, "the tar is not there") from None
        except OSError as error:
            raise BadImage(self.name, f"the tar cannot be read ({error.strerror})") from None
        if len(data) < self.length:
            raise BadImage(self.name, "the tar is cut short")
        return data


def members(file: BinaryIO, path: Path) -> Iterator[Member]:
    """The regular files of an open tar in their order; folders, links and devices are passed over.

    The file may be read in between. Raises `InputError` where it is no tar, damaged or cut short: one that was cut
    between two members is known by the mark that ends every tar.
    """
    end, place, name, size = file.seek(0, 2), 0, "", -1
    while True:
        block = read_at(file, place, BLOCK)
        if len(block) < BLOCK:
            raise _damaged(path, "is cut short: the mark of its end is missing")
        if not any(block):  # two such blocks end a tar; what follows is padding
            return
        _verify(block, path, place)
        place += BLOCK
        kind, length = block[156:157], size if size >= 0 else _number(block[124:136], path)
        if place + length > end:
            raise _damaged(path, f"is cut short: {name or _name(block)!r} does not end in it")
        if kind == LONG_NAME:
            name = _text(_header(file, place, length, path).rstrip(b"\0"))
        elif kind == PAX:
            said = _pax(_header(file, place, length, path), path)
            name, size = said.get("path", name), int(said.get("size", -1))
        else:
            if kind in FILE:
                yield Member(name or _name(block), place, length)
            if kind != PAX_GLOBAL:
                name, size = "", -1
        place += -(-length // BLOCK) * BLOCK


def read_at(file: BinaryIO, offset: int, length: int) -> bytes:
    """So many bytes from a place; fewer where the file ends before."""
    file.seek(offset)
    return file.read(length)


def _header(file: BinaryIO, offset: int, length: int, path: Path) -> bytes:
    if length > LONGEST:
        raise _damaged(path, f"has a header of {length:,} bytes")
    return read_at(file, offset, length)


def _verify(block: bytes, path: Path, place: int) -> None:
    """The sum of a header's bytes, its own field counted as spaces, is written in it."""
    found = sum(block) - sum(block[148:156]) + 8 * 0x20
    if _number(block[148:156], path) != found:
        raise _damaged(path, "is no tar" if place == 0 else f"is damaged at byte {place:,}")


def _number(field: bytes, path: Path) -> int:
    """A number in octal digits, or in base 256 where the highest bit is set (GNU)."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    try:
        number = int(field.partition(b"\0")[0].strip() or b"0", 8)
    except ValueError:
        raise _damaged(path, "is no tar, or damaged") from None
    if number < 0:
        raise _damaged(path, "is damaged")
    return number


def _name(block: bytes) -> str:
    name = _text(block[:100].split(b"\0", 1)[0])
    prefix = _text(block[345:500].split(b"\0", 1)[0]) if block[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _pax(data: bytes, path: Path) -> dict[str, str]:
    """Records of the form "length key=value\\n", the length counting the whole record."""
    said = {}
    while data.strip(b"\0"):
        length, _, rest = data.partition(b" ")
        if not length.isdigit() or len(length) > DIGITS or not len(length) + 1 < int(length) <= len(data):
            raise _damaged(path, "has a damaged pax header")
        key, _, value = rest[: int(length) - len(length) - 2].partition(b"=")
        said[_text(key)] = _text(value)
        data = data[int(length) :]
    size = said.get("size", "0")
    if not size.isdecimal() or len(size) > DIGITS:
        raise _damaged(path, "has a damaged pax header")
    return said


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _damaged(path: Path, what: str) -> InputError:
    return InputError(f"{printable(str(path))} {what}; copy or make it again")

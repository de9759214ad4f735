"""Pickles that hold data and nothing else: dicts, lists, text, bytes, numbers and plain numpy arrays.

A pickle is a programme: what it names is called as it is loaded. Here nothing is looked up. The handful of names
that numpy arrays are pickled with stand for functions of this file, which check what they are given; any other name is
refused. Pickles of Python 2 (protocol 2) are read too, their text as bytes.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from clearsight.core.errors import InputError
from clearsight.core.sample import Array, printable

KINDS = re.compile(r"[<>|=]?([biu][1248]|f[248]|[bBhHiIlLqQ?])")
"""Types of numbers as pickles spell them; objects, records and text are none."""

MEMO = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})


def loads(data: bytes, name: str) -> Any:
    """The content of a pickle; arrays as numpy arrays. Raises `InputError` with the file's name where it is damaged, or
    asks for anything but plain data."""
    shown = printable(name)
    try:
        _check_memo(data)
        return _finished(_Reader(io.BytesIO(data), encoding="bytes").load(), 0, {})
    except _ForeignName as error:
        raise InputError(f"{shown} asks for {error}, which no file of plain data needs; refused as unsafe") from None
    except Exception as error:  # a broken programme can fail in any way
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{shown} is no pickle of plain arrays, or damaged ({reason}); download it again") from None


def text(value: Any) -> str:
    """A name that Python 2 wrote as bytes."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


class _ForeignName(Exception):  # noqa: N818 (it never leaves this file)
    pass


class _Named:
    """What a name stands for: it can be called, and neither changed nor made an instance of."""

    __slots__ = ("_call",)
    _call: Callable[..., Any]

    def __init__(self, call: Callable[..., Any]) -> None:
        object.__setattr__(self, "_call", call)

    def __call__(self, *arguments: Any) -> Any:
        return self._call(*arguments)

    def __setattr__(self, name: str, value: Any) -> None:
        raise pickle.UnpicklingError("a function is to be changed")


class _Kind:
    """numpy.dtype: a type of numbers."""

    def __init__(self, spec: Any, align: Any = False, copy: Any = False) -> None:
        self.spec = text(spec)
        if not KINDS.fullmatch(self.spec):
            raise pickle.UnpicklingError(f"an array of {self.spec!r}")

    def __setstate__(self, state: Any) -> None:
        order, parts = text(state[1]), state[2:5]
        if order not in "<>|=" or any(part is not None for part in parts):
            raise pickle.UnpicklingError("an array of records")
        self.spec = order + self.spec.lstrip("<>|=")

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self.spec)


class _Array:
    """numpy.ndarray: empty when it is made, filled by its state."""

    value: Array | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, by_columns, raw = state
        raw = raw.encode("latin-1") if isinstance(raw, str) else raw
        self.value = np.frombuffer(raw, kind.dtype).reshape(tuple(shape), order="F" if by_columns else "C")


def _new_array(*_: Any) -> _Array:
    return _Array()


def _scalar(kind: _Kind, raw: Any) -> Any:
    (value,) = np.frombuffer(raw.encode("latin-1") if isinstance(raw, str) else raw, kind.dtype)
    return value.item()


def _encode(value: str, encoding: Any = "latin1") -> bytes:
    if text(encoding) not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"the encoding {text(encoding)!r}")
    return value.encode("latin-1")


def _no_bytes() -> bytes:
    """`bytes()`, which is how Python 3 writes empty bytes for Python 2."""
    return b""


_NAMES: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _new_array,
    ("numpy", "dtype"): _Kind,
    ("_codecs", "encode"): _encode,
    ("__builtin__", "bytes"): _no_bytes,
    **{
        (f"numpy.{core}.multiarray", name): call
        for core in ("core", "_core")
        for name, call in (("_reconstruct", _new_array), ("scalar", _scalar))
    },
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _NAMES:
            raise _ForeignName(f"{module}.{name}")
        return _Named(_NAMES[module, name])


def _check_memo(data: bytes) -> None:
    """A place in the memo far beyond the file's length would have Python allocate all places before it."""
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name in MEMO and int(argument or 0) > len(data):
            raise pickle.UnpicklingError(f"place {argument} of the memo")


DEEPEST = 8
"""Lists in lists beyond which content is refused: a file of plain data needs two or three."""


def _finished(value: Any, depth: int, seen: dict[int, Any]) -> Any:
    """The loaded content with arrays in place of what stood for them. Raises where something else is in it. What is
    named a thousand times is finished once: `seen` holds what is done, by identity."""
    if value is None or isinstance(value, (str, bytes, int, float)):
        return value
    if id(value) in seen:
        return seen[id(value)]
    if depth > DEEPEST:
        raise pickle.UnpicklingError("lists too deep in one another")
    made: Any
    if isinstance(value, _Array) and value.value is not None:
        made = value.value
    elif isinstance(value, dict):
        made = {_finished(key, depth + 1, seen): _finished(item, depth + 1, seen) for key, item in value.items()}
    elif isinstance(value, (list, tuple)):
        made = type(value)(_finished(item, depth + 1, seen) for item in value)
    else:
        raise pickle.UnpicklingError("content that is no plain data")
    seen[id(value)] = made
    return made

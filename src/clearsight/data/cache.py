"""Decode a set once, in parallel, into memory or a mapped file, or not at all where neither has room."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import torch

from clearsight.core.errors import BadImage, InputError
from clearsight.core.pipeline import Example, Stages
from clearsight.core.sample import Sample
from clearsight.data.decode import load_fast
from clearsight.data.disk import Cached, cache_key, check_shape, read_cache, write_cache
from clearsight.data.examples import Made, make_examples
from clearsight.data.store import Columns, Store, Where
from clearsight.data.threads import threads_for

__all__ = ["Store", "Where", "choose", "default_folder", "default_ram", "prepare"]

Progress = Callable[[int, int], None]
"""Called with the number of samples done and the number of all."""


def prepare(
    samples: Sequence[Sample],
    stages: Stages,
    *,
    where: Where | None = None,
    ram: int | None = None,
    folder: Path | None = None,
    digests: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Store:
    """The samples made ready by `stages.sample`, each decoded once, in the place that suits.

    `where` None chooses (see `choose`). `ram` is the memory it may take, bytes, by default `default_ram()`; where
    several ranks prepare on one machine, each is given its share. `folder` is where caches lie. `digests` are
    those of `scan.content` by key, where they are known already. Pictures that cannot be used are left
    out and listed in the store's `bad`. A disk that is full or not ours to write ends in streaming, and `reason`
    says so.

    Raises `InputError` where there are no samples, none can be used, or the place asked for has no room.
    """
    first, threads = _probe(samples, stages)
    ram, folder = default_ram() if ram is None else ram, folder or default_folder()
    size = first.image.nbytes + sum(value.nbytes for value in first.target.values())
    place, reason = choose(len(samples), size, ram, _free(folder))
    if where is not None:
        if where == "memory" and place != "memory":
            raise InputError(f"{_amount(len(samples), size)} are more than the {_human(ram)} of memory allowed (--ram)")
        place, reason = where, "as asked for"

    def made() -> Iterator[Made]:
        for done, item in enumerate(make_examples(samples, stages, threads), 1):
            if progress is not None:
                progress(done, len(samples))
            yield item

    if place == "memory":
        return _in_memory(made(), len(samples), first, stages, reason)
    if place == "disk" or (where is None and digests is not None):  # a cache that is there already needs no room
        path = folder / cache_key(samples, stages, digests)
        cached = read_cache(path)
        if cached is not None:
            return _stored(cached, samples, stages, f"decoded by an earlier run, in {path}")
    if place == "disk":
        try:
            write_cache(path, made(), first.image.shape, Columns(len(samples), first.target))
        except OSError as error:
            cached = read_cache(path)  # another process may have written the same meanwhile
            problem = f"the cache in {folder} could not be written ({error.strerror or error})"
            if cached is None and where == "disk":
                raise InputError(f"{problem}; make room, or choose another folder or place") from None
            reason = reason if cached is not None else f"{problem}, so pictures are decoded each time"
        else:
            cached = read_cache(path)
        if cached is not None:
            return _stored(cached, samples, stages, f"{reason}, in {path}")
    return Store("stream", reason, samples, collate=stages.collate)


def choose(count: int | None, size: int, ram: int, disk_free: int) -> tuple[Where, str]:
    """Where `count` examples (None: a stream of unknown length) of `size` bytes are kept, and why.

    Memory where they fit in `ram` bytes; else a file where they fit in half of `disk_free`; else nowhere.
    """
    if count is None:
        return "stream", "a stream has no known length"
    total, amount = count * size, _amount(count, size)
    if total <= ram:
        return "memory", f"{amount} fit in the {_human(ram)} of memory allowed"
    if total <= disk_free // 2:
        return "disk", f"{amount} are more than the {_human(ram)} of memory allowed and fit on the disk"
    return "stream", (
        f"{amount} fit neither in the {_human(ram)} of memory allowed nor in half of the {_human(disk_free)} "
        "free on the disk"
    )


def default_ram() -> int:
    """Half of the memory that is free, of the machine's and of the container's, bytes."""
    import psutil

    available = int(psutil.virtual_memory().available)
    return min([available, *_container_free()]) // 2


def default_folder() -> Path:
    """Where caches of decoded examples lie."""
    return Path.home() / ".cache" / "clearsight" / "examples"


def _probe(samples: Sequence[Sample], stages: Stages) -> tuple[Example, int]:
    """The first example that can be made, and the threads that suit its picture. Raises `InputError`."""
    if not samples:
        raise InputError("there are no pictures to make ready")
    bad: list[BadImage] = []
    for sample in samples:
        try:
            pixels = load_fast(sample.image)
            return stages.sample(sample, pixels), threads_for(*pixels.shape[:2])
        except BadImage as error:
            bad.append(error)
    raise InputError(f"none of the {len(bad):,} pictures can be used; the first: {bad[0]}")


def _in_memory(made: Iterator[Made], count: int, first: Example, stages: Stages, reason: str) -> Store:
    images = torch.empty((count, *first.image.shape), dtype=torch.uint8)
    columns = Columns(count, first.target)
    good: list[Sample] = []
    bad: list[BadImage] = []
    for sample, example in made:
        if isinstance(example, BadImage):
            bad.append(example)
            continue
        check_shape(sample, example.image, first.image.shape)
        images[len(good)] = example.image
        columns.append(example.target)
        good.append(sample)
    return Store("memory", reason, good, bad, images[: len(good)], columns.targets(), stages.collate)


def _stored(cached: Cached, samples: Sequence[Sample], stages: Stages, reason: str) -> Store:
    good = [sample for index, sample in enumerate(samples) if index not in cached.bad]
    bad = [cached.bad[index] for index in sorted(cached.bad)]
    return Store("disk", reason, good, bad, cached.images, cached.targets, stages.collate)


def _container_free() -> list[int]:
    """Memory left in this control group (Linux, version 2) where it has a limit; cached files count as free."""
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = (int((group / name).read_text()) for name in ("memory.max", "memory.current"))
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return [max(limit - used + int(stat["inactive_file"]), 0)]
    except (OSError, ValueError, KeyError):  # no such file, or "max"
        return []


def _free(folder: Path) -> int:
    """Bytes free on the disk that a folder, there or not, is or would be on."""
    there = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    return shutil.disk_usage(there).free


def _amount(count: int, size: int) -> str:
    return f"{count:,} examples of {_human(size)} ({_human(count * size)})"


def _human(size: float) -> str:
    units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        units.pop(0)
    return f"{size:.0f} {units[0]}" if units[0] == "bytes" else f"{size:.1f} {units[0]}"

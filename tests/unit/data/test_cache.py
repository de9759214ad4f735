"""Sets made ready: what is kept where, what is left out, and caches that are never half, stale or trusted blindly."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from laying import lay, pack, picture
from masking import PIXELS, indexed
from small_sets import MIXING, PLAIN, RAGGED, SIDE, colours, files

from clearsight.core.errors import InputError
from clearsight.core.sample import ArrayImage, Boxes, Masks, Sample
from clearsight.data import disk
from clearsight.data.cache import choose, default_ram, prepare
from clearsight.data.checks import gather
from clearsight.data.disk import ABANDONED, cache_key
from clearsight.data.examples import make_examples, single_threaded_pool
from clearsight.data.open import open_data
from clearsight.data.scan import content, fingerprint

HERE = Path(__file__).parent


def whole(store):
    return store.gather(torch.arange(len(store)))


def test_a_small_set_is_decoded_into_memory():
    seen = []
    store = prepare(colours(20), PLAIN, progress=lambda done, of: seen.append((done, of)))
    assert store.where == "memory" and "20 examples" in store.reason and not store.bad
    assert store.images.shape == (20, 3, SIDE, SIDE) and store.images.dtype == torch.uint8
    assert store.nbytes == 20 * (3 * SIDE * SIDE + 8)
    assert seen == [(done, 20) for done in range(1, 21)]
    batch = store.gather(torch.tensor([7, 2, 7]))
    assert batch.keys == ["s7", "s2", "s7"] == [store.keys[i] for i in (7, 2, 7)]
    assert batch.images[:, 0, 0, 0].tolist() == [7, 2, 7] and batch.targets["label"].tolist() == [1, 2, 1]


@pytest.mark.parametrize("where", ["memory", "disk"])
def test_bad_pictures_are_left_out_and_listed(tmp_path, where):
    samples = files(tmp_path / "set", 12, broken=(0, 5, 11))
    for _ in range(2):  # the second time from the cache
        store = prepare(samples, PLAIN, where=where, folder=tmp_path / "cache")
        assert [(Path(bad.name).name, bad.reason) for bad in store.bad] == [
            (name, "is a text file, not a picture") for name in ("00.png", "05.png", "11.png")
        ]
        good = [1, 2, 3, 4, 6, 7, 8, 9, 10]
        assert store.keys == [f"{i:02}.png" for i in good]
        assert whole(store).images[:, 0, 0, 0].tolist() == good
        assert whole(store).targets["label"].tolist() == [i % 3 for i in good]


def test_nothing_usable_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"none of the 2 pictures can be used; the first: .*00\.png"):
        prepare(files(tmp_path, 2, broken=(0, 1)), PLAIN)
    with pytest.raises(InputError, match="no pictures"):
        prepare([], PLAIN)


def test_targets_of_unequal_shapes(tmp_path):
    for where in ("memory", "disk", "disk"):
        store = prepare(colours(9), RAGGED, where=where, folder=tmp_path)
        batch = store.gather(torch.tensor([1, 8, 3]))
        assert batch.keys == ["s1", "s8", "s3"]
        assert batch.targets["boxes"][:, :, 0].tolist() == [[0, -1], [0, 4], [-1, -1]]
        assert store.nbytes == 9 * 3 * SIDE * SIDE + 9 * 4 * 4  # three times 0 + 1 + 2 boxes


def test_a_sample_stage_of_several_shapes_is_the_tasks_mistake(tmp_path):
    def odd(sample, pixels):
        example = PLAIN.sample(sample, pixels)
        return replace(example, image=example.image[:, :3]) if sample.key == "s2" else example

    for where in ("memory", "disk"):
        with pytest.raises(
            ValueError, match=r"s2: its example is torch.uint8 \(3, 3, 4\), the first one is uint8 \(3, 4"
        ):
            prepare(colours(4), replace(PLAIN, sample=odd), where=where, folder=tmp_path)
    assert not list(tmp_path.iterdir())


def decoded(samples, monkeypatch, **options):
    """The store, and how many samples were decoded for it."""
    count = []
    stages = replace(options.pop("stages", PLAIN))
    counting = replace(stages, sample=lambda sample, pixels: count.append(1) or stages.sample(sample, pixels))
    return prepare(samples, counting, **options), len(count)


def test_a_cache_is_mapped_and_used_again(tmp_path, monkeypatch):
    samples = files(tmp_path / "set", 10)
    first, count = decoded(samples, monkeypatch, where="disk", folder=tmp_path / "cache")
    assert count == 10 + 1 and first.where == "disk"  # one to see what an example looks like
    second, count = decoded(samples, monkeypatch, where="disk", folder=tmp_path / "cache")
    assert count == 1 and "earlier run" in second.reason
    assert torch.equal(first.images, second.images)
    second.images[0] = 99  # a private map: the file stays as it was
    third, _ = decoded(samples, monkeypatch, where="disk", folder=tmp_path / "cache")
    assert torch.equal(first.images, third.images)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: os.truncate(folder / "images.u8", 100),
        lambda folder: (folder / "images.u8").unlink(),
        lambda folder: (folder / "header.json").write_text('{"format": 1, "shape": [10'),
        lambda folder: (folder / "header.json").write_text("[]"),
        lambda folder: (folder / "header.json").write_text((folder / "header.json").read_text().replace("10", "11")),
        lambda folder: os.truncate(folder / "targets.safetensors", 40),
        lambda folder: (folder / "targets.safetensors").unlink(),
    ],
)
def test_a_damaged_cache_is_made_again(tmp_path, monkeypatch, damage):
    samples = files(tmp_path / "set", 10)
    prepare(samples, PLAIN, where="disk", folder=tmp_path / "cache")
    (folder,) = (tmp_path / "cache").iterdir()
    damage(folder)
    store, count = decoded(samples, monkeypatch, where="disk", folder=tmp_path / "cache")
    assert count == 11 and whole(store).images[:, 0, 0, 0].tolist() == list(range(10))
    assert list((tmp_path / "cache").iterdir()) == [folder]


def test_the_key_is_everything_that_examples_depend_on(tmp_path):
    def pixels(value):
        return ArrayImage(np.full((2, 2, 3), value, np.uint8))

    def mask(value):
        return Masks("semantic", lambda: np.full((2, 2), value, np.uint8), ("a",))

    box = np.zeros((1, 4), np.float32)
    base = Sample("k", pixels(0), ("a",), Boxes(box, ("a",)), mask(0), "words", {"site": "x"})
    variants = [
        [base],
        [replace(base, key="l")],
        [replace(base, image=pixels(1))],
        [replace(base, labels=("b",))],
        [replace(base, boxes=Boxes(box + 1, ("a",)))],
        [replace(base, boxes=Boxes(box, ("b",)))],
        [replace(base, boxes=Boxes(box, ("a",), np.ones(1, bool)))],
        [replace(base, boxes=Boxes(box, ("a",), None, np.ones(1, bool)))],
        [replace(base, boxes=None)],
        [replace(base, masks=mask(1))],
        [replace(base, caption=None)],
        [replace(base, values={"age": 1.0})],
        [replace(base, extra={"site": "y"})],
        [base, base],
    ]
    keys = [cache_key(samples, PLAIN) for samples in variants] + [cache_key([base], MIXING)]
    assert len(set(keys)) == len(keys)
    assert cache_key([replace(base)], PLAIN) == keys[0]

    def not_yet():
        raise AssertionError("a key needs no mask drawn")

    lazy = replace(base, masks=Masks("semantic", not_yet, ("a",)))
    assert cache_key([lazy], PLAIN) == cache_key([replace(lazy)], PLAIN) != keys[0]
    assert cache_key([base], PLAIN, {"k": content(base, base.image.digest())}) == keys[0]
    assert cache_key([base], PLAIN, {"k": "other"}) != keys[0]


@pytest.mark.parametrize("kind", ["a mask for each picture", "a mask for each object"])
@pytest.mark.parametrize("packed", [False, True])
def test_repainted_mask_files_are_other_data(tmp_path, packed, kind):
    """Of the same path, size and time of change: it is their content that counts, for the cache and for a resumed run."""
    masks = {"masks": indexed(PIXELS), "other": indexed(PIXELS[::-1])}
    assert len(masks["masks"]) == len(masks["other"])
    place = "{}/images/1.png", "{}/masks/1.png", "{}/masks/2.png"
    if kind == "a mask for each picture":
        place = "images/{}.png", "masks/{}.png", "masks/{}.png"

    def known(mask):
        contents = [picture(3), masks["masks"], masks[mask]]
        laid = {name.format("ab"[row]): data for row in range(2) for name, data in zip(place, contents, strict=True)}
        path = pack(tmp_path / "x.zip", laid) if packed else lay(tmp_path / "x", laid)
        if not packed:
            for name in laid:
                os.utime(path / name, (1, 1))
        data = open_data(path)
        context = gather(data)
        samples = data.samples("train")
        assert all(sample.masks is not None and sample.masks.files() for sample in samples)
        key = cache_key(samples, PLAIN)
        assert key == cache_key(samples, PLAIN, context.contents)
        return key, fingerprint(context.contents), fingerprint(context.digests)

    before, after = known("masks"), known("other")
    assert before[0] != after[0] and before[1] != after[1]
    assert before[2] == after[2]  # the pictures by themselves, by which splits are made, are the same


def test_a_mask_file_that_cannot_be_read_has_a_key_too(tmp_path):
    laid = {
        f"{kind}/{n}.png": data for n in "ab" for kind, data in (("images", picture(3)), ("masks", indexed(PIXELS)))
    }
    samples = open_data(lay(tmp_path, laid)).samples("train")
    key = cache_key(samples, PLAIN)
    (tmp_path / "masks/a.png").unlink()
    assert cache_key(samples, PLAIN) != key


def test_a_full_disk_leaves_nothing_and_streams(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk.os, "fsync", full)
    samples, cache = colours(10), tmp_path / "cache"
    store = prepare(samples, PLAIN, ram=0, folder=cache)
    assert store.where == "stream" and len(store) == 10
    assert "No space left on device" in store.reason and str(cache) in store.reason
    assert list(cache.iterdir()) == []
    with pytest.raises(InputError, match=r"No space left on device[^;]*; make room"):
        prepare(samples, PLAIN, where="disk", folder=cache)
    with pytest.raises(TypeError):
        store.gather(torch.arange(2))


def test_a_file_in_the_folders_place_streams(tmp_path):
    (tmp_path / "cache").write_text("")
    store = prepare(colours(3), PLAIN, ram=0, folder=tmp_path / "cache")
    assert store.where == "stream" and "could not be written" in store.reason


def test_a_set_larger_than_memory_goes_to_disk_and_then_to_a_stream(tmp_path, monkeypatch):
    store = prepare(colours(10), PLAIN, ram=100, folder=tmp_path)
    assert store.where == "disk" and str(tmp_path) in store.reason
    monkeypatch.setattr("clearsight.data.cache._free", lambda folder: 100)
    other = prepare(colours(11), PLAIN, ram=100, folder=tmp_path)
    assert other.where == "stream" and other.images is None and other.nbytes == 0
    digests = {sample.key: content(sample, sample.image.digest()) for sample in colours(10)}
    again = prepare(colours(10), PLAIN, ram=100, folder=tmp_path, digests=digests)
    assert again.where == "disk"  # there already: a full disk does not matter
    with pytest.raises(InputError, match=r"10 examples of 56 bytes \(560 bytes\) are more than the 100 bytes.*--ram"):
        prepare(colours(10), PLAIN, where="memory", ram=100)


@given(st.integers(1, 10**7), st.integers(1, 10**7), st.integers(0, 10**12), st.integers(0, 10**13))
def test_the_place_chosen_has_room(count, size, ram, free):
    where, reason = choose(count, size, ram, free)
    room = {"memory": ram, "disk": free // 2}
    for place in ("memory", "disk"):
        if where == place:
            break
        assert count * size > room[place]
    assert where == "stream" or count * size <= room[where]
    assert f"{count:,} examples" in reason


def test_a_stream_of_unknown_length_is_streamed():
    assert choose(None, 1, 10**9, 10**9)[0] == "stream"


def test_half_of_the_free_memory_is_allowed():
    import psutil

    assert 0 < default_ram() <= psutil.virtual_memory().total // 2


KILLED = """
import sys, time
sys.path.insert(0, sys.argv[1])
from dataclasses import replace
from pathlib import Path
from small_sets import PLAIN, colours
from clearsight.data.cache import prepare

def slow(sample, pixels):
    if sample.key == "s30":
        print("half", flush=True)
        time.sleep(60)
    return PLAIN.sample(sample, pixels)

prepare(colours(40), replace(PLAIN, sample=slow), where="disk", folder=Path(sys.argv[2]))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_killed_process_leaves_no_half_cache(tmp_path, monkeypatch):
    with subprocess.Popen([sys.executable, "-c", KILLED, HERE, tmp_path], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"half\n"
        process.kill()
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".")
    store, count = decoded(colours(40), monkeypatch, where="disk", folder=tmp_path)
    assert count == 41 and whole(store).images[:, 0, 0, 0].tolist() == list(range(40))
    assert left.exists()  # its process might be alive
    longago = time.time() - ABANDONED - 1
    for path in (left, *left.iterdir()):
        os.utime(path, (longago, longago))
    prepare(colours(41), PLAIN, where="disk", folder=tmp_path)
    assert not left.exists()


def test_the_header_can_be_read_by_people(tmp_path):
    prepare(files(tmp_path / "set", 4, broken=(2,)), PLAIN, where="disk", folder=tmp_path / "cache")
    header = json.loads(next((tmp_path / "cache").glob("*/header.json")).read_text())
    assert header["shape"] == [3, 3, SIDE, SIDE] and header["bad"][0][0] == 2


def test_examples_come_in_order_and_few_are_under_way():
    read = []

    def lazily():
        for sample in colours(200):
            read.append(sample.key)
            yield sample

    made = make_examples(lazily(), PLAIN, threads=2)
    keys = [next(made)[0].key for _ in range(10)]
    assert keys == [f"s{i}" for i in range(10)] and len(read) < 80
    made.close()


def test_pool_threads_use_one_core_and_the_caller_keeps_its_own():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with single_threaded_pool(2) as pool:
            assert list(pool.map(lambda _: torch.get_num_threads(), range(4))) == [1, 1, 1, 1]
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_two_processes_may_write_the_same_cache(tmp_path, monkeypatch):
    def meanwhile(sample, pixels):
        if sample.key == "s9":
            prepare(colours(10), PLAIN, where="disk", folder=tmp_path)
        return PLAIN.sample(sample, pixels)

    store = prepare(colours(10), replace(PLAIN, sample=meanwhile), where="disk", folder=tmp_path)
    assert whole(store).images[:, 0, 0, 0].tolist() == list(range(10))
    assert len(list(tmp_path.iterdir())) == 1

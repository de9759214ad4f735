"""Content hashes: of each picture, and of a whole set."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clearsight.core.sample import ArrayImage, FileImage, Sample
from clearsight.data.scan import digests, fingerprint


def test_every_sample_by_key_and_the_unreadable_apart(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / f"{number}.bin").write_bytes(bytes([number % 50]))
    samples = [Sample(str(n), FileImage(tmp_path / f"{n}.bin")) for n in range(102)]
    found, bad = digests(samples, threads=3)
    assert list(found) == [str(n) for n in range(100)]  # in the samples' order, whichever thread was first
    assert all(found[str(n)] == found[str(n + 50)] for n in range(50))
    assert len(set(found.values())) == 50
    assert [error.reason for error in bad] == ["the file is not there"] * 2
    assert [Path(error.name).name for error in bad] == ["100.bin", "101.bin"]


def test_progress_counts_up_in_the_callers_thread() -> None:
    samples = [Sample(str(n), ArrayImage(np.full((2, 2), n, np.uint8))) for n in range(100)]
    seen: list[tuple[int, int, int]] = []
    digests(samples, progress=lambda done, total: seen.append((done, total, threading.get_ident())))
    done, totals, threads = zip(*seen, strict=True)
    assert list(done) == sorted(done) and done[-1] == 100 and len(done) > 1
    assert set(totals) == {100}
    assert set(threads) == {threading.get_ident()}


def test_no_samples() -> None:
    assert digests([]) == ({}, [])


pairs = st.dictionaries(st.text(max_size=5), st.text("0123456789abcdef", max_size=4), max_size=5)


@given(pairs, pairs)
def test_fingerprints_are_equal_only_for_equal_sets(one: dict[str, str], other: dict[str, str]) -> None:
    backwards = dict(reversed(one.items()))
    assert fingerprint(one) == fingerprint(backwards)
    assert (fingerprint(one) == fingerprint(other)) == (one == other)


def test_a_fingerprint_stays_what_it_is() -> None:
    """Manifests hold it: another value would make every old run look as if its data had changed."""
    import hashlib

    wanted = hashlib.sha256(b'["a", "00"]["\\u00e9", "01"]').hexdigest()
    assert fingerprint({"é": "01", "a": "00"}) == wanted

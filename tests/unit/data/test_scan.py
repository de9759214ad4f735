"""One number for a whole set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clearsight.data.scan import fingerprint

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

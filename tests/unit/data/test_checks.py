"""Every check against small sets worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from clearsight.core.errors import BadImage
from clearsight.core.reader import DataInfo
from clearsight.core.registry import find, names
from clearsight.core.sample import ArrayImage, FileImage, ImageSource, Sample
from clearsight.data.checks import Finding, GateContext, gather, run_checks
from clearsight.data.checks.sizes import summary
from clearsight.data.open import Dataset, open_data

PICTURE = ArrayImage(np.zeros((4, 4, 3), np.uint8))

Row = tuple[str, str | None, str]
"""Key, label and content of one picture."""


def context(
    splits: Mapping[str, Sequence[Row]],
    sizes: Mapping[str, tuple[int, int]] | None = None,
    bad: Sequence[BadImage] = (),
    notes: tuple[str, ...] = (),
    annotated: frozenset[str] = frozenset({"labels"}),
    max_bad: float = 0.01,
) -> GateContext:
    """A gate over made-up rows; a row whose content is "" cannot be read."""
    samples = {
        split: [Sample(key, PICTURE, None if label is None else (label,)) for key, label, _ in rows]
        for split, rows in splits.items()
    }
    labels = sorted({label for rows in splits.values() for _, label, _ in rows if label is not None})
    info = DataInfo("folder", {s: len(r) for s, r in splits.items()}, tuple(labels), annotated, notes=notes)
    digests = {key: content for rows in splits.values() for key, _, content in rows if content}
    return GateContext(info, samples, digests, sizes or dict.fromkeys(digests, (40, 60)), bad, False, max_bad)


def rows(**classes: int) -> list[Row]:
    """So many pictures of each class, all different."""
    return [(f"{label}{i}", label, f"{label}{i}") for label, count in classes.items() for i in range(count)]


def found(name: str, given: GateContext) -> list[Finding]:
    findings = list(find("checks", name)(given))
    assert all(finding.check == name for finding in findings)
    return findings


@pytest.mark.parametrize("name", list(names("checks")))
def test_a_good_set_has_no_finding(name: str) -> None:
    val = [(f"v{key}", label, f"v{content}") for key, label, content in rows(cat=5, dog=5)]
    assert found(name, context({"train": rows(cat=20, dog=12), "val": val})) == []


@pytest.mark.parametrize("name", list(names("checks")))
def test_an_empty_set_breaks_no_check(name: str) -> None:
    for finding in found(name, context({"train": []})):
        assert finding.level == "error"


# unreadable


def test_unreadable_pictures_are_named_with_their_reasons() -> None:
    train = [*rows(cat=99, dog=100), ("x.jpg", "cat", "")]
    (finding,) = found("unreadable", context({"train": train}, bad=[BadImage("x.jpg", "is cut short")]))
    assert finding.level == "warning"
    assert finding.message.startswith("1 of 200 pictures cannot be read; training goes on without")
    assert finding.items == ("x.jpg: is cut short",)


def test_too_many_unreadable_pictures_are_an_error() -> None:
    bad = [BadImage("x.jpg", "is cut short")]
    train = [*rows(cat=98), ("x.jpg", "cat", "")]
    (finding,) = found("unreadable", context({"train": train}, bad=bad))  # 1 of 99 is more than 1 %
    assert finding.level == "error" and "more than the 1 % of --max-bad" in finding.message
    (finding,) = found("unreadable", context({"train": train}, bad=bad, max_bad=0.02))
    assert finding.level == "warning"


# duplicates


def test_copies_within_a_split() -> None:
    train = [*rows(cat=20, dog=20), ("copy1", "cat", "cat3"), ("copy2", "cat", "cat3")]
    (finding,) = found("duplicates", context({"train": train}))
    assert finding.level == "warning"
    assert finding.message == "2 pictures of train are exact copies of others and count double: remove the copies"
    assert finding.items == ("copy1 = cat3", "copy2 = cat3")


def test_copies_across_splits_are_a_leak() -> None:
    val = [("leak", "cat", "cat3"), *[(f"v{i}", "cat", f"v{i}") for i in range(98)]]
    (finding,) = found("duplicates", context({"train": rows(cat=20), "val": val}))  # 1 of 99
    assert finding.level == "error" and finding.items == ("leak = cat3",)
    assert finding.message.startswith("1 of 99 pictures of val is also in train, which makes figures on val too good")
    val.append(("v98", "cat", "v98"))  # 1 of 100
    (finding,) = found("duplicates", context({"train": rows(cat=20), "val": val}))
    assert finding.level == "warning"


def test_a_leak_from_two_splits_into_test() -> None:
    splits = {"train": rows(cat=3), "val": rows(dog=3), "test": [("a", "cat", "cat0"), ("b", "dog", "dog1")]}
    (finding,) = found("duplicates", context(splits))
    assert "2 of 2 pictures of test are also in train or val" in finding.message


def test_copies_with_different_labels() -> None:
    train = [*rows(cat=10, dog=10), ("wrong", "dog", "cat3")]
    conflict, repeated = found("duplicates", context({"train": train}))
    assert conflict.level == "error" and conflict.items == ("cat3 (cat) = wrong (dog)",)
    assert conflict.message == "2 pictures are exact copies with different labels: keep the right one of each"
    assert repeated.items == ("wrong = cat3",)
    many = [*train, *rows(fox=200)]
    assert found("duplicates", context({"train": many}))[0].level == "warning"


def test_a_copy_without_label_contradicts_nothing() -> None:
    findings = found("duplicates", context({"train": [*rows(cat=10), ("unknown", None, "cat3")]}))
    assert [finding.items for finding in findings] == [("unknown = cat3",)]


# balance


def test_one_class_only_is_nothing_to_tell_apart() -> None:
    (finding,) = found("balance", context({"train": rows(cat=20)}))
    assert finding.level == "error" and "one class 'cat', so there is nothing to tell apart" in finding.message


def test_no_label_at_all() -> None:
    (finding,) = found("balance", context({"train": [("a", None, "a")]}))
    assert finding.level == "error" and "no picture that can be read has a label" in finding.message


def test_a_class_is_only_what_can_be_read_of_it() -> None:
    train = [*rows(cat=20), ("x", "dog", "")]
    (finding,) = found("balance", context({"train": train}, bad=[BadImage("x", "is cut short")]))
    assert "one class 'cat'" in finding.message


def test_pictures_without_a_label() -> None:
    (finding,) = found("balance", context({"train": [*rows(cat=9, dog=9), ("a", None, "a")]}))
    assert finding.level == "warning" and finding.items == ("a",)


def test_classes_that_a_split_lacks() -> None:
    splits = {"train": rows(cat=9, dog=9, fox=9), "val": [("a", "cat", "a"), ("b", "Dog", "b"), ("c", "fox", "c")]}
    unknown, unjudged = found("balance", context(splits))
    assert (unknown.level, unknown.items) == ("error", ("Dog",))
    assert unknown.message == "1 class of val cannot be learnt, for train has no picture of it: check the names"
    assert (unjudged.level, unjudged.items) == ("warning", ("dog",))


def test_a_split_without_labels_lacks_none() -> None:
    splits = {"train": rows(cat=9, dog=9), "test": [("a", None, "a")]}
    (finding,) = found("balance", context(splits))
    assert "have no label" in finding.message or "has no label" in finding.message


def test_scarce_classes() -> None:
    (finding,) = found("balance", context({"train": rows(cat=9, dog=5, fox=4, owl=1)}))
    assert finding.level == "warning" and finding.items == ("fox (4)", "owl (1)")


@pytest.mark.parametrize(("commonest", "expected"), [(50, 0), (51, 1)])
def test_uneven_classes(commonest: int, expected: int) -> None:
    findings = found("balance", context({"train": rows(cat=commonest, dog=5)}))
    assert len(findings) == expected
    if findings:
        assert "51 pictures of 'cat' and 5 of 'dog', 10 times fewer" in findings[0].message


def test_several_labels_count_each() -> None:
    given = context({"train": rows(cat=6, dog=6)})
    both = Sample("both", PICTURE, ("cat", "dog"))
    given = GateContext(given.info, {"train": [*given.samples["train"], both]}, {**given.digests, "both": "b"}, {})
    assert given.counts() == {"train": {"cat": 7, "dog": 7}}


def test_balance_is_silent_where_nothing_bears_classes() -> None:
    assert found("balance", context({"train": rows(cat=1)}, annotated=frozenset({"caption"}))) == []


# sizes


def test_tiny_and_long_pictures() -> None:
    sizes = {f"cat{i}": (200, 300) for i in range(7)}
    sizes |= {"cat7": (1, 1), "cat8": (31, 40), "cat9": (20, 30_000)}
    tiny, long = found("sizes", context({"train": rows(cat=10)}, sizes))
    assert tiny.items == ("cat7 (1 x 1)", "cat8 (40 x 31)")
    assert "2 pictures are tiny (the usual shorter side is 200 pixels)" in tiny.message
    assert long.items == ("cat9 (30000 x 20)",)


def test_small_pictures_among_small_ones_are_not_tiny() -> None:
    assert found("sizes", context({"train": rows(cat=2)}, {"cat0": (8, 8), "cat1": (6, 8)})) == []


def test_pictures_of_a_pixel_are_always_tiny() -> None:
    (finding,) = found("sizes", context({"train": rows(cat=2)}, {"cat0": (1, 1), "cat1": (2, 2)}))
    assert len(finding.items) == 2


def test_summary_of_sizes() -> None:
    sizes = {"cat0": (10, 40), "cat1": (20, 20), "cat2": (60, 30), "cat3": (10, 40)}
    assert summary(context({"train": rows(cat=4)}, sizes)) == {
        "height": {"min": 10, "median": 15, "max": 60},
        "width": {"min": 20, "median": 35, "max": 40},
        "different": 3,
    }
    assert summary(context({"train": []})) == {}


# keys, notes


def test_duplicate_keys() -> None:
    splits = {"train": [*rows(cat=3), ("cat1", "cat", "other")], "val": [("cat1", "cat", "third")]}
    (finding,) = found("keys", context(splits))
    assert finding.level == "error" and finding.items == ("cat1 (3 times)",)


def test_the_reader_s_notes_are_passed_on() -> None:
    (finding,) = found("notes", context({"train": rows(cat=3)}, notes=("the folder owl is empty",)))
    assert (finding.level, finding.message) == ("note", "the folder owl is empty")


# gather and run_checks


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for i in range(6):
            pixels = rng.integers(0, 256, (10 + i, 20, 3), dtype=np.uint8)
            PIL.Image.fromarray(pixels).save(tmp_path / label / f"{i}.png")
    return tmp_path


def test_gather_reads_a_folder(folder: Path) -> None:
    steps: list[tuple[int, int]] = []
    given = gather(open_data(folder), lambda *step: steps.append(step))
    assert steps[-1] == (12, 12)
    assert given.count == 12 and list(given.samples) == ["train"]
    for sample in given.samples["train"]:
        assert given.digests[sample.key] == sample.image.digest()
        assert given.sizes[sample.key] == sample.image.size()
    assert not given.bad and not given.full and run_checks(given) == []


def test_what_cannot_be_read_is_listed(folder: Path) -> None:
    (folder / "cat" / "0.png").write_bytes(b"")
    (folder / "cat" / "1.png").write_text("<html>")
    cut = folder / "dog" / "0.png"
    cut.write_bytes(cut.read_bytes()[:-200])
    headers, full = gather(open_data(folder)), gather(open_data(folder), full=True)
    assert sorted(bad.reason for bad in headers.bad) == ["is a web page or XML, not a picture", "the file is empty"]
    assert len(full.bad) == 3 and full.full and full.count == 12
    assert len(full.digests) == len(full.sizes) == 9
    (finding,) = [finding for finding in run_checks(full) if finding.check == "unreadable"]
    assert any("0.png" in item and "dog" in item for item in finding.items)


def test_every_picture_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    encoded = FileImage.encoded

    def spy(image: FileImage) -> bytes:
        read.append(image.path)
        return encoded(image)

    monkeypatch.setattr(FileImage, "encoded", spy)
    for full in (False, True):
        read.clear()
        gather(open_data(folder), full=full)
        assert len(read) == len(set(read)) == 12


def test_a_source_s_own_fault_is_no_bad_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(ImageSource):
        name = "broken"

        def encoded(self) -> bytes:
            raise RuntimeError("a bug")

    info = DataInfo("folder", {"train": 1}, (), frozenset())
    data = Dataset("toy", None, "folder", info)  # type: ignore[arg-type]
    monkeypatch.setattr(Dataset, "samples", lambda self, split: [Sample("a", Broken())])
    with pytest.raises(RuntimeError, match="a bug"):
        gather(data)


def test_errors_come_first() -> None:
    train = [*rows(cat=3), ("cat1", "cat", "cat1")]
    findings = run_checks(context({"train": train}, notes=("a note",)))
    levels = [finding.level for finding in findings]
    assert levels == sorted(levels, key=["error", "warning", "note"].index) and len(set(levels)) == 3
    assert findings[0].to_dict() == {
        "level": "error",
        "check": findings[0].check,
        "message": findings[0].message,
        "items": list(findings[0].items),
    }

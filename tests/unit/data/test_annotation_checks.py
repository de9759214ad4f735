"""Checks of boxes against small sets worked out by hand: faults, sizes, balance, copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from laying import lay, picture

from clearsight.core.reader import DataInfo, Fault
from clearsight.core.registry import find
from clearsight.core.sample import ArrayImage, Boxes, Masks, Sample
from clearsight.data.checks import Finding, GateContext, gather, run_checks
from clearsight.data.counting import classes_of, counted, shown
from clearsight.data.open import open_data
from clearsight.data.splits import divide

PICTURE = ArrayImage(np.zeros((4, 4, 3), np.uint8))


def boxed(key: str, labels: str | None, said: tuple[int, int] | None = None, shift: float = 0) -> Sample:
    """A picture with a box of each class of a text, by letters; None is not annotated."""
    if labels is None:
        return Sample(key, PICTURE)
    xyxy = np.array([[n + shift, 0, n + 1 + shift, 1] for n in range(len(labels))], np.float32).reshape(-1, 4)
    return Sample(key, PICTURE, boxes=Boxes(xyxy, tuple(labels), said=said))


def context(
    splits: Mapping[str, Sequence[Sample]],
    labels: str = "ab",
    faults: tuple[Fault, ...] = (),
    copies: Mapping[str, str] | None = None,
    annotated: frozenset[str] = frozenset({"boxes"}),
) -> GateContext:
    """A gate over made-up samples, all of 60 x 40 pixels; `copies` are keys whose contents are those of others."""
    info = DataInfo("x", {split: len(some) for split, some in splits.items()}, tuple(labels), annotated, faults=faults)
    keys = [sample.key for some in splits.values() for sample in some]
    digests = {key: (copies or {}).get(key, key) for key in keys}
    return GateContext(info, splits, digests, dict.fromkeys(keys, (40, 60)))


def found(name: str, given: GateContext) -> list[Finding]:
    findings = list(find("checks", name)(given))
    assert all(finding.check == name for finding in findings)
    return findings


def many(labels: str, count: int = 5, start: str = "t") -> list[Sample]:
    return [boxed(f"{start}{n}", labels) for n in range(count)]


# what the reader met


@pytest.mark.parametrize(
    ("level", "number", "total", "expected"),
    [
        ("many", 1, 100, "warning"),
        ("many", 2, 100, "error"),
        ("warning", 90, 100, "warning"),
        ("note", 90, 100, "note"),
    ],
)
def test_faults_become_findings(level: str, number: int, total: int, expected: str) -> None:
    items = tuple(f"x.json: annotation {n}" for n in range(number))
    fault = Fault("boxes without area", "left out", "draw them anew", items, total, level)  # type: ignore[arg-type]
    (finding,) = found("annotations", context({"train": many("ab")}, faults=(fault,)))
    assert (finding.level, finding.items) == (expected, items)
    assert finding.message == f"boxes without area were left out, {number} of {total}: draw them anew"


def test_sizes_that_disagree_with_the_photograph() -> None:
    right = [boxed(f"r{n}", "a", said=(40, 60)) for n in range(200)]
    wrong = [boxed("w", "a", said=(400, 600)), boxed("turned", "a", said=(60, 40)), boxed("unsaid", "a")]
    (finding,) = found("annotations", context({"train": [*right, *wrong[:1]], "val": wrong[2:]}))
    assert finding.level == "warning"
    assert finding.message.startswith("1 of 201 pictures is not of the size that their annotations say")
    assert finding.items == ("w is of 60 x 40 pixels, its annotation says 600 x 400",)
    (finding,) = found("annotations", context({"train": [*right[:10], *wrong]}))
    assert finding.level == "error" and finding.message.startswith("2 of 12 pictures are not")
    assert finding.items[1].endswith("its annotation says 40 x 60: turned by its EXIF orientation?")


def test_a_photograph_that_was_resized_is_found(tmp_path: Path) -> None:
    from test_voc import thing, xml

    files = {"JPEGImages/a.png": picture(3, (16, 12)), "Annotations/a.xml": xml(thing("dog", 1, 1, 4, 4))}
    findings = run_checks(gather(open_data(lay(tmp_path, files))))
    assert findings[0].level == "error" and findings[0].check == "annotations"
    where = f"{tmp_path}/Annotations/a.xml: size"
    assert findings[0].items == (f"JPEGImages/a.png is of 16 x 12 pixels, its annotation ({where}) says 8 x 6",)


# balance


def test_boxes_are_counted_by_class_and_split() -> None:
    given = context({"train": [boxed("1", "aab"), boxed("2", ""), boxed("3", None)], "val": [boxed("4", "b")]}, "abc")
    assert given.counts() == {"train": {"a": 2, "b": 1, "c": 0}, "val": {"a": 0, "b": 1, "c": 0}}
    assert given.counted is not None and (given.counted.field, given.counted.many) == ("boxes", "boxes")


def test_one_class_of_boxes_is_no_fault() -> None:
    assert found("balance", context({"train": many("a")}, "a")) == []


def test_no_box_at_all_is_nothing_to_learn() -> None:
    (finding,) = found("balance", context({"train": [boxed("1", ""), boxed("2", None)]}))
    assert finding.level == "error"
    assert finding.message == "no picture that can be read has a box: there is nothing to learn"


def test_classes_declared_and_never_annotated() -> None:
    (finding,) = found("balance", context({"train": many("ab")}, "abcd"))
    assert (finding.level, finding.items) == ("warning", ("c", "d"))
    wanted = "2 classes are declared and have no box anywhere: annotate, or leave out with --classes=-c,-d"
    assert finding.message == wanted


def test_pictures_without_boxes_and_those_nobody_annotated() -> None:
    unmarked, bare = found(
        "balance", context({"train": [*many("ab"), boxed("x", None), boxed("y", ""), boxed("z", "")]})
    )
    assert (unmarked.level, unmarked.items) == ("warning", ("x",))
    assert unmarked.message == "1 picture of train is not annotated with boxes and will not be used: annotate them"
    assert (bare.level, bare.items) == ("note", ("y", "z"))
    assert bare.message == "2 pictures of train are annotated and have no box: background, if that is meant"


def test_classes_that_a_split_lacks() -> None:
    unknown, unjudged = found("balance", context({"train": many("ab"), "val": [boxed("v", "ac")]}, "abc"))
    assert (unknown.level, unknown.items) == ("error", ("c",))
    assert unknown.message == "1 class of val cannot be learnt, for train has no box of it: check the names"
    assert (unjudged.level, unjudged.items) == ("warning", ("b",))
    assert unjudged.message.endswith("which has none: add boxes of it")


def test_scarce_and_uneven_classes() -> None:
    (scarce,) = found("balance", context({"train": [*many("a"), boxed("b", "bbbb")]}))
    assert scarce.items == ("b (4)",) and "fewer than 5 boxes" in scarce.message
    assert found("balance", context({"train": many("a" * 100 + "b")})) == []
    (uneven,) = found("balance", context({"train": many("a" * 101 + "b")}))
    assert uneven.message.startswith("train has 505 boxes of 'a' and 5 of 'b', 101 times fewer")


def test_labels_of_whole_pictures_go_before_boxes() -> None:
    both = Sample("x", PICTURE, ("night",), Boxes(np.zeros((1, 4), np.float32), ("car",)))
    info = DataInfo("x", {"train": 1}, ("night",), frozenset({"labels", "boxes"}), drawn=("car",))
    given = GateContext(info, {"train": [both]}, {"x": "x"}, {})
    assert given.counts() == {"train": {"night": 1}}
    assert info.classes("labels") == ("night",) and info.classes("boxes") == ("car",)
    assert DataInfo("x", {}, ("car",), frozenset({"boxes"})).classes("boxes") == ("car",)


def test_instances_are_counted_and_semantic_masks_are_not() -> None:
    def masked(kind: str) -> Sample:
        return Sample("x", PICTURE, masks=Masks(kind, lambda: (), ("a",)))  # type: ignore[arg-type]

    assert classes_of(masked("instances"), "masks") == ("a",) and classes_of(masked("semantic"), "masks") is None
    assert classes_of(Sample("x", PICTURE, ("a",)), "labels") == ("a",)
    assert counted({"caption"}) is None
    masks = frozenset({"masks"})
    semantic = context({"train": [masked("semantic")]}, annotated=masks)
    assert found("balance", semantic) == []
    instances = context({"train": [masked("instances")]}, "a", annotated=masks)
    (scarce,) = found("balance", replace(instances, info=replace(instances.info, instances=True)))
    assert "fewer than 5 instances" in scarce.message


def test_a_part_that_lacks_a_class_of_boxes_is_told_of() -> None:
    samples = [boxed("1", "ab"), boxed("2", "a"), boxed("3", None), Sample("4", PICTURE, ("c",))]
    assert [shown(sample) for sample in samples] == [("a", "b"), ("a",), (), ("c",)]
    division = divide(samples[:2], {"1": "x", "2": "y"}, {"train": 0.5, "val": 0.5})
    lacking = next(name for name, part in division.parts.items() if part == [samples[1]])
    assert f"{lacking} has no picture of b" in division.notes


# copies


def test_copies_with_other_boxes() -> None:
    train = [boxed("1", "ab"), boxed("2", "ba"), boxed("3", "ab"), boxed("4", None), boxed("5", "ab", shift=1)]
    conflict, _ = found("duplicates", context({"train": train[:2]}, copies={"2": "1"}))
    assert conflict.items == ("1 (2 boxes) = 2 (2 boxes)",)
    assert conflict.message == "2 pictures are exact copies with different boxes: keep the right one of each"
    alike = found("duplicates", context({"train": [train[0], train[2], train[3]]}, copies={"3": "1", "4": "1"}))
    assert [finding.items for finding in alike] == [("3 = 1", "4 = 1")]
    shifted, _ = found("duplicates", context({"train": [train[0], train[4]]}, copies={"5": "1"}))
    assert shifted.level == "error"


def test_the_order_of_boxes_does_not_matter_to_copies() -> None:
    one = Boxes(np.array([[0, 0, 1, 1], [1, 1, 2, 2]], np.float32), ("a", "b"))
    samples = [Sample("1", PICTURE, boxes=one), Sample("2", PICTURE, boxes=one.rows([1, 0], ("b", "a")))]
    (finding,) = found("duplicates", context({"train": samples}, copies={"2": "1"}))
    assert finding.items == ("2 = 1",)


# objects annotated twice


def test_boxes_that_all_but_cover_another_of_their_class_are_named() -> None:
    xyxy = np.array([[0, 0, 20, 20], [0.5, 0, 20, 20.4], [0, 0, 20, 20.1], [30, 0, 40, 9], [30, 2, 40, 9]], np.float32)
    sample = Sample("x", PICTURE, boxes=Boxes(xyxy, ("a", "a", "b", "a", "a")))
    (finding,) = found("annotations", context({"train": [sample, boxed("y", "ab")]}))
    assert finding.level == "warning" and finding.items == ("x: a at 0.5, 0, 20, 20.4",)
    assert finding.message.startswith("1 box lies on another one of the same class")


def test_crowds_may_cover_what_is_in_them() -> None:
    boxes = Boxes(np.array([[0, 0, 20, 20]] * 2, np.float32), ("a", "a"), crowd=np.array([True, False]))
    assert found("annotations", context({"train": [Sample("x", PICTURE, boxes=boxes), boxed("y", "b")]})) == []

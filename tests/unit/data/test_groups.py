"""--group: a column, a folder or part of a name, and the check for groups that lie in several splits."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from laying import lay, picture

from clearsight.core.errors import InputError
from clearsight.data.checks import gather, run_checks
from clearsight.data.open import open_data


def scans(root: Path, splits: bool = False) -> Path:
    """Class folders, two pictures of each of four patients; where there are splits, p2 is in both."""
    files: dict[str, bytes | str] = {}
    for number, patient in enumerate(("p0", "p1", "p2", "p3")):
        for n in (0, 1):
            split = ("test/" if number + n > 2 else "train/") if splits else ""
            files[f"{split}{'ab'[n]}/{patient}_{n}.png"] = picture(10 * number + n)
    return lay(root / "scans", files)


@pytest.mark.parametrize(("pattern", "value"), [(r"name:(p\d)_", "p0"), (r"name:p\d", "p0"), ("folder", "a")])
def test_groups_of_names_and_folders(tmp_path: Path, pattern: str, value: str) -> None:
    data = open_data(scans(tmp_path), group=pattern)
    assert data.info.columns == (pattern,) and data.group == pattern
    assert data.samples("train")[0].extra == {pattern: value}
    assert pickle.loads(pickle.dumps(data.changes)) == data.changes


def test_a_column_stays_as_it_is(tmp_path: Path) -> None:
    lay(tmp_path, {"t.csv": "image,label,patient\na.png,x,7\n", "a.png": picture()})
    data = open_data(tmp_path, group="patient")
    assert data.samples("train")[0].extra == {"patient": "7"} and not data.changes
    with pytest.raises(
        InputError, match=r"--group patent: .* has no such column, there is patient; did you mean 'patient'"
    ):
        open_data(tmp_path, group="patent")


def test_what_is_no_group(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it has none; 'folder' and 'name:REGEX' group by"):
        open_data(scans(tmp_path), group="patient")
    with pytest.raises(InputError, match=r"--group name:\(p: the pattern is no regular expression"):
        open_data(scans(tmp_path), group="name:(p")


def test_a_group_in_two_splits_is_warned_of(tmp_path: Path) -> None:
    path = scans(tmp_path, splits=True)
    assert not [finding for finding in run_checks(gather(open_data(path))) if finding.check == "groups"]
    (finding,) = [f for f in run_checks(gather(open_data(path, group=r"name:p\d"))) if f.check == "groups"]
    assert finding.level == "warning" and finding.items == ("p2 (train 1, test 1)",)
    assert "1 value of 'name:p\\d' is in more than one split, with 1 picture of the later ones" in finding.message


def test_pictures_without_a_value_are_told_of(tmp_path: Path) -> None:
    findings = run_checks(gather(open_data(scans(tmp_path), group="name:p[0-2]")))
    (finding,) = [f for f in findings if f.check == "groups"]
    assert finding.message.startswith("2 pictures have no value of") and finding.items == ("a/p3_0.png", "b/p3_1.png")

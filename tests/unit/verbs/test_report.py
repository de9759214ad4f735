"""The report of a synthetic run: whole, well formed, asking for nothing, and safe with hostile names."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import yaml
from rich.console import Console

from clearsight.core.errors import InputError
from clearsight.core.metric import Curves, Figure, Mistake, Result
from clearsight.core.options import parse
from clearsight.core.registry import names
from clearsight.tasks.classify.words import FIGURES
from clearsight.verbs import report
from clearsight.verbs.sections import breakdown, confusion, curves, data, html, lines, mistakes, summary
from clearsight.verbs.sections.context import Context, Evaluation, load_context

HOSTILE = "<script>alert('ant')</script>"
LABELS = (HOSTILE, "bee & wasp", "fly")
VOID = {"meta", "link", "img", "br", "path", "use", "rect"}
LOADS = {"src", "srcset", "data", "poster", "action", "formaction", "background"}


class Page(HTMLParser):
    """Reads a page and keeps what the tests ask about; an end tag that does not fit is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID or tag == "path":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> is out of place"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def thumbnail(side: int, kind: str = "PNG") -> str:
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (side, side), "orange").save(buffer, kind)
    return base64.b64encode(buffer.getvalue()).decode()


def result(**changed: Any) -> Result:
    row = {"precision": 0.9, "recall": 0.8, "f1": 0.85, "support": 120}
    fields = {
        "headline": "accuracy",
        "higher_is_better": True,
        "values": {"accuracy": 0.978, "macro_f1": 0.9, "nll": 0.12345},
        "intervals": {"accuracy": (0.961, 0.992)},
        "per_class": {LABELS[0]: row, LABELS[1]: {**row, "f1": 0.5}, LABELS[2]: {**row, "f1": 0.0, "support": 0}},
        "confusion": [[118, 2, 0], [6, 114, 0], [0, 0, 0]],
        "figures": FIGURES,
        "weakest_by": "f1",
        "labels": LABELS,
        "mistakes": [Mistake("a.jpg", 0.9, "x")] * 8,
        "points": {HOSTILE: [(1.0, 1.5), (2.0, 1.8), (4.0, 4.2)]},
        "curves": [Curves(HOSTILE, "recall", "precision", {HOSTILE: [(0.0, 1.0), (1.0, 0.5)], "fly": [(0.0, 0.5)]})],
        "breakdown": {HOSTILE: {"count": 3, "cost": 0.02}, "background": {"count": 1200, "cost": 0.0567}},
        "count": 360,
        "left_out": 2,
    }
    return Result(**{**fields, **changed})


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with all that train and evaluate write."""
    folder = tmp_path / "runs" / "insects"
    (folder / "model").mkdir(parents=True)
    model = {
        "format": 1,
        "task": {"name": "classify", "labels": LABELS, "size": 224},
        "net": {"name": "mobilenetv2_100", "config": {}},
        "weights": {"sha256": "ab" * 32, "bytes": 9_123_456},
        "rejection": {
            "score": "energy",
            "below": 1.5,
            "tuned_on": 180,
            "known_rejected": {"value": 0.05, "interval": [0.02, 0.09], "count": 180},
            "unknown": HOSTILE,
        },
    }
    mistakes = [
        {"key": f"{HOSTILE}.jpg", "badness": 0.98, "text": f"fly, taken for {HOSTILE} (0.98)", "picture": thumbnail(8)},
        {"key": "b.jpg", "badness": 0.7, "text": "fly, taken for bee (0.70)", "picture": thumbnail(200, "JPEG")},
        {"key": "c.jpg", "badness": 0.6, "text": "no thumbnail", "picture": "bm90IGEgcGljdHVyZQ=="},
    ]
    evaluation = {
        "data": "photos/",
        "split": "val",
        "role": "the last weights, judged on val pictures",
        "result": result().to_dict(),
        "mistakes": mistakes,
        "examples": [{"key": "d.jpg", "badness": 0, "text": "fly, right (0.99)", "picture": thumbnail(8)}],
    }
    settings = {
        "lr": {"value": 0.001, "why": "usual for <Adam>"},
        "ema": {"value": True, "why": "default"},
        "freeze": {},
        "keep": {"value": "best", "why": "there are pictures to choose on"},
    }
    manifest = {
        "created": "2025-11-21T10:05:33+00:00",
        "data": {
            "name": "photos/",
            "format": "folder",
            "fingerprint": "0f0f",
            "counts": {"train": 1234, "choose": 0, "judge": 360},
            "labels": {LABELS[0]: {"train": 1000, "judge": 300}, "fly": {"judge": 60, "train": 234}},
            "roles": [f"judged on the val split of {HOSTILE}"],
        },
        "training": {"seconds": 3725.2, "steps": 40},
        "net": {"parameters": 2_226_434},
        "versions": {"torch": "2.15.0"},
        "bad_pictures": [{"name": f"{HOSTILE}.png", "reason": "the file is empty"}],
    }
    (folder / "model" / "model.json").write_text(json.dumps(model))
    (folder / "evaluation.json").write_text(json.dumps(evaluation))
    (folder / "plan.yaml").write_text(yaml.safe_dump({"settings": settings}))
    (folder / "manifest.json").write_text(json.dumps(manifest))
    lines = ["step,epoch,seconds,lr,loss,val_loss,accuracy,odd"]
    lines += [
        f"{s},{s / 10},{s},0.1,{1 / s},{1 / s if s % 5 == 0 else ''},{s / 50 if s % 5 == 0 else ''},?"
        for s in range(1, 41)
    ]
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    return folder


def written(run: Path, **values: Any) -> tuple[report.ReportOutcome, str]:
    outcome = report.run(parse(report.Options, {"run": str(run), **values}))
    return outcome, outcome.path.read_text(encoding="utf-8")


def test_every_section_is_there_in_the_registrys_order(run: Path) -> None:
    outcome, text = written(run)
    page = Page(text)
    sections = [attributes["id"] for attributes in page.all("section")]
    assert sections == list(names("sections"))
    assert outcome.path == run / "report.html"
    assert len(outcome.sections) == len(sections)
    assert (outcome.exit_code, outcome.left_out) == (0, ())
    assert set(sections) <= {(link["href"] or "").lstrip("#") for link in page.all("a")}


def test_the_page_asks_for_nothing_outside_of_itself(run: Path) -> None:
    _, text = written(run)
    page = Page(text)
    assert not page.all("script")
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert name not in LOADS or (value or "").startswith("data:image/"), (tag, name, value)
            if name in ("href", "xlink:href"):
                assert (value or "").startswith("data:," if tag == "link" else "#"), (tag, value)
    assert "http://" not in text
    assert "https://" not in text
    assert set(re.findall(r"url\(([^)]*)\)", text)) <= {f"#{name}" for name in page.ids}
    assert "@import" not in text
    assert "@font-face" not in text


def test_ids_are_unique_and_pictures_are_described(run: Path) -> None:
    page = Page(written(run)[1])
    assert len(page.ids) == len(set(page.ids))
    pictures = page.all("img")
    assert [picture["alt"] for picture in pictures] == [
        f"fly, taken for {HOSTILE} (0.98)",
        "fly, taken for bee (0.70)",
        "fly, right (0.99)",
    ]
    assert [picture.get("class") for picture in pictures] == ["squares", None, "squares"]
    assert "no picture" in page.text
    assert len(page.all("h1")) == 1


def test_hostile_names_stay_text(run: Path) -> None:
    _, text = written(run)
    assert "<script" not in text
    assert Page(text).text.count(HOSTILE) >= 6


def test_figures_are_told_in_words(run: Path) -> None:
    text = " ".join(Page(written(run)[1]).text.split())
    for words in (
        "97.8 % of 360 pictures right (95 % interval 96.1 to 99.2 %)",
        "The last weights, judged on val pictures. Judged on: photos/, val. 2 pictures without an annotation left out.",
        "9.1 MB",
        "1 h 2 min",
        "21 November 2025, 10:05",
        "The worst 3 of 8",
        "2,226,434",
        "photos/ (format folder): 1,234 pictures to learn from, 360 pictures to judge on.",
        "1 picture could not be used",
        "2 settings left at the default",
        "usual for <Adam>",
        "0f0f",
        "best 0.8 at step 40",
    ):
        assert words in text


def test_a_run_with_one_file_says_what_is_left_out(run: Path) -> None:
    for name in ("evaluation.json", "metrics.csv", "manifest.json", "model/model.json"):
        (run / name).unlink()
    outcome, text = written(run)
    assert outcome.sections == ("Settings",)
    assert [sentence.split()[0] for sentence in outcome.left_out] == [
        "model/model.json",
        "evaluation.json",
        "metrics.csv",
        "manifest.json",
    ]
    page = Page(text)
    assert "there are no training curves" in page.text
    shown = io.StringIO()
    outcome.show(Console(file=shown, width=30))
    assert "left out: metrics.csv is missing" in shown.getvalue()
    assert json.loads(json.dumps(outcome.to_dict()))["sections"] == ["Settings"]


@pytest.mark.parametrize(
    "missing", ["evaluation.json", "metrics.csv", "manifest.json", "model/model.json", "plan.yaml"]
)
def test_any_file_may_be_missing(run: Path, missing: str) -> None:
    (run / missing).unlink()
    outcome, text = written(run)
    Page(text)
    assert len(outcome.left_out) == 1
    assert len(outcome.sections) >= 3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("evaluation.json", "{"),
        ("evaluation.json", "[]"),
        ("evaluation.json", '{"result": {"headline": 3}}'),
        ("manifest.json", "no"),
        ("plan.yaml", "a: [b"),
        ("plan.yaml", "settings: 3"),
        ("metrics.csv", "\udcff"),
        ("model/model.json", "{}"),
    ],
)
def test_a_damaged_file_is_named(run: Path, name: str, content: str) -> None:
    (run / name).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=re.escape(str(run / name))):
        written(run)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not there"):
        written(tmp_path / "nowhere")
    with pytest.raises(InputError, match="is no run"):
        written(tmp_path)


def test_output_goes_where_it_is_asked_to_or_is_refused(run: Path, tmp_path: Path) -> None:
    outcome, _ = written(run, output=str(tmp_path / "deep" / "it.html"))
    assert outcome.path == tmp_path / "deep" / "it.html"
    assert not (run / "report.html").exists()
    with pytest.raises(InputError, match="cannot be written"):
        written(run, output=str(tmp_path))


def test_the_same_run_gives_the_same_page(run: Path) -> None:
    assert written(run)[1] == written(run)[1]


def test_no_torch_is_imported(run: Path) -> None:
    code = (
        "import sys; from clearsight.verbs import report; "
        f"report.run(report.Options(run={str(run)!r})); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_perfect_is_said_with_care() -> None:
    figure, words = summary.headline(result(values={"accuracy": 1.0}, intervals={"accuracy": (1.0, 1.0)}))
    assert (figure, words.partition(";")[0]) == ("100.0 %", "of 360 pictures right")
    assert "as low as 99.2 %" in words


def test_other_headlines_are_named() -> None:
    figure, words = summary.headline(
        result(headline="map_50", values={"map_50": 0.51234}, intervals={"map_50": (0.4, 0.6)})
    )
    assert f"{figure} {words}" == "0.512 map 50 on 360 pictures (95 % interval 0.400 to 0.600)"


def test_confused_pairs_most_frequent_first() -> None:
    assert confusion.confused_pairs(np.array([[5, 1, 0], [3, 9, 0], [0, 2, 4]])) == [(1, 0), (2, 1), (0, 1)]
    assert confusion.confused_pairs(np.eye(3, dtype=int)) == []


def test_many_classes_are_listed_as_pairs_without_a_matrix() -> None:
    matrix = np.eye(40, dtype=int) * 10
    matrix[3, 7] = 4
    found = result(confusion=matrix.tolist(), labels=[f"class {i}" for i in range(40)])
    section = confusion.render(Context(Path("r"), evaluation=Evaluation(found)))
    assert section is not None
    page = Page(str(section.html))
    assert not any("matrix" in (attributes.get("class") or "") for attributes in page.all("table"))
    assert "class 3class 7428.6 %" in page.text


def test_a_matrix_may_have_a_background() -> None:
    found = result(confusion=[[5, 1, 0, 2], [0, 4, 0, 0], [0, 0, 3, 1], [7, 0, 0, 0]], background="background")
    section = confusion.render(Context(Path("r"), evaluation=Evaluation(found)))
    assert section is not None
    text = Page(str(section.html)).text
    assert "background" in text
    assert f"background{HOSTILE}7100.0 %" in text  # the most frequent pair, with its share of the row
    assert f"{HOSTILE}background225.0 %" in text
    assert "Background is where nothing is" in section.intro
    assert found.confused == (*LABELS, "background")


def test_a_matrix_may_count_something_else_than_pictures() -> None:
    found = result(confusion=[[930, 70, 0], [0, 1000, 0], [0, 0, 0]], confused_in="pixels in a thousand")
    section = confusion.render(Context(Path("r"), evaluation=Evaluation(found)))
    assert section is not None
    assert "Numbers are pixels in a thousand of the row's class." in section.intro
    text = Page(str(section.html)).text
    assert "Pixels in a thousand" in text
    assert "Times" not in text


def test_kinds_of_error_are_listed_with_what_they_cost() -> None:
    figures = {"background": Figure("Nothing there", "no object is near"), "cost": Figure("AP50 lost", "how much")}
    section = breakdown.render(Context(Path("r"), evaluation=Evaluation(result(figures=figures))))
    assert section is not None
    page = Page(str(section.html))
    assert "KindCountAP50 lostWhat it isNothing there1,2005.67 %no object is near" in "".join(page.text.split("\n"))
    assert [span["style"] for span in page.all("span")] == ["--share:1.000", "--share:0.353"]
    assert section.intro == "AP50 lost: how much, each kind by itself."
    assert breakdown.render(Context(Path("r"), evaluation=Evaluation(result(breakdown={})))) is None


@pytest.mark.parametrize("count", [1, 6, 7, 80])
def test_curves_are_told_in_words_all_or_the_first_alone(count: int) -> None:
    many = {f"class {n}": [(0.0, 1.0), (1.0, n / 100)] for n in range(count)}
    found = result(curves=[Curves("Precision and recall", "recall", "precision", many)])
    section = lines.render(Context(Path("r"), evaluation=Evaluation(found)))
    assert section is not None
    text = " ".join(Page(str(section.html)).text.split())
    assert "precision by recall, on average: class 0 0.500" in text
    assert ("class 5 0.525" in text) == (count == 6)
    assert (f"in grey {count - 1} others" in text) == (count > 6)
    assert lines.render(Context(Path("r"), evaluation=Evaluation(result(curves=[])))) is None


def test_mistakes_of_several_kinds_have_a_gallery_each(run: Path) -> None:
    evaluation = json.loads((run / "evaluation.json").read_text())
    for row, kind in zip(evaluation["mistakes"], ("Missed", "False", "Missed"), strict=True):
        row |= {"kind": kind, "marks": [{"box": [0, 0, 2, 2], "truth": True}]}
    (run / "evaluation.json").write_text(json.dumps(evaluation))
    section = mistakes.render(load_context(run))
    assert section is not None
    page = Page(str(section.html))
    assert [attributes["class"] for attributes in page.all("div") if attributes["class"] == "gallery"] == [
        "gallery"
    ] * 3
    assert re.findall(r"<h3>(.*?)</h3>", str(section.html)) == ["Missed", "False", "And some that it got right"]
    assert page.text.index("b.jpg") > page.text.index("c.jpg")
    assert "framed or outlined in blue is annotated" in section.intro


def test_long_curves_are_averaged_and_keep_their_mean() -> None:
    steps = np.arange(10_000.0)
    values = np.where(steps % 3 == 0, np.nan, np.sin(steps / 500))
    x, y = curves.thin(steps, values)
    assert len(x) <= curves.POINTS
    assert y.mean() == pytest.approx(np.nanmean(values), abs=0.01)
    assert (np.diff(x) > 0).all()


def test_blank_cells_and_odd_columns_of_the_log(run: Path) -> None:
    history = load_context(run).history
    assert "odd" not in history
    assert len(history["val_loss"]) == len(history["step"]) == 40
    assert np.isnan(history["val_loss"][0])


def test_the_best_is_marked_only_where_it_became_the_model(run: Path) -> None:
    assert "best 0.8 at step 40" in written(run)[1]
    plan = (run / "plan.yaml").read_text()
    (run / "plan.yaml").write_text(plan.replace("value: best", "value: last"))
    assert "best 0.8" not in written(run)[1]


def test_classes_of_the_data_are_in_the_models_order(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["data"]["labels"] = {"stray": {"train": 1}, "fly": {"train": 2}, "bee & wasp": {"train": 3}}
    (run / "manifest.json").write_text(json.dumps(manifest))
    section = data.render(load_context(run))
    assert section is not None
    assert re.findall(r'<th scope="row">([^<]*)<', str(section.html))[:4] == ["bee &amp; wasp", "fly", "stray", "All"]


def test_figures_that_are_no_numbers_are_a_dash(run: Path) -> None:
    evaluation = json.loads((run / "evaluation.json").read_text())
    evaluation["result"]["values"] |= {"nll": None, "ece": None}
    (run / "evaluation.json").write_text(json.dumps(evaluation))
    rows = re.findall(r"<tr>.*?</tr>", written(run)[1])
    assert [re.findall(r">([^<>]+)</t", row)[1] for row in rows if "Calibration error" in row or "Negative" in row] == [
        "–",
        "–",
    ]


def test_a_log_that_has_only_a_head_has_no_curves(run: Path) -> None:
    (run / "metrics.csv").write_text("step,loss\n")
    assert curves.render(load_context(run)) is None


def test_units_in_words() -> None:
    assert [html.duration(s) for s in (0.4, 59.6, 185, 7800)] == ["0 s", "1 min 0 s", "3 min 5 s", "2 h 10 min"]
    assert [html.size(n) for n in (312, 312_000, 9_120_000, 2.5e9)] == ["312 B", "312 kB", "9.1 MB", "2.5 GB"]
    assert html.percent(0.9783) == "97.8 %"
    assert html.percent(float("nan")) == "–"
    assert html.date("yesterday") == "yesterday"
    assert [html.plain(v) for v in (None, True, 0.001, [1, 2], {"flip": 0.5})] == [
        "–",
        "yes",
        "0.001",
        "1, 2",
        "flip 0.5",
    ]


def test_where_boxes_are_counted_the_table_says_so(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["data"]["counted"] = "boxes"
    (run / "manifest.json").write_text(json.dumps(manifest))
    _, text = written(run)
    assert "Class (boxes)" in text and "All boxes" in text

"""One self-contained HTML file about a run, from what `train` and `evaluate` have written into its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from clearsight.core import options
from clearsight.core.errors import InputError
from clearsight.core.files import write_text
from clearsight.core.registry import find, names
from clearsight.verbs.sections.context import FILES, Context, load_context
from clearsight.verbs.sections.html import Section

if TYPE_CHECKING:
    from rich.console import Console

SUMMARY = "Write a run as one HTML page that needs no network."


class Options(options.Options):
    """Options of `report`."""

    run: str = Field(description="Run folder, such as runs/digits.")
    output: str | None = Field(None, description="The file to write; by default report.html in the run folder.")


@dataclass(frozen=True)
class ReportOutcome:
    """Where the report is and what is in it."""

    path: Path
    sections: tuple[str, ...]  # titles, in their order
    left_out: tuple[str, ...]  # a sentence for each file that the run lacks

    @property
    def exit_code(self) -> int:
        """0: written."""
        return 0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"report": str(self.path), "sections": list(self.sections), "left_out": list(self.left_out)}

    def show(self, console: Console) -> None:
        """The path, and what is left out."""
        console.print(f"report: {self.path}", highlight=False, markup=False, soft_wrap=True)
        for sentence in self.left_out:
            console.print(f"left out: {sentence}", highlight=False, markup=False, soft_wrap=True)


def run(options: Options) -> ReportOutcome:
    """Write the report. Raises `InputError` where the folder is no run or the file cannot be written."""
    context = load_context(Path(options.run))
    sections = render_sections(context)
    left_out = tuple(f"{name} is missing: {FILES[name]}" for name in context.missing)
    path = Path(options.output) if options.output else Path(options.run) / "report.html"
    try:
        write_text(path, render_page(context, sections, left_out))
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); choose another place with --output") from None
    return ReportOutcome(path, tuple(section.title for section in sections.values()), left_out)


def render_sections(context: Context) -> dict[str, Section]:
    """Every section of the registry that has something to show, by name, in the registry's order."""
    rendered = {name: find("sections", name)(context) for name in names("sections")}
    return {name: section for name, section in rendered.items() if section is not None}


def render_page(context: Context, sections: dict[str, Section], left_out: tuple[str, ...]) -> str:
    """The whole page: HTML that asks for nothing outside of itself."""
    import jinja2

    loader = jinja2.FileSystemLoader(Path(__file__).parents[1] / "web")
    page = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return page.get_template("report.html.jinja").render(name=context.name, sections=sections, left_out=left_out)

"""The pictures that the model got most wrong, and some that it got right."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from clearsight.verbs.sections import html
from clearsight.verbs.sections.context import Context, Shown
from clearsight.verbs.sections.html import Section


def render(context: Context) -> Section | None:
    """A gallery. Wrong labels in the data show here first."""
    found = context.evaluation
    if found is None:
        return None
    total, shown = len(found.result.mistakes) + found.result.more_mistakes, len(found.mistakes)
    parts = []
    if found.mistakes:
        known = f"The worst {shown:,} of {total:,}" if total > shown else html.plural(shown, "mistake")
        intro = f"{known}, worst first. Look for wrong annotations among them: they cost the most."
        if any(picture.marked for picture in found.mistakes):
            intro += " What is framed or outlined in blue is annotated, in orange answered."
        parts += _galleries(found.mistakes)
    else:
        intro = f"{total:,} mistakes, none kept as a picture." if total else "There is none among the pictures judged."
    if found.examples:
        parts += [Markup("<h3>And some that it got right</h3>"), _gallery(found.examples)]
    return Section("Mistakes", html.join(parts), intro)


def _galleries(pictures: Sequence[Shown]) -> list[Markup]:
    """A gallery for each kind of mistake, under its name where there are kinds; the kind with the worst mistake first."""
    parts = []
    for kind in dict.fromkeys(picture.kind for picture in pictures):
        if kind:
            parts.append(Markup("<h3>{}</h3>").format(kind))
        parts.append(_gallery([picture for picture in pictures if picture.kind == kind]))
    return parts


def _gallery(pictures: Sequence[Shown]) -> Markup:
    return Markup('<div class="{}">{}</div>').format(
        "gallery wide" if any(picture.beside for picture in pictures) else "gallery",
        html.join(
            Markup('<figure>{}<figcaption>{}<br><span class="key">{}</span></figcaption></figure>').format(
                html.image(picture.picture, picture.text), picture.text, picture.key
            )
            for picture in pictures
        ),
    )

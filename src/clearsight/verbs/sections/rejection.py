"""What the model does with pictures of none of its classes, where `reject` has set a threshold."""

from __future__ import annotations

import base64

from markupsafe import Markup

from clearsight.verbs.rejection import FIGURES
from clearsight.verbs.sections import html
from clearsight.verbs.sections.context import Context
from clearsight.verbs.sections.html import Section


def render(context: Context) -> Section | None:
    """The threshold, its error rates, and the curves that `reject` has drawn."""
    found = (context.model or {}).get("rejection")
    if not found:
        return None
    rows = []
    for name, words in FIGURES.items():
        if (figure := found.get(name)) and name != "auroc":  # which is no share
            low, high = (html.percent(bound) for bound in figure["interval"])
            rows.append(
                (
                    words[0].upper() + words[1:],
                    html.percent(figure["value"]),
                    f"{low} to {high}",
                    f"{figure['count']:,}",
                )
            )
    parts = [html.table(("Figure", "Value", "95 % interval", "Pictures"), rows, numeric=(1, 2, 3))]
    picture = context.run / "rejection.png"
    if picture.is_file():
        drawn = html.image(base64.b64encode(picture.read_bytes()).decode(), "accuracy of the answered by their share")
        parts.append(Markup("<figure>{}</figure>").format(drawn))
    intro = f"A picture whose {found['score']} lies below {found['below']:.4g} is answered with “none of these”. The "
    intro += f"threshold was set on {found['tuned_on']:,} pictures; these figures are from others."
    if found.get("unknown"):
        intro += f" The unknown pictures are those of {found['unknown']}."
    return Section("Rejection", html.join(parts), intro)

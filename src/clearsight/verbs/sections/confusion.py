"""Which classes are taken for which."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from clearsight.core.sample import Array
from clearsight.verbs.sections import html
from clearsight.verbs.sections.context import Context
from clearsight.verbs.sections.html import Section

MOST_CLASSES = 30
"""Beyond this a matrix is too fine to read, and its largest confusions are listed alone."""

MOST_PAIRS = 10
"""Pairs listed beside a matrix; three times as many where they stand alone."""


def render(context: Context) -> Section | None:
    """The matrix as a table coloured by share of its row, and the most frequent confusions."""
    if context.evaluation is None or not context.evaluation.result.confusion:
        return None
    result = context.evaluation.result
    matrix, labels = np.array(result.confusion), list(result.confused)
    pairs = confused_pairs(matrix)
    intro = f"Of {len(result.labels)} classes only the pairs that are confused most often are shown."
    parts, most = [], 3 * MOST_PAIRS
    if len(labels) <= MOST_CLASSES:
        intro = "Rows are what the pictures show, columns what they were taken for."
        if result.background:
            name = result.background.capitalize()
            intro = f"Rows are the truth, columns the answer. {name} is where nothing is: its row was found there, its "
            intro += "column was not found."
        if result.confused_in:
            intro += f" Numbers are {result.confused_in} of the row's class."
        parts, most = [_matrix(matrix, labels)], MOST_PAIRS
    head = ("Truth" if result.background else "Picture of", result.confused_in.capitalize() or "Times")
    parts.append(
        _listed(matrix, labels, pairs, most, head) if pairs else Markup("<p>No class was taken for another.</p>")
    )
    return Section("Confusions", Markup('<div class="side">{}</div>').format(html.join(parts)), intro)


def _listed(matrix: Array, labels: list[str], pairs: list[tuple[int, int]], most: int, head: tuple[str, str]) -> Markup:
    rows = [
        (labels[i], labels[j], int(matrix[i, j]), html.percent(matrix[i, j] / matrix[i].sum())) for i, j in pairs[:most]
    ]
    more = f", the first {most} of {len(pairs):,} pairs" if len(pairs) > most else ""
    listed = html.table((head[0], "taken for", head[1], "Of the class"), rows, numeric=(2, 3))
    return Markup("<div><h3>Most frequent{}</h3>{}</div>").format(more, listed)


def confused_pairs(matrix: Array) -> list[tuple[int, int]]:
    """(truth, prediction) of every cell off the diagonal of (K, K) that is not empty, most frequent first."""
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[: np.count_nonzero(wrong)]
    return [(int(cell) // len(wrong), int(cell) % len(wrong)) for cell in order]


def _matrix(matrix: Array, labels: list[str]) -> Markup:
    upright = max(map(len, labels)) <= 3
    style = "" if upright else "turned"
    names = html.join(
        Markup('<th scope="col" title="{}"><span>{}</span></th>').format(label, label) for label in labels
    )
    rows = html.join(
        Markup('<tr><th scope="row" title="{}"><span>{}</span></th>{}</tr>').format(
            label, label, html.join(_cell(matrix, labels, i, j) for j in range(len(labels)))
        )
        for i, label in enumerate(labels)
    )
    caption = "Confusion matrix: rows the truth, columns the prediction"
    return html.box(
        Markup(
            '<table class="matrix {}"><caption>{}</caption><thead><tr><td></td>{}</tr></thead><tbody>{}</tbody></table>'
        ).format(style, caption, names, rows),
        caption,
    )


def _cell(matrix: Array, labels: list[str], i: int, j: int) -> Markup:
    count = int(matrix[i, j])
    if not count:
        return Markup("<td></td>")
    share = count / matrix[i].sum()
    kind, least = ("hit", 0.12) if i == j else ("miss", 0.3)
    strength = least + (1 - least) * share
    kind += " strong" if strength > 0.55 else ""
    words = f"{labels[i]}, right" if i == j else f"{labels[i]}, taken for {labels[j]}"
    return Markup('<td class="{}" style="--share:{}" title="{}: {} of {}">{}</td>').format(
        kind, f"{strength:.3f}", words, count, int(matrix[i].sum()), count
    )

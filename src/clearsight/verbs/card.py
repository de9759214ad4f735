"""The model card: what a person who finds the model folder must know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clearsight.core.artifact import Artifact


def model_card(model: Artifact) -> str:
    """README.md of a model folder."""
    task, provenance = model.task, model.provenance
    run = provenance.get("run", {})
    result = provenance.get("result")
    parameters = sum(p.numel() for p in model.net.parameters())
    net = run.get("net", model.net.name)
    height, width = task.shape
    lines = [
        "---",
        "library_name: clearsight",
        "tags: [clearsight, image-recognition]",
        "---",
        f"# {run.get('name', 'A model')}: {task.name} with {net}",
        "",
        f"{parameters:,} parameters, pictures of {width}×{height} pixels, {len(task.labels)} {task.asked}:",
        ", ".join(task.labels[:50]) + (" …" if len(task.labels) > 50 else "") + ".",
        "",
        "```python",
        "import clearsight",
        "",
        'clearsight.load("this folder").predict("photo.jpg")',
        "```",
        "",
        "## How good it is",
        "",
    ]
    if result:
        headline = result["headline"]
        value = result["values"][headline]
        low, high = result["intervals"].get(headline, (value, value))
        lines.append(f"{headline} {value:.4f} (95 % interval {low:.4f} to {high:.4f}) on {result['count']:,} pictures")
        lines.append(f"({provenance.get('judged_on', 'held out')}).")
    else:
        lines.append("Not judged yet.")
    lines += ["", _beyond(provenance.get("rejection"), task.caution), ""]
    lines += [
        "## Where it comes from",
        "",
        f"- data: `{run.get('data', 'unknown')}`, fingerprint `{run.get('fingerprint', 'unknown')}`",
        f"- weights it started from: {run.get('weights', 'unknown')}",
        f"- licence of the data: {provenance.get('licence', {}).get('data', 'not stated')}; "
        f"of the weights: {provenance.get('licence', {}).get('weights', 'not stated')}",
    ]
    return "\n".join(lines) + "\n"


def _beyond(rejection: Mapping[str, Any] | None, caution: str) -> str:
    """What it does with pictures that show none of its labels."""
    if not rejection:
        return caution
    known = rejection["known_rejected"]["value"]
    text = f"It rejects a picture whose {rejection['score']} lies below {rejection['below']:.4g}: {known:.1%} of those that "
    text += "show one of its labels"
    if wrongly := rejection.get("unknown_accepted"):
        text += f"; of pictures that show none ({rejection['unknown']}) it still answers {wrongly['value']:.1%}"
    return text + "."

"""The learning rate that --find-lr asks for: found once, before a training's first step, and written into its plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from clearsight.core.errors import ClearsightError
from clearsight.core.pipeline import Batches
from clearsight.engine.lr_finder import range_test
from clearsight.engine.plan import Plan

if TYPE_CHECKING:
    from clearsight.verbs.learning import Session

FOUND = "range test:"
"""How the reason of a found rate begins: by it a resumed run knows that nothing is left to find."""


def with_found_rate(session: Session, learner: Any, batches: Batches, say: Callable[[str], None]) -> Plan:
    """The session's plan with the learning rate that a range test suggests, saved with its curve in the run's folder. One
    rank finds it for all. Raises `CheckFailed` where no rate makes the loss fall."""
    plan, fabric = session.plan, session.fabric
    if not plan.find_lr or plan.why["lr"].startswith(FOUND):
        return plan
    answer: Any = None
    if fabric.is_global_zero:
        say("finding the learning rate")
        try:
            answer = _find(session, learner, batches)
        except ClearsightError as error:
            answer = error
    answer = fabric.broadcast(answer)
    if isinstance(answer, ClearsightError):
        raise answer
    lr, why = answer
    say(f"learning rate {lr:g}: {why}")
    return plan.with_setting("lr", lr, why)


def _find(session: Session, learner: Any, batches: Batches) -> tuple[float, str]:
    test = range_test(session.fabric, session.fabric.to_device(learner), session.plan, batches)
    lr = test.suggestion
    why = f"{FOUND} a tenth of the rate at which the loss was lowest, in {len(test.rates)} steps (lr_finder.png)"
    test.save(session.folder)
    session.note("lr", lr, why)
    return lr, why

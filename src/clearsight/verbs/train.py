"""Learn from pictures: read and check them, choose what was left open, train, judge, and write model and report.

Nothing but the data need be said. plan.yaml in the run's folder shows what was chosen and why; a run that was stopped
or killed goes on with the same command and --resume, to the same end.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearsight.core.errors import ClearsightError, InputError
from clearsight.core.metric import Result
from clearsight.engine.config import TrainOptions as Options

if TYPE_CHECKING:
    from lightning_fabric import Fabric
    from rich.console import Console

    from clearsight.engine.state import State
    from clearsight.verbs.learning import Session
    from clearsight.verbs.several import SeveralOutcome

SUMMARY = "Learn from pictures: checks them, trains, judges, writes a report."

__all__ = ["SUMMARY", "Options", "TrainOutcome", "run"]


@dataclass
class TrainOutcome:
    """A finished run."""

    folder: Path
    result: Result | None
    seconds: float = 0.0
    bad: list[str] = field(default_factory=list)  # pictures left out, with their reasons
    judged_on: str = ""
    exit_code: int = 0

    def to_dict(self) -> dict[str, Any]:
        return {
            "run": str(self.folder),
            "model": str(self.folder / "model"),
            "report": str(self.folder / "report.html"),
            "seconds": round(self.seconds, 2),
            "judged_on": self.judged_on,
            "bad_pictures": self.bad,
            "result": None if self.result is None else self.result.to_dict(),
        }

    def show(self, console: Console) -> None:
        from clearsight.engine.log import duration

        if self.bad:
            pictures = "1 picture" if len(self.bad) == 1 else f"{len(self.bad):,} pictures"
            console.print(f"[yellow]{pictures} could not be used:[/]", highlight=False)
            for text in self.bad[:10]:
                console.print(f"  {text}", markup=False, highlight=False, soft_wrap=True)
            if len(self.bad) > 10:
                console.print(f"  … all of them in {self.folder / 'manifest.json'}", highlight=False, soft_wrap=True)
        if self.result is not None:
            name, value = self.result.headline, self.result.score
            low, high = self.result.intervals.get(name, (value, value))
            console.print(
                f"[bold]{name} {value:.4f}[/] (95 % interval {low:.4f} to {high:.4f}) on {self.result.count:,} "
                f"{self.judged_on} pictures, trained in {duration(self.seconds)}",
                highlight=False,
                soft_wrap=True,
            )
        for name, place in (("model", "model"), ("report", "report.html")):
            console.print(f"{name:<7} {self.folder / place}", markup=False, highlight=False, soft_wrap=True)


def run(options: Options) -> TrainOutcome | SeveralOutcome:
    """Train, or with --folds or --seeds train several times. Raises `InputError` on data or options that cannot work,
    `CheckFailed` where too many pictures cannot be read or the loss diverges, `Stopped` on Ctrl-C once the state is
    saved."""
    from clearsight.core.sample import printable
    from clearsight.engine.runtime import choose_device, collect_rarely, keep_freed_memory, leave_ranks, make_fabric
    from clearsight.verbs import several
    from clearsight.verbs.stopping import listening

    if several.wanted(options):
        return several.run(options)
    device, _ = choose_device(options.device)
    precision = options.precision or "32"
    keep_freed_memory()
    collect_rarely()
    fabric = make_fabric(device, options.devices, precision)
    fabric.launch()
    say = _teller(fabric)
    try:
        folder, resuming, found = _on_first(fabric, lambda: _plan(options, say))
        session = _open_session(fabric, options, folder, found)
        with listening() as stop:
            state = _train(session, resuming, say, stop)
        outcome: TrainOutcome = _on_first(fabric, lambda: _finish(session, state))
        outcome.bad = [printable(str(bad)) for bad in session.bad.values()]
        if not fabric.is_global_zero:
            sys.exit(0)  # the first process speaks for all
    finally:
        leave_ranks()
    return outcome


def _plan(options: Options, say: Callable[[str], None]) -> tuple[Path, bool, Any]:
    """Rank 0: the run's folder, whether it goes on, and what planning found (None where the plan lies there already)."""
    from clearsight.engine.plan import Plan, differences
    from clearsight.verbs.planning import prepare_run
    from clearsight.verbs.progress import bar
    from clearsight.verbs.run_folder import latest_folder, new_folder, run_name

    runs, name = Path(options.runs), run_name(options.data, options.name)
    if options.resume:
        folder = latest_folder(runs, name, options.name is not None)
        if folder is not None:
            plan = Plan.load(folder / "plan.yaml")
            if changed := differences(options, plan):
                raise InputError(
                    f"{folder} was started otherwise: {'; '.join(changed)}; use the same options to resume"
                )
            say(f"resuming {folder}")
            return folder, True, None
        say("nothing to resume yet: starting from the beginning")
        folder = runs / name
    else:
        folder = new_folder(runs, name, options.name is not None)
    with bar("reading") as progress:
        prepared = prepare_run(options, folder, progress, say)
    for finding in prepared.findings:
        say(f"{finding.level}: {finding.message}")
    for note in prepared.roles.notes:
        say(note)
    _tell(prepared.plan, prepared.task, folder, say)
    return folder, False, prepared


def _tell(plan: Any, task: Any, folder: Path, say: Callable[[str], None]) -> None:
    counts = plan.counts
    teach = "a stream" if counts["train"] is None else f"{counts['train']:,} pictures"
    say(
        f"{task.name}: {len(task.labels)} {task.asked}, {teach} to learn "
        f"from, {counts['judge']:,} to judge on; {plan.net} ({plan.parameters:,} parameters) at {plan.size} px on "
        f"{plan.device}, {plan.optimiser} {plan.lr:g}, batch {plan.batch}, {plan.total_steps:,} steps"
    )
    say(f"every choice and its reason: {folder / 'plan.yaml'}")


def _open_session(fabric: Fabric, options: Options, folder: Path, prepared: Any) -> Session:
    """The session of a plan: as prepared just now, or read again from the run's folder."""
    from clearsight.core.artifact import load_task
    from clearsight.core.errors import BadImage
    from clearsight.core.files import read_json
    from clearsight.data.checks import gather
    from clearsight.data.scan import fingerprint
    from clearsight.engine.plan import Plan
    from clearsight.verbs.learning import Session
    from clearsight.verbs.reading import as_planned, open_both, read_roles
    from clearsight.verbs.roles import Roles
    from clearsight.verbs.streaming import streams

    plan = Plan.load(folder / "plan.yaml")
    known_bad = read_json(folder / "manifest.json")["bad_pictures"]
    bad = {item["name"]: BadImage(item["name"], item["reason"]) for item in known_bad}
    if prepared is not None:
        return Session(fabric, plan, prepared.task, prepared.roles, folder, prepared.digests, bad)
    task = load_task(plan.facts["task"], folder)
    options = as_planned(options, plan)
    dataset, other = open_both(options)
    context = gather(dataset, heads=streams(dataset, plan))
    listed = read_json(folder / "splits.json")
    changed = InputError(f"{options.data} has changed since {folder} was planned: train anew, without --resume")
    if context.partly:
        roles, digests = read_roles(plan, dataset, other, context)
        if fingerprint(digests) != plan.fingerprint or roles.keys() != listed:
            raise changed
        return Session(fabric, plan, task, roles, folder, digests, bad)
    if fingerprint(context.contents) != plan.fingerprint:
        raise changed
    samples = {s.key: s for part in context.samples.values() for s in part}
    judging = {s.key: s for split in other.info.splits for s in other.samples(split)} if other else samples
    if not judging.keys() >= set(listed["judge"]):
        raise InputError(f"{options.val} has changed since {folder} was planned: train anew, without --resume")
    roles = Roles(
        [samples[key] for key in listed["train"]],
        [samples[key] for key in listed["choose"]],
        [judging[key] for key in listed["judge"]],
        plan.judged_split,
        tuple(plan.roles),
    )
    return Session(fabric, plan, task, roles, folder, dict(context.contents), bad)


def _train(session: Session, resuming: bool, say: Callable[[str], None], stop: Callable[[], bool]) -> State:
    from rich.console import Console

    from clearsight.engine.log import FileLog, Logs, ScreenLog
    from clearsight.verbs.learning import learn
    from clearsight.verbs.progress import bar

    plan, made = session.plan, []

    def log(state: State | None) -> Logs:
        logs: list[Any] = []
        if session.fabric.is_global_zero:
            per_step = plan.batch * plan.accumulate * plan.world
            console = Console(stderr=True)
            logs = [FileLog(session.folder), ScreenLog(console, plan.total_steps, per_step, plan.eval_steps)]
        made.append(Logs(*logs))
        return made[0]

    try:
        with bar("decoding") as progress:
            return learn(session, resuming, log, say, progress, stop)
    finally:
        for logs in made:
            logs.close()


def _finish(session: Session, state: State) -> TrainOutcome:
    """Rank 0: fit the temperature where pictures may be chosen on, judge, write model, evaluation and report."""
    from clearsight.core import artifact
    from clearsight.engine.predictor import Predictor
    from clearsight.verbs import report
    from clearsight.verbs.calibration import calibrate
    from clearsight.verbs.judging import judge, write_evaluation
    from clearsight.verbs.learning import finish_manifest, save_model

    plan, roles = session.plan, session.roles
    net = artifact.load(session.folder / "model").net
    task = calibrate(session, net)
    if not roles.judge:
        finish_manifest(session, state)
        save_model(session, net, {"training_seconds": state.seconds}, task)
        report.run(report.Options(run=str(session.folder)))
        return TrainOutcome(session.folder, None, state.seconds)
    judgement = judge(Predictor(task, net, plan.device), roles.judge)
    session.bad |= {bad.name: bad for bad in judgement.bad}
    which = "best" if plan.keep == "best" else "last"
    role = f"the {which} weights, judged on {roles.judged_split} pictures, on which nothing was chosen"
    write_evaluation(session.folder / "evaluation.json", judgement, plan.data, roles.judged_split, role)
    finish_manifest(session, state)
    result = {**judgement.result.to_dict(), "mistakes": []}
    extra = {"result": result, "judged_on": roles.judged_split, "training_seconds": state.seconds}
    save_model(session, net, extra, task)
    report.run(report.Options(run=str(session.folder)))
    return TrainOutcome(session.folder, judgement.result, state.seconds, judged_on=roles.judged_split)


def _teller(fabric: Fabric) -> Callable[[str], None]:
    from rich.console import Console

    console = Console(stderr=True)

    def say(text: str) -> None:
        if fabric.is_global_zero:
            console.print(text, markup=False, highlight=False, soft_wrap=True)

    return say


def _on_first(fabric: Fabric, work: Callable[[], Any]) -> Any:
    """Work done by the first rank, its answer on all of them; its error too, so that none waits for ever."""
    if fabric.world_size == 1:
        return work()
    answer: Any = None
    if fabric.is_global_zero:
        try:
            answer = work()
        except ClearsightError as error:
            answer = error
    answer = fabric.broadcast(answer)
    if isinstance(answer, ClearsightError):
        if not fabric.is_global_zero:
            sys.exit(answer.exit_code)  # the first process speaks for all
        raise answer
    return answer

"""Train by a plan that lies in a run's folder: the same way for a new run, a resumed one and every rank."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from clearsight.core import artifact
from clearsight.core.errors import BadImage, CheckFailed
from clearsight.core.files import write_json
from clearsight.core.net import Net
from clearsight.core.pipeline import Batches, Stages
from clearsight.core.registry import net_family
from clearsight.core.sample import Sample
from clearsight.core.task import Task
from clearsight.data.batches import Feed, training_batches
from clearsight.data.cache import default_ram, prepare
from clearsight.data.sample_stream import SampleStream
from clearsight.data.store import Store
from clearsight.engine.compiling import compilable
from clearsight.engine.estimate import seconds_per_step
from clearsight.engine.log import duration
from clearsight.engine.loop import Training
from clearsight.engine.plan import Plan
from clearsight.engine.runtime import describe_versions, use_precision
from clearsight.engine.state import Log, State
from clearsight.nets.norms import unfold_norms
from clearsight.verbs.card import model_card
from clearsight.verbs.looks import HeldOut
from clearsight.verbs.parent import begin
from clearsight.verbs.rate import with_found_rate
from clearsight.verbs.roles import Roles
from clearsight.verbs.taught import taught

PREPARING = 2000  # pictures that a net takes its statistics from
UNFOLDING = 8  # batches whose statistics folded norms take
Say = Callable[[str], None]
Progress = Callable[[int, int], None]


@dataclass
class Session:
    """One training from plan to finished weights."""

    fabric: Fabric
    plan: Plan
    task: Task[Any]
    roles: Roles
    folder: Path
    digests: Mapping[str, str] = field(default_factory=dict)
    bad: dict[str, BadImage] = field(default_factory=dict)  # pictures left out, by name
    kept: int = 0  # bytes of pictures in memory
    ram: int = 0  # bytes they may take
    total: int = 0  # pictures of the data, unreadable ones included

    def __post_init__(self) -> None:
        taken = self.plan.total_steps * self.plan.batch * self.plan.accumulate * self.plan.world
        counts = (taken if count is None else count for count in self.plan.counts.values())
        self.total = sum(counts) + len(self.bad)  # planning has counted the readable ones only
        self.ram = default_ram() if self.plan.ram is None else int(self.plan.ram * 2**30)

    def note(self, name: str, value: Any, why: str) -> None:
        """Write a setting that only training could find out into the run's plan.yaml; the others stay as they lie there."""
        if self.fabric.is_global_zero:
            path = self.folder / "plan.yaml"
            Plan.load(path).with_setting(name, value, why).save(path)

    def net(self) -> Net:
        """The plan's net, its random weights drawn from the seed."""
        torch.manual_seed(self.plan.seed)
        config = self.plan.facts["net"]["config"]
        family, _ = net_family(self.task.name, self.plan.net)
        net: Net = family.build(self.task, config)
        return net

    def learner(self, pretrained: bool) -> Any:
        """The net with its loss; filled with the plan's pretrained weights unless a checkpoint follows."""
        net = self.net()
        if pretrained and self.plan.weights != "none":
            begin(net, self.task, self.plan.weights, self.plan.facts.get("parent", {}).get("sha256"))
        return net.learner(self.task.loss_options(self.plan.settings, self.roles.train))

    def store(self, samples: Sequence[Sample], stages: Stages, progress: Progress | None) -> Store:
        """Samples made ready where the plan says. Rank 0 first, so that the others find its cache."""

        def make() -> Store:
            return prepare(
                samples,
                stages,
                where=None if self.roles.stream is not None else self.plan.cache,
                ram=max(0, self.ram // self.plan.world - self.kept),
                digests=self.digests or None,
                progress=progress,
            )

        with self.fabric.rank_zero_first():
            store = make()
        self.bad |= {bad.name: bad for bad in store.bad}
        self.kept += store.nbytes if store.where == "memory" else 0
        return store

    def batches(self, source: Store | SampleStream, stages: Stages) -> Batches:
        """Training batches of this rank."""
        weights = None
        if isinstance(source, Store) and self.plan.sampling == "balanced":
            weights = self.task.sample_weights(source.samples)
        feed = Feed(
            batch_size=self.plan.batch,
            seed=self.plan.seed,
            device=self.fabric.device,
            rank=self.fabric.global_rank,
            world=self.fabric.world_size,
            workers=self.plan.workers,
            total=self.plan.total_steps * self.plan.accumulate,
            whole=self.plan.optimiser == "gd",
            weights=weights,
        )
        return training_batches(source, stages, feed)


def learn(
    session: Session,
    resume: bool,
    log: Callable[[State | None], Log],
    say: Say,
    progress: Progress,
    stop: Callable[[], bool],
) -> State:
    """Make the pictures ready and train. The model folder holds the best or the last weights afterwards. Raises
    `CheckFailed` where the loss diverges or too many pictures cannot be used, and `Stopped` where the user asked."""
    plan, task = session.plan, session.task
    torch.set_num_threads(plan.threads)
    use_precision(session.fabric, plan.precision)
    drawn = {"progressive": plan.progressive, "train_size": plan.train_size or 0, "seed": plan.seed}
    stages = task.pipeline(train=True, augment={**plan.augment, **drawn})
    judging = task.pipeline(train=False)
    source = _ready(session, stages, say, progress)
    watched = session.roles.choose or session.roles.judge
    held_out = HeldOut(session, session.store(watched, judging, progress), judging, bool(session.roles.choose))
    check_bad(session)
    fresh = not (resume and (session.folder / "last" / "state.json").is_file())
    learner = session.learner(pretrained=fresh)
    learner = learner.to(memory_format=torch.channels_last)  # convolutions run up to twice as fast
    batches = session.batches(source, stages)
    if fresh:
        if plan.weights == "none":
            _prepare(session, learner, batches)
        elif count := _unfold(session, learner, batches):
            say(f"{count} batch norms of the weights were folded: they take the statistics of the training pictures")
        plan = session.plan = with_found_rate(session, learner, batches, say)
        per_step = _estimate(session, learner, batches)
        if per_step:
            say(f"about {duration(per_step * plan.total_steps)} for {plan.total_steps:,} steps, looks not counted")
    able = compilable(plan, session.fabric.device, say)
    if able is not plan:  # the file keeps what was asked for, as the same command resumes
        session.note("compile", plan.compile, f"{plan.why['compile']}; {able.why['compile']}")
    training = Training(
        session.fabric,
        learner,
        able,
        batches,
        held_out,
        lambda net: save_model(session, net, {}),
        log(None),
        session.folder,
        higher_is_better=task.metric().higher_is_better,
        stop=stop,
    )
    state = training.run(resume=resume)
    session.bad |= {bad.name: bad for bad in batches.bad}
    check_bad(session)
    return state


def _ready(session: Session, stages: Stages, say: Say, progress: Progress) -> Store | SampleStream:
    """The stream that the training pictures come from, or all of them made ready; where, is said and written into the
    plan."""
    plan = session.plan
    if session.roles.stream is not None:
        return session.roles.stream
    store = session.store(taught(session.roles, session.task, plan.parts), stages, progress)
    reason = store.reason if plan.cache is None else plan.why["cache"]
    say(f"{len(store):,} training pictures: {store.where} ({reason})")
    if plan.cache is None:
        session.note("cache", store.where, store.reason)
    return store


def _prepare(session: Session, learner: Any, batches: Batches) -> None:
    """Show a net that begins from nothing some training pictures, if it wants to see any."""
    net = session.fabric.to_device(learner).net
    if type(net).prepare is not Net.prepare:
        enough = -(-PREPARING // session.plan.batch)
        net.prepare(batch.images for batch in islice(batches.start(0), enough))


def _unfold(session: Session, learner: Any, batches: Batches) -> int:
    """Make pretrained weights whose batch norms were folded fit for training."""
    images = (batch.images for batch in islice(batches.start(0), UNFOLDING))
    return unfold_norms(session.fabric.to_device(learner).net, images)


def _estimate(session: Session, learner: Any, batches: Batches) -> float:
    """Seconds for one optimiser step, measured; 0 where it cannot be: without steps, or with other ranks about."""
    learner = session.fabric.to_device(learner)
    if not learner.phases or session.fabric.world_size > 1:
        return 0.0
    middle = session.plan.total_steps * session.plan.accumulate // 2  # pictures may grow
    if session.roles.stream is not None:
        middle = 0  # a stream would be read up to there
    return seconds_per_step(learner, batches.start(middle), session.plan, autocast=session.fabric.autocast)


def check_bad(session: Session) -> None:
    """Raises `CheckFailed` where more pictures than --max-bad allows could not be used."""
    total = session.total
    share = len(session.bad) / max(1, total)
    if share > session.plan.max_bad:
        first = "; ".join(str(bad) for bad in list(session.bad.values())[:3])
        raise CheckFailed(
            f"{len(session.bad)} of {total} pictures cannot be used ({share:.1%}, more than the {session.plan.max_bad:.1%} "
            f"that --max-bad allows): {first}"
        )


def save_model(session: Session, net: Net, extra: Mapping[str, Any], task: Task[Any] | None = None) -> None:
    """Write the run's model folder: weights, task, where they come from, and a card."""
    plan = session.plan
    provenance = {
        "run": {
            "name": session.folder.name,
            "data": Path(plan.data).name,  # names, not paths: a model folder is shared
            "fingerprint": plan.fingerprint,
            "net": plan.net,
            "weights": Path(plan.weights).name,
            "steps": plan.total_steps,
            "seed": plan.seed,
            "versions": describe_versions(),
        },
        "licence": {"data": "not stated", "weights": "not stated" if plan.weights != "none" else "own"},
        **({"parent": plan.facts["parent"]} if "parent" in plan.facts else {}),
        **extra,
    }
    made = artifact.Artifact(task or session.task, net, provenance)
    artifact.save(made, session.folder / "model", model_card(made))


def finish_manifest(session: Session, state: State) -> None:
    """Add to the manifest what only the end of training knows."""
    path = session.folder / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["bad_pictures"] = [{"name": bad.name, "reason": bad.reason} for bad in session.bad.values()]
    content["training"] = {"seconds": round(state.seconds, 2), "steps": state.step, "best_step": state.best_step}
    write_json(path, content)

"""The Python face: a trained model with a method for each verb, and the functions `train`, `load`, `inspect` and `convert`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearsight.core import artifact
from clearsight.core.options import function
from clearsight.core.registry import find

if TYPE_CHECKING:
    from clearsight.core.metric import Result
    from clearsight.core.prediction import Prediction

Picture = "str | Path | np.ndarray[Any, Any]"


class Model:
    """A recogniser: `predict` pictures, `evaluate` it, `report` and `export` it.

    `task` holds labels and sizes, `net` the weights (a torch module), `provenance` where they come from.
    """

    def __init__(self, made: artifact.Artifact) -> None:
        self.task, self.net, self.provenance, self.path = made.task, made.net, made.provenance, made.path
        self._predictors: dict[Any, Any] = {}  # by the tiles asked for

    def __repr__(self) -> str:
        parameters = sum(p.numel() for p in self.net.parameters())
        return f"Model({self.task.name}, {len(self.task.labels)} {self.task.asked}, {parameters:,} parameters, {self.path})"

    @property
    def labels(self) -> tuple[str, ...]:
        """What it can answer."""
        return self.task.labels

    @property
    def metrics(self) -> dict[str, float]:
        """The figures it was judged by at the end of training; empty where it was not."""
        return dict(self.provenance.get("result", {}).get("values", {}))

    def predict(self, pictures: Any, tiles: str | int | None = None) -> Any:
        """A prediction for one picture, or a list for several.

        A picture is a path, a Pillow image or pixels uint8 (H, W, 3) RGB or (H, W) grey. `tiles` are those of
        `clearsight predict`: "auto", or how many lie along a large photograph. Raises `BadImage` where a picture cannot be
        read, `InputError` where the task has no tiles. In a notebook a prediction shows itself as the annotated picture.
        """
        single = isinstance(pictures, (str, Path)) or hasattr(pictures, "shape") or hasattr(pictures, "getexif")
        photos = [_pixels(picture) for picture in ([pictures] if single else pictures)]
        from clearsight.engine.predictor import Predictor
        from clearsight.engine.tiles import asked_tiles

        wanted = asked_tiles(tiles)
        if wanted not in self._predictors:
            self._predictors[wanted] = Predictor(self.task, self.net, tiles=wanted)
        found: list[Prediction] = list(self._predictors[wanted](photos))
        predictions = [prediction.on(photo) for prediction, photo in zip(found, photos, strict=True)]
        return predictions[0] if single else predictions

    def evaluate(self, data: str | Path | None = None, **options: Any) -> Result:
        """Judge it, by default on the pictures its run held out. Options are those of `clearsight evaluate`."""
        return self._verb("evaluate", data=None if data is None else str(data), **options).result  # type: ignore[no-any-return]

    def report(self, **options: Any) -> Path:
        """Write its run as one HTML page; returns the file. Options are those of `clearsight report`."""
        return Path(self._verb("report", **options).to_dict()["report"])

    def export(self, **options: Any) -> Path:
        """Write it as ONNX and prove that it answers the same; returns the file. Options are those of `clearsight export`.
        Raises `CheckFailed` where the exported model answers differently."""
        outcome = self._verb("export", **options)
        if outcome.exit_code:
            from clearsight.core.errors import CheckFailed

            raise CheckFailed("the exported model answers differently: see clearsight export")
        return Path(outcome.to_dict()["file"])

    def save(self, path: str | Path) -> None:
        """Write the model folder to another place."""
        from clearsight.verbs.card import model_card

        made = artifact.Artifact(self.task, self.net, self.provenance)
        artifact.save(made, Path(path), model_card(made))

    def _verb(self, name: str, **options: Any) -> Any:
        from clearsight.core.errors import InputError
        from clearsight.core.options import fields, parse

        if self.path is None:
            raise InputError("this model lies nowhere yet: save it first")
        verb = find("verbs", name)
        first = next(iter(fields(verb.Options)))
        home = self.path.parent if self.path.name == "model" else self.path
        return verb.run(parse(verb.Options, {first: str(home), **options}))


def load(path: str | Path) -> Model:
    """A model from its folder or its run's. Loading cannot run code. Raises `InputError` where it is damaged."""
    return Model(artifact.load(path))


def _pixels(picture: Any) -> Any:
    import numpy as np

    from clearsight.core.image import to_rgb
    from clearsight.core.sample import ArrayImage, FileImage

    if isinstance(picture, (str, Path)):
        return FileImage(Path(picture)).load()
    if hasattr(picture, "getexif"):
        return to_rgb(picture, "picture")
    return ArrayImage(np.asarray(picture)).load()


def _public(name: str) -> Any:
    verb = find("verbs", name)
    return function(verb.Options, verb.run, name, verb.SUMMARY)


_train, inspect, convert = _public("train"), _public("inspect"), _public("convert")


def _and_load(*args: Any, **kwargs: Any) -> Any:
    outcome = _train(*args, **kwargs)
    return load(outcome.folder) if (outcome.folder / "model").is_dir() else outcome  # several runs make no one model


train = _and_load
train.__name__ = train.__qualname__ = "train"
train.__doc__ = _train.__doc__
train.__signature__ = _train.__signature__  # type: ignore[attr-defined]

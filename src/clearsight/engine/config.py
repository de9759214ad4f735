"""What a user may say about a training. Every None means "choose for me"; `plan` resolves it. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from clearsight.core.options import AnswerSettings, DataOptions, Views
from clearsight.engine.tiles import checked_tiles
from clearsight.nets.settings import as_text

Share = Field(ge=0, le=1)


class TrainOptions(DataOptions):
    """Options of `clearsight train`, fields of the configuration and parameters of `clearsight.train`, all in one."""

    data: str = Field(description="Folder, zip, table or name of the pictures to learn from.")

    # what and where
    name: str | None = Field(None, description="Name of the run; by default that of the data.")
    runs: str = Field("runs", description="Folder that holds the runs.")
    resume: bool = Field(False, description="Carry on the run of this name where it stopped, to the same end.")
    val: str | None = Field(None, description="Another data set to judge on, in place of the data's own split.")
    train_share: float = Field(1.0, gt=0, le=1, description="Share of the training pictures to learn from.")
    val_share: float = Field(0.2, gt=0, lt=1, description="Share held out for judging where the data has no split.")
    folds: int | None = Field(None, ge=2, le=100, description="Train so often, each picture judged once (k-fold).")
    fold: int | None = Field(None, ge=1, description="Train one of the folds alone: 1 for the first.")
    seeds: int | None = Field(None, ge=2, le=100, description="Train so often, with other random draws each time.")
    gate: bool = Field(True, description="Stop where the check of the data finds an error (see: clearsight inspect).")
    max_bad: float = Field(0.01, ge=0, le=1, description="Share of unreadable pictures beyond which training fails.")

    # the model
    recipe: Literal["quick", "balanced", "best"] | None = Field(
        None, description="How much time to spend: what is left open below follows from it."
    )
    task: str | None = Field(None, description="What is asked of the pictures, where the data leaves a choice.")
    net: str | None = Field(None, description="Net: one of ours or any timm model (see: clearsight nets).")
    net_options: str | None = Field(None, description="Settings of the net, as in kernel=5,activation=gelu.")
    weights: str | None = Field(
        None,
        description="Where to start: a .safetensors file or its folder, a model or run of ours, 'download' or 'none'.",
    )
    size: int | None = Field(None, ge=4, le=4096, description="Side of the square the net sees, pixels.")
    channels: Literal[1, 3] | None = Field(None, description="Colour (3) or grey (1).")
    fit: Literal["crop", "squash", "letterbox"] | None = Field(None, description="How a photo meets the square.")
    share: float | None = Field(None, gt=0, le=1, description="Share of the short side that --fit crop shows.")

    # how long and how fast
    epochs: float | None = Field(None, gt=0, description="Passes over the training pictures.")
    steps: int | None = Field(None, gt=0, description="Optimiser steps, in place of epochs.")
    batch_size: int | None = Field(None, gt=0, description="Pictures in one forward pass on one device.")
    accumulate: int = Field(1, gt=0, description="Forward passes whose gradients make one step.")
    optimiser: Literal["gd", "sgd", "adagrad", "rmsprop", "adam", "adamw", "muon"] | None = Field(
        None, description="Which optimiser; gd takes one step with all pictures."
    )
    find_lr: bool = Field(False, description="Find the learning rate before training, by a range test.")
    lr: float | None = Field(None, gt=0, description="Learning rate at its highest.")
    momentum: float | None = Field(None, ge=0, lt=1, description="Momentum of SGD, Muon and RMSprop.")
    nesterov: bool | None = Field(None, description="SGD's momentum looks ahead (Nesterov).")
    weight_decay: float | None = Field(None, ge=0, description="Decay of weights; biases and norms are left alone.")
    schedule: Literal["cosine", "onecycle", "linear", "step", "constant"] | None = Field(
        None, description="Course of the learning rate."
    )
    warmup: float | None = Field(None, ge=0, lt=1, description="Share of the steps in which the rate rises.")
    drop_every: float = Field(0.3, gt=0, lt=1, description="Step schedule: share of the steps between two drops.")
    drop_at: str | None = Field(
        None, description="Step schedule: shares of the steps at which the rate drops, as in 0.5,0.75."
    )
    drop_factor: float = Field(0.1, gt=0, lt=1, description="Step schedule: what each drop multiplies the rate by.")
    clip: float | None = Field(None, gt=0, description="Largest norm of the gradient; none by default.")
    ema: float | None = Field(None, ge=0, lt=1, description="Decay of averaged weights; 0 for none.")
    freeze: float | None = Field(None, ge=0, description="Epochs for which the pretrained part stays still.")
    still: float | None = Field(
        None, ge=0, le=1, description="Share of the pretrained blocks, those next to the input, that never move."
    )
    backbone_lr: float | None = Field(
        None, gt=0, le=1, description="Learning rate of the pretrained part, as a factor."
    )
    layer_decay: float | None = Field(
        None, gt=0, le=1, description="Factor of the learning rate from each block to the one below it."
    )
    unfreeze: float | None = Field(
        None,
        ge=0,
        description="Epochs between thawing one pretrained block and the next, from the head down; 0: at once.",
    )
    train_size: int | None = Field(
        None, ge=8, description="Side of the pictures learnt from, pixels; by default --size or somewhat less."
    )
    progressive: float | None = Field(
        None, gt=0, le=1, description="Share of the side that training starts with; it grows to the whole."
    )
    parts: Annotated[str | None, BeforeValidator(checked_tiles)] = Field(
        None, description="Learn from parts of large pictures too, as tiles show them: auto, or how many lie along one."
    )
    sampling: Literal["natural", "balanced"] | None = Field(
        None, description="Draw pictures as they come, or every class as often."
    )

    # loss and augmentation
    loss: str | None = Field(
        None,
        description="Which loss: cross_entropy, focal, bce, asymmetric; huber, mae, mse for numbers; for masks ce, focal, "
        "ohem, boundary, dice, lovasz, and sums such as ce+0.5*dice.",
    )
    focal_gamma: float | None = Field(None, ge=0, description="Focal loss: how much less easy pictures count.")
    label_smoothing: float | None = Field(None, ge=0, lt=1, description="Share of the target spread over all classes.")
    class_weights: Literal["none", "balanced", "effective", "root"] = Field(
        "none",
        description="Weigh rare classes up in the loss: by number, by effective number, or by the root of the number.",
    )
    flip: float | None = Field(None, ge=0, le=1, description="Probability of mirroring left to right.")
    upside: float | None = Field(None, ge=0, le=1, description="Probability of mirroring upside down.")
    turn: float | None = Field(None, ge=0, le=1, description="Probability of a quarter turn, either way.")
    crop: float | None = Field(None, gt=0, le=1, description="Least share of the area a random crop keeps; 1 for none.")
    shift: float | None = Field(None, ge=0, le=0.5, description="Largest random move, as share of the side.")
    rotate: float | None = Field(None, ge=0, le=180, description="Largest random turn, degrees.")
    colour: float | None = Field(None, ge=0, lt=1, description="Largest random change of light, contrast, saturation.")
    scale: float | None = Field(
        None, ge=0, lt=1, description="Largest random change of size, as a factor of 1 ± scale."
    )
    shear: float | None = Field(None, ge=0, lt=90, description="Largest random slant, degrees.")
    rare: float | None = Field(
        None, ge=0, le=1, description="Probability that a crop shows a class drawn evenly from those on the picture."
    )
    blur: float | None = Field(None, ge=0, le=1, description="Probability of blurring.")
    noise: float | None = Field(None, ge=0, le=1, description="Largest deviation of random noise, as share of white.")
    randaugment: float | None = Field(
        None, ge=0, le=10, description="RandAugment's magnitude, two operations; 0 for none."
    )
    trivialaugment: float | None = Field(None, ge=0, le=1, description="Probability of TrivialAugment's one operation.")
    alternate: float | None = Field(
        None, ge=0, le=1, description="Mirror every picture at every other pass: 1 for yes."
    )
    erase: float | None = Field(None, ge=0, le=1, description="Probability of greying out a rectangle.")
    mixup: float | None = Field(None, ge=0, description="MixUp's alpha; 0 for none.")
    cutmix: float | None = Field(None, ge=0, description="CutMix's alpha; 0 for none.")
    mosaic: float | None = Field(None, ge=0, le=1, description="Probability of four pictures in one.")
    close: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="Share of the training, at its end, without mosaic, MixUp and CutMix; with objects unmoved, too.",
    )

    # how the model answers
    tta: Views = Field(None, description="Views that the model averages when it answers.")
    answer: AnswerSettings = None

    # when to look, when to stop
    eval_every: float | None = Field(None, gt=0, description="Epochs between two looks at the held-out pictures.")
    patience: int | None = Field(None, gt=0, description="Stop after so many looks without a better one.")
    keep: Literal["best", "last"] | None = Field(None, description="Which weights become the model.")

    # the machine
    device: Literal["cpu", "cuda", "mps"] | None = Field(None, description="Kind of device.")
    devices: int = Field(1, gt=0, description="Number of devices (processes).")
    precision: Literal["32", "bf16", "16"] | None = Field(None, description="Numbers of the forward pass.")
    compile: bool = Field(False, description="Compile the net with torch.compile: slow to start, then quicker.")
    threads: int | None = Field(None, gt=0, description="CPU threads of each process.")
    workers: int | None = Field(None, ge=0, description="Processes that decode a set too big to keep.")
    cache: Literal["memory", "disk", "stream"] | None = Field(None, description="Where decoded pictures are kept.")
    ram: float | None = Field(None, gt=0, description="Memory for pictures, GiB; by default half of what is free.")
    seed: int = Field(0, ge=0, description="Every random draw follows from it.")

    @field_validator("drop_at")
    @classmethod
    def _rising_shares(cls, drop_at: str | None) -> str | None:
        try:
            shares = [float(part) for part in drop_at.split(",")] if drop_at is not None else [0.5]
        except ValueError:
            shares = []
        if not shares or shares != sorted(set(shares)) or not 0 < shares[0] <= shares[-1] < 1:
            raise ValueError("give rising shares of the training, between 0 and 1, as in 0.5,0.75")
        return drop_at

    @field_validator("net_options", mode="before")
    @classmethod
    def _one_line(cls, net_options: Any) -> Any:
        return as_text(net_options) if isinstance(net_options, Mapping) else net_options

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str | None) -> str | None:
        if name is not None and (name in {"", ".", ".."} or any(c in name for c in '/\\:*?"<>|')):
            raise ValueError("a name must be usable as a folder's name")
        return name


AUGMENTATIONS = (
    *("flip", "alternate", "upside", "turn", "crop", "shift", "rotate", "scale", "shear", "rare"),
    *("colour", "blur", "noise"),
    *("randaugment", "trivialaugment", "erase", "mixup", "cutmix", "mosaic", "close"),
)
"""The options that are strengths of augmentations, handed to the task's pipeline by name."""

"""D-FINE (Peng et al. 2024, arXiv:2410.13842) as the library transformers has it: made in the published sizes, and filled."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from clearsight.core.errors import InputError, missing_extra
from clearsight.nets.timm import LoadReport, read_weights

Scale = Literal["tiny", "nano", "small", "medium", "large", "xlarge"]


class Spec(NamedTuple):
    """What a scale is made of: an HGNetv2 as backbone, a hybrid encoder, a decoder."""

    stem: tuple[int, int]  # channels of the backbone's first layers
    inner: tuple[int, ...]  # channels within its stages
    outer: tuple[int, ...]  # channels after its stages
    blocks: tuple[int, ...]  # of its stages
    layers: int  # of a block
    affine: bool = False  # whether a scale and a shift are learnt after activations
    width: int = 256  # channels of the encoder
    hidden: int = 256  # channels of the decoder
    inward: tuple[int, int] = (1024, 1024)  # channels within the feed-forward layers of encoder and decoder
    depth: float = 1.0  # of the encoder's blocks, as a factor
    expansion: float = 1.0  # of the channels within them
    decoder: int = 6  # layers of the decoder
    points: tuple[int, ...] = (3, 6, 3)  # that a query looks at in each level
    heads: int = 8  # of the attention
    spread: float = 4.0  # of the steps in which distances are told


LIGHT = (16, 32, 64, 128), (64, 256, 512, 1024), (1, 1, 2, 1)
"""Stages of the two smallest backbones."""

SPECS: Mapping[Scale, Spec] = {
    "tiny": Spec(
        *((8, 8), (8, 8, 16, 16), (16, 32, 48, 64), (1, 1, 1, 1), 1, True),
        width=32,
        hidden=32,
        inward=(64, 64),
        depth=0.34,
        expansion=0.5,
        decoder=2,
        points=(2, 2, 2),
        heads=2,
    ),
    "nano": Spec(
        *((16, 16), *LIGHT, 3, True),
        width=128,
        hidden=128,
        inward=(512, 512),
        depth=0.5,
        expansion=0.34,
        decoder=3,
        points=(6, 6),
    ),
    "small": Spec((16, 16), *LIGHT, 3, True, depth=0.34, expansion=0.5, decoder=3),
    "medium": Spec(
        *((24, 32), (32, 64, 128, 256), (96, 384, 768, 1536), (1, 1, 3, 1), 4, True),
        depth=0.67,
        decoder=4,
    ),
    "large": Spec((32, 48), (48, 96, 192, 384), (128, 512, 1024, 2048), (1, 1, 3, 1), 6),
    "xlarge": Spec(
        *((32, 64), (64, 128, 256, 512), (128, 512, 1024, 2048), (1, 2, 5, 2), 6),
        width=384,
        inward=(2048, 1024),
        spread=8.0,
    ),
}
"""The published sizes, and "tiny", our own for trying things out, of which there are no published weights."""

BY_CLASS = ("class_embed", "enc_score_head", "denoising_class_embed")
"""The layers whose sizes depend on the number of classes."""


HUB = "ustc-community/dfine"
"""Where the authors' weights are, trained on COCO."""

SWITCH = "TRANSFORMERS_DISABLE_TORCH_CHECK"
"""The library's own switch for its checks."""


def strides(scale: Scale) -> tuple[int, ...]:
    """The strides of the levels that a scale's encoder sees."""
    return (8, 16, 32)[-len(SPECS[scale].points) :]


class Positions(nn.Module):
    """Where the places of the coarsest level are (1, places, width), made once. The library keeps what it made for the first
    call for all later ones, be it a tensor without values or one that nothing can be learnt through."""

    table: Tensor

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.register_buffer("table", table, persistent=False)

    def forward(self, dtype: torch.dtype, **_: Any) -> Tensor:
        return self.table.to(dtype)


def make_model(scale: Scale, classes: int, queries: int, denoising: int, coarsest: tuple[int, int]) -> nn.Module:
    """A `DFineForObjectDetection` with random weights, which learns from about so many queries that begin near objects as
    well; `coarsest` is the rows and columns of its last level. Raises `InputError` where transformers is not installed."""
    transformers = _library()
    model: Any = transformers.DFineForObjectDetection(_config(transformers, scale, classes, queries, denoising))
    del model.class_embed, model.bbox_embed  # the decoder's, under a second name
    for name in ("up", "reg_scale"):  # constants, though kept as parameters
        value = getattr(model.model.decoder, name).detach().clone()
        delattr(model.model.decoder, name)
        model.model.decoder.register_buffer(name, value)
    for layer in model.model.encoder.aifi:
        rows, columns = coarsest
        made = layer.position_embedding(height=rows, width=columns, device=torch.device("cpu"), dtype=torch.float32)
        layer.position_embedding = Positions(made.clone())
    whole: nn.Module = model
    return whole


def _library() -> Any:
    try:
        import transformers
    except ImportError:
        raise missing_extra("transformers", "detr") from None
    return transformers


def _config(transformers: Any, scale: Scale, classes: int, queries: int, denoising: int) -> Any:
    spec = SPECS[scale]
    levels = len(spec.points)
    backbone = transformers.HGNetV2Config(
        stem_channels=[3, *spec.stem],
        stage_in_channels=[spec.stem[1], *spec.outer[:-1]],
        stage_mid_channels=list(spec.inner),
        stage_out_channels=list(spec.outer),
        hidden_sizes=list(spec.outer),
        stage_num_blocks=list(spec.blocks),
        stage_numb_of_layers=[spec.layers] * 4,
        use_learnable_affine_block=spec.affine,
        out_indices=list(range(5 - levels, 5)),
    )
    return transformers.DFineConfig(
        backbone_config=backbone,
        freeze_backbone_batch_norms=False,
        encoder_in_channels=list(spec.outer[-levels:]),
        encoder_hidden_dim=spec.width,
        encoder_ffn_dim=spec.inward[0],
        encoder_attention_heads=spec.heads,
        encode_proj_layers=[levels - 1],
        depth_mult=spec.depth,
        hidden_expansion=spec.expansion,
        d_model=spec.hidden,
        num_feature_levels=levels,
        feat_strides=list(strides(scale)),
        decoder_in_channels=[spec.width] * levels,
        decoder_ffn_dim=spec.inward[1],
        decoder_layers=spec.decoder,
        decoder_attention_heads=spec.heads,
        decoder_n_points=list(spec.points),
        reg_scale=spec.spread,
        num_queries=queries,
        num_denoising=denoising,
        num_labels=classes,
    )


def load_weights(model: nn.Module, weights: str, scale: Scale) -> LoadReport:
    """Fill a model from a local safetensors file in transformers' format, or from the hub where `weights` is "download".
    Layers that depend on the number of classes start anew where that differs. Raises `InputError` where another tensor is
    missing or of another shape."""
    transformers = _library()
    source = f"{HUB}-{scale}-coco" if weights == "download" else weights
    state = read_weights(_download(source) if weights == "download" else weights, "dfine")
    with _quiet(transformers):
        read, told = transformers.DFineForObjectDetection.from_pretrained(
            None, config=model.config, state_dict=state, ignore_mismatched_sizes=True, output_loading_info=True
        )
    left = {*told["missing_keys"], *(name for name, *_ in told["mismatched_keys"])}
    own = [name for name in model.state_dict() if not name.endswith("num_batches_tracked")]
    head = tuple(name for name in own if name in left and any(f".{part}." in name for part in BY_CLASS))
    if missing := [name for name in own if name in left and name not in head]:
        raise InputError(
            f"{source} is not for the net dfine of scale {scale}: {len(missing)} of its {len(own)} tensors are missing or "
            f"of another shape, {missing[0]} first; say with --net-options scale=… which one the file is for"
        )
    loaded = tuple(name for name in own if name not in head)
    state = read.state_dict()
    model.load_state_dict({name: state[name] for name in loaded}, strict=False)
    return LoadReport(source, loaded, head, tuple(sorted(told["unexpected_keys"])))


def _download(name: str) -> str:
    """Where the hub's file lies after it was fetched. Raises `InputError` where it could not be."""
    try:
        from huggingface_hub import hf_hub_download

        return str(hf_hub_download(name, "model.safetensors"))
    except Exception as error:  # the hub client's errors are many and change: offline, not found, refused
        raise InputError(
            f"{name} could not be downloaded ({type(error).__name__}); "
            "give a local file with --weights FILE.safetensors, or --weights none to start from nothing"
        ) from error


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """What was loaded and what was not is told by us."""
    logging = transformers.utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def without_checks() -> Iterator[None]:
    """Within it transformers checks no shapes: its checks become operations that ONNX does not know."""
    before = os.environ.get(SWITCH)
    os.environ[SWITCH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SWITCH]
        else:
            os.environ[SWITCH] = before

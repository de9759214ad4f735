"""HEIC and AVIF: pictures in ISO base media files (ISO/IEC 23008-12), told by the brands in their first box."""

from __future__ import annotations

from functools import cache

from clearsight.core.errors import BadImage, missing_extra

HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
AVIF_BRANDS = frozenset({b"avif", b"avis"})


def prepare(data: bytes, name: str) -> None:
    """See to it that Pillow can open a HEIC or AVIF file; nothing is done for any other. Raises `BadImage` where the
    library is missing, naming what to install."""
    brands = _brands(data)
    if brands & AVIF_BRANDS:
        from PIL import features

        if not features.check("avif"):
            raise BadImage(name, "is an AVIF picture, which this Pillow cannot read: pip install --upgrade pillow")
    elif brands & HEIC_BRANDS and not _register():
        raise BadImage(name, f"is a HEIC picture, and {missing_extra('pillow-heif', 'heic')}")


def _brands(data: bytes) -> set[bytes]:
    """The major and the compatible brands of an `ftyp` box; none where the file begins otherwise."""
    if data[4:8] != b"ftyp":
        return set()
    box = data[8 : min(int.from_bytes(data[:4], "big"), 256)]
    return {box[at : at + 4] for at in range(0, len(box), 4) if at != 4}  # at 4 lies the minor version


@cache
def _register() -> bool:
    """Whether Pillow now opens HEIC."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True

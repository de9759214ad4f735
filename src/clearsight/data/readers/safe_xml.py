"""XML of annotation tools, read without what makes XML dangerous."""

from __future__ import annotations

from typing import Any, NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from clearsight.core.errors import InputError


def parse(data: bytes, name: str) -> Element:
    """The root of an XML document. Raises `InputError` where it is damaged, or has a DOCTYPE: the entities and defaults
    declared there may name files of this machine, or fill its memory."""

    def refuse(*_: Any) -> NoReturn:
        raise InputError(f"{name} has a DOCTYPE, which no annotation needs; refused")

    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise InputError(f"{name} is no XML, or cut short ({error}); export it again") from None
    return builder.close()

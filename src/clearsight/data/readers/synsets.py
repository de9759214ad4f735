"""WordNet's synsets, by which ImageNet names its classes: from an id such as n01440764 to a word such as "tench".

Source: O. Russakovsky et al., ImageNet Large Scale Visual Recognition Challenge, IJCV 2015; the files that say which id
is which word come with the data, in one of three forms.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from clearsight.core.errors import InputError
from clearsight.core.sample import printable

SYNSET = re.compile(r"n\d{8}")

MAPPINGS = ("LOC_synset_mapping.txt", "imagenet_class_index.json", "words.txt")
"""Files of names, surest first: the challenge's own, Keras's, and WordNet's (82,115 nouns)."""


def parse(data: bytes, file: str) -> dict[str, str]:
    """Id -> its first name. Raises `InputError` where the file has another form."""
    name, shown = PurePosixPath(file).name, printable(file)
    if name.endswith(".json"):
        try:
            pairs = {str(row[0]): str(row[1]).replace("_", " ") for row in json.loads(data).values()}
        except (ValueError, AttributeError, IndexError, KeyError, TypeError) as error:
            raise InputError(f'{shown} must hold {{"0": ["n01440764", "tench"], …}} ({error})') from None
    else:
        lines = data.decode("utf-8", "replace").splitlines()
        split = (re.split(r"\s+", line.strip(), maxsplit=1) for line in lines if line.strip())
        pairs = {parts[0]: parts[-1].split(",")[0].strip() for parts in split}
    wrong = next((key for key, word in pairs.items() if not SYNSET.fullmatch(key) or not word), None)
    if wrong is not None or not pairs:
        raise InputError(f"{shown} must name a synset in each line, as in n01440764 tench; it has {wrong!r}")
    return pairs


def readable(present: Iterable[str], words: Mapping[str, str], whole: bool) -> dict[str, str]:
    """Id -> class name, in the order of the ids, which is ImageNet's own. A word that two classes share has its id behind
    it: "crane (n02012849)". `whole` is whether `words` are the classes of a set, all of which must differ, so that a part
    of the set has the same names; else those present must. An id without a word is its own name."""
    ids = sorted(set(present))
    among = words if whole else {key: words[key] for key in ids if key in words}
    shared = Counter(among.values())
    return {key: words[key] + (f" ({key})" if shared[words[key]] > 1 else "") if key in words else key for key in ids}

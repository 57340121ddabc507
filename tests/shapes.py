"""Values of botocore's shapes that DataZone takes."""

from __future__ import annotations

import re
from datetime import datetime, timezone

TEXTS = [
    "dzd_5oo7xzoqltu8mf",
    "athp9dyw75gzhj",
    "123456789012",
    "us-east-1",
    "8",
    "s3://bucket/key",
    "arn:aws:iam::123456789012:role/service-role/name",
]


def example(shape, *, whole, inside=()):
    """Return a value of a shape, complete or with required members only, or ``None``."""
    if shape.name in inside:
        return None
    make = EXAMPLES[shape.type_name]
    if shape.type_name in ("structure", "list", "map"):
        return make(
            shape, lambda part: example(part, whole=whole, inside=(*inside, shape.name)), whole
        )
    return make(shape)


def a_structure(shape, part, whole):
    members = [*shape.members][:1] if shape.is_tagged_union else [*shape.members]
    required = members if shape.is_tagged_union else shape.required_members
    made = {name: part(shape.members[name]) for name in members if whole or name in required}
    value = {name: item for name, item in made.items() if item is not None}
    return value if {*required} <= {*value} else None


def a_list(shape, part, _whole):
    item = part(shape.member)
    return None if item is None else [item] * max(1, shape.metadata.get("min", 0))


def a_map(shape, part, _whole):
    key, value = part(shape.key), part(shape.value)
    return None if None in (key, value) else {key: value}


def a_string(shape):
    if shape.enum:
        return shape.enum[-1]
    pattern = shape.metadata.get("pattern", ".*")
    lengths = range(shape.metadata.get("min", 0), shape.metadata.get("max", 999) + 1)
    try:
        fit = (each for each in TEXTS if len(each) in lengths and re.fullmatch(pattern, each))
        return next(fit, None)
    except re.error:  # written for another language
        return None


def a_number(shape):
    return max(1 if shape.type_name in ("integer", "long") else 0.25, shape.metadata.get("min", 0))


EXAMPLES = {
    "structure": a_structure,
    "list": a_list,
    "map": a_map,
    "string": a_string,
    "timestamp": lambda _: datetime(2024, 1, 1, 12, 30, tzinfo=timezone.utc),
    "boolean": lambda _: True,
    "blob": lambda _: b"blob",
    **dict.fromkeys(("integer", "long", "float", "double"), a_number),
}

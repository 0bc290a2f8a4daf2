"""Writes a manifest as YAML with comments. It writes only what YAML 1.1 and 1.2 read in the same way."""

import json
import re
import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from celery_kubectl.convert.draft import Note, Place

WIDTH = 110
_FLOW_VALUES = 5

# Text that needs no quotes, also within brackets.
_PLAIN = re.compile(r"-{0,2}[A-Za-z_/][\w./@+=-]*(?::[\w./@+=-]+)*|\d+(?:m|[kKMGT]i?)", re.ASCII)
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})

Comments = Mapping[Place, list[Note]]


def commented_yaml(document: dict[str, Any], notes: Sequence[Note]) -> str:
    """The document, with each note above the field that it names, or above the nearest one that exists."""
    comments: dict[Place, list[Note]] = defaultdict(list)
    for note in notes:
        comments[_existing(document, note.place)].append(note)
    return "\n".join([*_comment(comments.get((), []), ""), *_block(document, (), "", comments), ""])


def _existing(document: Any, place: Place) -> Place:
    value = document
    for depth, key in enumerate(place):
        if not isinstance(value, dict | list):
            return place[:depth]
        try:
            value = value[key]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return place[:depth]
    return place


def _block(value: Any, place: Place, indent: str, comments: Comments) -> Iterator[str]:
    """The lines of a map or a list that is not empty."""
    if isinstance(value, dict):
        for key, one in value.items():
            inner = (*place, key)
            yield from _comment(comments.get(inner, []), indent)
            yield from _entry(f"{indent}{_text(key)}:", one, inner, f"{indent}  ", comments)
        return
    for number, item in enumerate(value):
        inner = (*place, number)
        first = (*inner, next(iter(item), "")) if isinstance(item, dict) else inner
        notes = [*comments.get(inner, []), *(comments.get(first, []) if first != inner else [])]
        yield from _comment(notes, indent)
        if not isinstance(item, dict | list) or (flow := _flow_if_short(item, inner, indent, comments)):
            yield f"{indent}- {_scalar(item) if not isinstance(item, dict | list) else flow}"
            continue
        without_first = {at: found for at, found in comments.items() if at != first}
        head, *rest = _block(item, inner, f"{indent}  ", without_first)
        yield f"{indent}- {head[len(indent) + 2 :]}"
        yield from rest


def _entry(head: str, value: Any, place: Place, indent: str, comments: Comments) -> Iterator[str]:
    if not isinstance(value, dict | list):
        yield f"{head} {_scalar(value)}"
    elif flow := _flow_if_short(value, place, head, comments):
        yield f"{head} {flow}"
    else:
        yield head
        yield from _block(value, place, indent, comments)


def _flow_if_short(value: Any, place: Place, before: str, comments: Comments) -> str:
    """The value on one line; empty where it is long, has comments in it, or is a main part."""
    if not value:
        return "{}" if isinstance(value, dict) else "[]"
    if place in {("metadata",), ("spec",)} or (len(place) == 3 and place[1] == "workers"):
        return ""
    if any(at[: len(place)] == place and len(at) > len(place) for at in comments):
        return ""
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return ""
    flow = _flow(value)
    short = len(before) + 3 + len(flow) <= WIDTH and _count(value) <= _FLOW_VALUES
    return flow if short or (isinstance(value, list) and len(before) + len(flow) < WIDTH) else ""


def _count(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_count(one) for one in value.values())
    return sum(_count(one) for one in value) if isinstance(value, list) else 1


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_text(key)}: {_flow(one)}' for key, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(_flow(one) for one in value)}]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08X}" for one in quoted)


def _comment(notes: Sequence[Note], indent: str) -> Iterator[str]:
    # The first note names the origin.
    for note in [*notes[:1], *sorted(notes[1:], key=lambda one: not one.decide)]:
        words = f"{'TODO: ' if note.decide else ''}{note.text}".split()
        text = "".join(one if one.isprintable() else "?" for one in " ".join(words))
        start = f"{indent}# "
        yield from textwrap.wrap(
            text,
            WIDTH,
            initial_indent=start,
            subsequent_indent=start,
            break_long_words=False,
            break_on_hyphens=False,
        )

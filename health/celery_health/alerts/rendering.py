"""Renders the sentences of a rule without Prometheus: the part of its templates that the rules use."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_ACTION = re.compile(r"{{\s*(.*?)\s*}}", re.DOTALL)
_WORD = re.compile(r'"[^"]*"|`[^`]*`|[^\s|]+|\|')
_LARGE, _SMALL = " kMGTPEZY", " munpfazy"
_STEP = 1000.0


@dataclass(frozen=True, slots=True)
class _Values:
    """What an action can ask for. ``dot``: the value of the ``with`` around it."""

    labels: Mapping[str, str]
    value: float
    dot: str | float = ""


def rendered(template: str, labels: Mapping[str, str], value: float) -> str:
    """A text without actions. A label that is missing is empty, as in Prometheus.

    Raises:
        ValueError: the template uses what only Prometheus can evaluate.
    """
    parts = iter(_ACTION.split(template))
    text, ended_by = _block(parts, _Values(labels, value), shown=True)
    if ended_by:
        raise ValueError(f"{{{{ {ended_by} }}}} has no beginning in {template!r}")
    return text


def _block(parts: Iterator[str], values: _Values, *, shown: bool) -> tuple[str, str]:
    """The text up to the action that ends the block, and that action: else, end, or nothing at the end."""
    text = next(parts, "")
    for action in parts:
        if action in {"else", "end"}:
            return text, action
        word, _, rest = action.partition(" ")
        if word in {"with", "if"}:
            text += _branches(word, rest, parts, values, shown=shown)
        elif shown:
            text += _text(_evaluate(action, values))
        text += next(parts, "")
    return text, ""


def _branches(word: str, subject: str, parts: Iterator[str], values: _Values, *, shown: bool) -> str:
    found = _evaluate(subject, values) if shown else ""
    inside = _Values(values.labels, values.value, found) if word == "with" else values
    then, ended_by = _block(parts, inside, shown=shown and bool(found))
    otherwise = ""
    if ended_by == "else":
        otherwise, ended_by = _block(parts, values, shown=shown and not found)
    if ended_by != "end":
        raise ValueError(f"{{{{ {word} {subject} }}}} has no end")
    return then if found else otherwise


def _evaluate(action: str, values: _Values) -> str | float:
    stages: list[list[str]] = [[]]
    for word in _WORD.findall(action):
        if word == "|":
            stages.append([])
        else:
            stages[-1].append(word)
    (function, *arguments), *pipes = stages
    if not arguments:
        result = _operand(function, values)
    else:
        result = _call(function, [_operand(one, values) for one in arguments])
    for function, *arguments in pipes:
        result = _call(function, [*(_operand(one, values) for one in arguments), result])
    return result


def _operand(word: str, values: _Values) -> str | float:
    if word == ".":
        return values.dot
    if word == "$value":
        return values.value
    if word.startswith("$labels."):
        return values.labels.get(word.removeprefix("$labels."), "")
    if word[0] in '"`':
        return word[1:-1]
    return float(word)


def _call(function: str, arguments: list[str | float]) -> str | float:
    match function, arguments:
        case "or", [*alternatives]:
            return next((one for one in alternatives if one), alternatives[-1])
        case "eq", [left, right]:
            return float(left == right)
        case "printf", [str(pattern), argument]:
            return pattern % argument
        case "humanize", [float(number)]:
            return humanized(number)
    raise ValueError(f"{function} with {len(arguments)} arguments is not known here")


def humanized(number: float) -> str:
    """Four digits and a metric prefix, as Prometheus does it: 1.234k."""
    prefixes, power = (_LARGE, 0) if abs(number) >= 1 else (_SMALL, 0)
    while number and power + 1 < len(prefixes) and not 1 <= abs(number) < _STEP:
        number = number / _STEP if prefixes is _LARGE else number * _STEP
        power += 1
    return f"{number:.4g}{prefixes[power].strip()}"


def _text(value: str | float) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("a number needs printf or humanize: Prometheus alone writes a million as 1e+06")

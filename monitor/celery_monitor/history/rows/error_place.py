"""The type of an error and the line that raised it, from the texts of an event. Pure."""

import re

_FRAME = re.compile(r'^\s*File "([^"\n]{1,500})", line (\d{1,9})(?:, in ([^\n]{1,200}))?', re.MULTILINE)
_TYPE = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,150}", re.ASCII)
_CAUSE = re.compile(r"Retry in [^:\n]{0,60}: ")
_LIBRARIES = ("site-packages/", "dist-packages/", "lib/python")


def error_of(exception: str | None, traceback: str | None) -> tuple[str, str] | None:
    """The error's type and the line that raised it: ``KeyError`` and ``shop/tasks.py:42 in charge``.

    The line is the last one of the application's own code, or the last one at all. Either may be empty. None
    without an error.
    """
    if not exception and not traceback:
        return None
    return _type(exception or "", traceback or ""), _place(traceback or "")


def _type(exception: str, traceback: str) -> str:
    text = exception.strip()
    cause = _CAUSE.match(text)
    text = text[cause.end() :] if cause else text
    match = _TYPE.match(text)
    if match and text[match.end() : match.end() + 1] in ("", "(", ":"):
        return match[0].rpartition(".")[2] or match[0]
    last = traceback.strip().rpartition("\n")[2]
    match = _TYPE.match(last)
    return match[0].rpartition(".")[2] if match and last[match.end() : match.end() + 1] in ("", ":") else ""


def _place(traceback: str) -> str:
    frames = _FRAME.findall(traceback)
    if not frames:
        return ""
    own = [frame for frame in frames if not any(part in frame[0] for part in _LIBRARIES)]
    file, line, function = (own or frames)[-1]
    short = "/".join(file.replace("\\", "/").split("/")[-3:])
    return f"{short}:{line}" + (f" in {function.strip()}" if function else "")

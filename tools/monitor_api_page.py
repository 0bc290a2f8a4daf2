"""``python -m tools.monitor_api_page``: writes docs/reference/monitor/api.md from the table of routes."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from celery_monitor.settings import AccessSettings, ServerSettings
from celery_monitor.web import Services, open_access
from celery_monitor.web.application import all_routes
from celery_monitor.web.routing.openapi import document

PAGE = Path("docs/reference/monitor/api.md")

_INTRODUCTION = """\
# API of the monitor

This page is written by `make docs` from the monitor's OpenAPI document. A running monitor serves the document
at `GET /api/automation/monitoring/openapi.json`. [Access to the monitor](access.md) explains tokens,
roles and rate limits.

- Every path is below the prefix of `--url-prefix`.
- Times are Unix time in seconds, durations are seconds, rates are per second. Null always means unknown,
  never zero.
- A name in a path, such as a task id, may have any characters: encode them as in `a%2Fb`.
- `id:` may stand before a task id in a path. An id that is also a word of the API needs it: the task with the
  id `names` is `tasks/id:names`, and one with the id `id:7` is `tasks/id:id:7`.
- An unknown parameter is an error.
- An error is a problem document (RFC 9457, `application/problem+json`). Its `detail` says what is wrong and
  what to do.

```console
$ curl -H "Authorization: Bearer $TOKEN" \\
    'http://127.0.0.1:8555/api/automation/monitoring/tasks?q=state:failure%20name:shop.*&limit=20'
```
"""

_ERRORS = (
    ("400", "The body is not JSON, or the request is not valid HTTP."),
    ("401", "The request has no valid token or session."),
    ("403", "The role of the caller is too low, or a page of another site sent the request."),
    ("404", "There is no such route, task, worker or queue."),
    ("405", "The route does not have this method. `Allow` names those that it has."),
    ("408", "The body took longer than 30 seconds to come."),
    ("409", "The action cannot be done. `detail` says why, and what to do instead."),
    ("410", "The login link was used before, or has expired."),
    ("413", "The body is larger than 1 MiB."),
    ("415", "The body is not declared as `application/json`."),
    ("417", "The header `Expect` is not `100-continue`."),
    ("422", "A filter, another parameter or the body cannot be used. `errors` names each value."),
    ("429", "Too many requests or failed logins. `Retry-After` says how long to wait."),
    ("503", "The history or another server is away. `Retry-After` says when to try again."),
)

_SHOWN_TAGS = {"monitoring": "Monitoring", "access": "Access", "health": "Health", "page": "Page"}

Schema = dict[str, Any]


def page() -> str:
    """The text of the page."""
    described = json.loads(json.dumps(document(all_routes(_services()), "", "")))
    lines = [_INTRODUCTION, *_table(("status", "meaning"), _ERRORS), ""]
    operations = list(_operations(described))
    tags = list(dict.fromkeys(operation["tags"][0] for _, _, operation in operations))
    for tag in sorted(tags, key=lambda tag: [*_SHOWN_TAGS, tag].index(tag)):
        lines += [f"## {_SHOWN_TAGS.get(tag, tag)}", ""]
        for method, path, operation in operations:
            if operation["tags"][0] == tag:
                lines += _route(method, path, operation)
    lines += ["## Documents", ""]
    for name, schema in sorted(described["components"]["schemas"].items()):
        lines += _schema(name, schema)
    return "\n".join(lines).rstrip() + "\n"


def _services() -> Services:
    """Services that have every route. Nothing is called."""
    nothing = cast("Any", None)
    return Services(
        server=ServerSettings(flower_api=True),
        access=open_access(AccessSettings(), redis=None),
        history=nothing,
        live=nothing,
        application=nothing,
        actions=nothing,
        alerts=nothing,
        why=nothing,
        recent_task=nothing,
        updates=nothing,
        settings=nothing,
        metrics=lambda: [b""],
    )


def _operations(described: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _route(method: str, path: str, operation: Schema) -> Iterator[str]:
    role = operation.get("x-role")
    needs = f"Needs the role {role}." if role else "Needs no token."
    yield from (f"### `{method} {path}`", "", f"{operation['summary']} {needs}", "")
    parameters = [
        (f"`{one['name']}`", _type(one["schema"]), one.get("description", "In the path."))
        for one in operation.get("parameters", ())
    ]
    if parameters:
        yield from (*_table(("parameter", "value", "meaning"), parameters), "")
    if "requestBody" in operation:
        ((_, body),) = operation["requestBody"]["content"].items()
        yield from (f"Body: {_type(body['schema'])}.", "")
    for status, response in operation["responses"].items():
        content = {media: one for media, one in response["content"].items() if "problem" not in media}
        if content:
            kinds = [
                _type(one["schema"]) if "schema" in one else f"`{media}`" for media, one in content.items()
            ]
            yield from (f"Status {status}: {', '.join(kinds)}.", "")


def _schema(name: str, schema: Schema) -> Iterator[str]:
    yield from (f"### {name}", "", _cell(schema.get("description", "")), "")
    if "enum" in schema:
        yield from ("One of " + ", ".join(f"`{value}`" for value in schema["enum"]) + ".", "")
    rows = [
        (f"`{field}`", _type(one), one.get("description", ""))
        for field, one in schema.get("properties", {}).items()
    ]
    if rows:
        yield from (*_table(("field", "value", "meaning"), rows), "")


def _type(schema: Schema) -> str:
    """What a value is, in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    kind = str(schema.get("type", "any"))
    if kind == "array":
        return f"list of {_type(schema['items'])}" if "items" in schema else "list"
    default = schema.get("default")
    shown = "" if default in (None, "", [], ()) else f", `{json.dumps(default).strip(chr(34))}` by default"
    return kind + shown


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield "| " + " | ".join(_cell(text) for text in row) + " |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()

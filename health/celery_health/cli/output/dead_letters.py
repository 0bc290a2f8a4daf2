"""Dead letters for the terminal and as JSON. Fields of the JSON may be added, and are never removed."""

import json
from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.text import Text

from celery_health.cli.output.terminal import new_table, show
from celery_health.dead_letters.letter import Letter, LetterDetails, Page, no_messages
from celery_health.redaction import printable
from celery_health.verdicts.text import counted, is_or_are, lasting


def print_list(queue: str, page: Page, form: str) -> None:
    """The messages of one page, and how many more there are."""
    if form == "json":
        print_json({"queue": queue, "total": page.total, "messages": [_fields(one) for one in page.letters]})
    elif not page.total:
        show(Text(printable(no_messages(queue, page))))
    else:
        show(_list(queue, page))


def print_details(letter: Letter, details: LetterDetails, form: str) -> None:
    """One message."""
    if form == "json":
        print_json({**_fields(letter), **asdict(details), **_named(details)})
    else:
        show(_details(letter, details))


def print_json(document: object) -> None:
    """The document on several lines."""
    print(json.dumps(document, indent=2))  # noqa: T201 (rich would break long lines)


def _list(queue: str, page: Page) -> RenderableType:
    table = new_table(f"Dead-letter queue {printable(queue)}", "id", "name", "queue", "age>", "retries>")
    for letter in page.letters:
        table.add_row(
            Text(letter.ref),
            Text(letter.name or letter.problem or "?"),
            Text(letter.queue or "?"),
            "?" if letter.age is None else lasting(letter.age),
            "?" if letter.retries is None else str(letter.retries),
        )
    more = page.total - len(page.letters)
    if more <= 0:
        return table
    return Group(table, Text(f"{counted(more, 'more message')} {is_or_are(more)} in the queue.", "dim"))


def _details(letter: Letter, details: LetterDetails) -> RenderableType:
    table = new_table("", "name", "value")
    table.show_header = False
    values = [("id", letter.ref), ("name", letter.name or "?"), ("queue", letter.queue or "?")]
    if letter.problem:
        values.append(("problem", letter.problem))
    if letter.age is not None:
        values.append(("age", lasting(letter.age)))
    values += [("size", counted(letter.size, "byte")), ("args", details.args), ("kwargs", details.kwargs)]
    for name, value in values:
        table.add_row(Text(name, "bold"), Text(value))
    for title, fields in (("header", details.headers), ("property", details.properties)):
        for name, value in fields:
            table.add_row(Text(f"{title} {name}", "dim"), Text(value))
    return table


def _fields(letter: Letter) -> dict[str, object]:
    return {name: value for name, value in asdict(letter).items() if name != "digest"}


def _named(details: LetterDetails) -> dict[str, object]:
    return {"headers": dict(details.headers), "properties": dict(details.properties)}

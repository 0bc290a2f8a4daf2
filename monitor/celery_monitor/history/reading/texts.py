"""The search for text in arguments, errors and results."""

import re
import string

from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Session
from celery_monitor.history.filters import Term
from celery_monitor.history.reading.condition import NARROW, Condition

# The expression that the index of PostgreSQL is made of.
ALL_TEXTS = (
    "(coalesce(args, '') || chr(10) || coalesce(kwargs, '') || chr(10) || coalesce(exception, '') "
    "|| chr(10) || coalesce(result, ''))"
)
_SQLITE_TEXTS = ALL_TEXTS.replace("chr(", "char(")
_ARGUMENTS = "(' ' || coalesce(args, '') || ' ' || coalesce(kwargs, '') || ' ')"
_SPECIAL = re.compile(r"([!%_])")
_GLOB_SPECIAL = re.compile(r"([\[?])")
_REGULAR_SPECIAL = re.compile(r"([\\.^$*+?()\[\]{}|])")
# What may stand before and after a whole value; for one character only what a representation has there.
_AROUND = " \n" + string.punctuation.replace("_", "")
_BEFORE_ONE, _AFTER_ONE = "([{ '\"=:\n", ")]}, '\":\n"
_MOST_TRIGRAMS = 8


def like(text: str, *, wildcard: bool) -> str:
    """The text as a pattern for LIKE with ! as its escape character; * as a wildcard if wanted."""
    escaped = _SPECIAL.sub(r"!\1", text)
    return escaped.replace("*", "%") if wildcard else escaped


async def condition(database: Database, session: Session, term: Term) -> Condition:
    """The condition of a term of ``arg``, ``text`` or ``result``."""
    value = str(term.value)
    found = _sqlite(term.field, value) if database.is_sqlite else _postgres(term.field, value)
    if term.negated:
        return Condition(f"NOT coalesce({found.sql}, false)", found.parameters)
    if found.search:
        count, parameters = f"SELECT id FROM ids WHERE {found.search}", found.search_parameters
        if database.is_sqlite:
            count = "SELECT rowid FROM task_texts WHERE task_texts MATCH ?"
        else:
            count = f"SELECT 1 FROM {database.prefix}job_executions WHERE {found.search}"
        rows = await session.rows(f"SELECT count(*) FROM ({count} LIMIT {NARROW + 1}) AS counted", parameters)
        number = rows[0][0]
        found = found._replace(estimate=number if number <= NARROW else None, column="")
    return found


def _sqlite(field: str, value: str) -> Condition:
    search, plain = "id IN (SELECT rowid FROM task_texts WHERE task_texts MATCH ?)", value
    if field == "arg":
        sql, parameter = f"{_ARGUMENTS} GLOB ?", _glob(value)
        match = _whole_value(value)
    elif field == "result":
        sql, parameter, match = (
            "result LIKE ? ESCAPE '!'",
            f"%{like(plain, wildcard=False)}%",
            _trigrams(value),
        )
    else:
        sql, parameter = f"{_SQLITE_TEXTS} LIKE ? ESCAPE '!'", f"%{like(plain, wildcard=False)}%"
        match = _trigrams(value)
    if not match:
        return Condition(sql, [parameter])
    return Condition(sql, [parameter], search=search, search_parameters=[match])


def _postgres(field: str, value: str) -> Condition:
    if field == "arg":
        parts = [_REGULAR_SPECIAL.sub(r"\\\1", part) for part in value.split("*")]
        expression = ".*".join(part for part in parts)
        edge = "[^[:alnum:]_]"
        expression = (f"(^|{edge})" if parts[0] else "") + expression + (f"($|{edge})" if parts[-1] else "")
        return Condition(
            f"{_ARGUMENTS} ~ ?", [expression], search=f"{ALL_TEXTS} ~ ?", search_parameters=[expression]
        )
    pattern = f"%{like(value, wildcard=False)}%"
    sql = f"{'result' if field == 'result' else ALL_TEXTS} ILIKE ? ESCAPE '!'"
    return Condition(sql, [pattern], search=f"{ALL_TEXTS} ILIKE ? ESCAPE '!'", search_parameters=[pattern])


def _glob(value: str) -> str:
    edge = "[^0-9A-Za-z_]"
    escaped = _GLOB_SPECIAL.sub(r"[\1]", value)
    before = "" if value.startswith("*") else f"*{edge}"
    after = "" if value.endswith("*") else f"{edge}*"
    return f"{before}{escaped}{after}"


def _trigrams(text: str) -> str:
    """A query for texts that have all of these groups of three characters; empty for a shorter text."""
    found = list(dict.fromkeys(text[at : at + 3] for at in range(len(text) - 2)))
    if len(found) > _MOST_TRIGRAMS:
        step = (len(found) - 1) / (_MOST_TRIGRAMS - 1)
        found = [found[round(at * step)] for at in range(_MOST_TRIGRAMS)]
    return " AND ".join(map(_phrase, found))


def _whole_value(value: str) -> str:
    parts = [part for part in value.split("*") if part]
    if any(len(part) > 2 for part in parts):
        return " AND ".join(query for query in map(_trigrams, parts) if query)
    if len(parts) != 1 or "*" in value:
        return ""
    if len(value) == 2:
        before = " OR ".join(_phrase(sign + value) for sign in _AROUND)
        after = " OR ".join(_phrase(value + sign) for sign in _AROUND)
        return f"({before}) AND ({after})"
    return " OR ".join(_phrase(before + value + after) for before in _BEFORE_ONE for after in _AFTER_ONE)


def _phrase(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'

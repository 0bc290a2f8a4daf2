"""The search for text in arguments, errors and results."""

import re
from collections.abc import Sequence

import msgspec

from celery_monitor.history.database.connection import Database
from celery_monitor.history.database.session import Session
from celery_monitor.history.filters import Term
from celery_monitor.history.filters.matching import Folding
from celery_monitor.history.reading.condition import NARROW, Condition
from celery_monitor.history.rows.labels import LabelKind
from celery_monitor.history.rows.short_values import HAS_ARGUMENTS, SHORT_VALUES, searched_short_values
from celery_monitor.history.rows.tasks import NOT_INDEXED

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
_EDGE = "[^[:alnum:]_]"
_MOST_GROUPS = 40
_SEARCHED_GROUPS = 3
_MOST_OF_GROUP = 5_000
_WORD = re.compile(r"(?=((?:[^A-Za-z0-9*]|(?<![^*]))[A-Za-z0-9]{3,}[^A-Za-z0-9*]?))")
_MOST_WORDS = 8
_SAMPLE = 500
_MOST_MEMBERS = 20_000
"""With more tasks that may have the text, the list is read in its order and each text compared."""


def like(text: str, *, wildcard: bool) -> str:
    """The text as a pattern for LIKE with ! as its escape character; * as a wildcard if wanted."""
    escaped = _SPECIAL.sub(r"!\1", text)
    return escaped.replace("*", "%") if wildcard else escaped


async def folding_of(database: Database, session: Session) -> Folding:
    """How the database compares texts. PostgreSQL does as the locale of the database says."""
    if database.is_sqlite:
        return Folding()
    rows = await session.rows("SELECT 'É' ILIKE 'é', 'é' ~ '[[:alnum:]]'")
    all_letters, all_words = rows[0]
    return Folding(all_letters=all_letters, all_words=all_words)


async def condition(database: Database, session: Session, term: Term) -> Condition:
    """The condition of a term of ``arg``, ``text`` or ``result``."""
    value = str(term.value)
    found = _sqlite(term.field, value) if database.is_sqlite else _postgres(term.field, value)
    if term.negated:
        return Condition(f"NOT coalesce({found.sql}, false)", found.parameters)
    if database.is_sqlite:
        if groups := _groups(term.field, value):
            return await _searched(session, found, groups)
        return await _with_short_values(session, found, _short_values(term)) if _short_values(term) else found
    return await _found_by_index(database, session, found, term)


def _short_values(term: Term) -> list[str]:
    """The words of one or two characters that a task must have, if no index of trigrams can find it."""
    return searched_short_values(str(term.value)) if term.field == "arg" else []


async def _searched(session: Session, found: Condition, groups: Sequence[str]) -> Condition:
    """The condition with the rows that the index finds, unless they are too many.

    Of all groups of characters the rarest are searched for: FTS5 reads the whole list of a common one.
    """
    counts = ", ".join(
        ["(SELECT count(*) FROM (SELECT 1 FROM task_texts WHERE task_texts MATCH ? LIMIT ?))"] * len(groups)
    )
    most = [value for group in groups for value in (group, _MOST_OF_GROUP)]
    (numbers,) = await session.rows(f"SELECT {counts}", most)
    rarest = [group for _, group in sorted(zip(numbers, groups, strict=True))[:_SEARCHED_GROUPS]]
    match = "SELECT rowid FROM task_texts WHERE task_texts MATCH ?"
    return await _among(session, found, match, [" AND ".join(rarest)])


async def _with_short_values(session: Session, found: Condition, values: Sequence[str]) -> Condition:
    """The condition with the rows that have these words in their arguments, unless they are too many."""
    match = " INTERSECT ".join(["SELECT task FROM short_values WHERE value = ?"] * len(values))
    return await _among(session, found, match, values)


async def _among(session: Session, found: Condition, match: str, parameters: Sequence[str]) -> Condition:
    """The condition among the rows of SQLite whose ids ``match`` finds, unless they are too many."""
    ((number,),) = await session.rows(
        f"SELECT count(*) FROM ({match} LIMIT ?)", [*parameters, _MOST_MEMBERS + 1]
    )
    if number > _MOST_MEMBERS:
        return found
    ids = [row[0] for row in await session.rows(match, parameters)]
    return found._replace(
        sql=f"id IN (SELECT value FROM json_each(?)) AND {found.sql}",
        parameters=[msgspec.json.encode(ids).decode(), *found.parameters],
        estimate=number if number <= NARROW else None,
        column="",
        exact=False,
    )


async def _found_by_index(database: Database, session: Session, found: Condition, term: Term) -> Condition:
    """The condition as the rows that an index of PostgreSQL finds, unless they are too many."""
    table = f"{database.prefix}job_executions"
    search = await _search(database, session, found, term)
    if search is None:
        return _compared_in_order(found)
    # With the condition behind WHERE too, the index would read the lists of all its groups.
    rows = await session.rows(
        f"SELECT id, {found.sql} FROM {table} WHERE {search.sql} LIMIT {NARROW + 1}",
        [*found.parameters, *search.parameters],
    )
    if len(rows) > NARROW:
        return _compared_in_order(found)
    ids = [number for number, meets in rows if meets]
    return Condition("id = ANY(?)", [ids], estimate=len(ids), column="")


def _compared_in_order(found: Condition) -> Condition:
    """The condition in a form of which PostgreSQL expects that many tasks meet it, as they do.

    It expects few of a pattern, and would read and sort all tasks instead of the first ones of the list.
    """
    return found._replace(sql=f"coalesce({found.sql}, false)", column="")


async def _search(database: Database, session: Session, found: Condition, term: Term) -> Condition | None:
    """A condition that an index finds quickly, and that every task with the value meets.

    The index reads the whole list of each group of characters. So it is asked for the word of the value that
    fewest of the latest tasks have. None if each word is in too many tasks for the index to be of use.
    """
    words = _words(str(term.value))
    if not words:
        return await _search_short_values(database, session, found, _short_values(term))
    searches = [
        Condition(f"{ALL_TEXTS} ILIKE ? ESCAPE '!'", [f"%{like(word, wildcard=False)}%"]) for word in words
    ]
    *numbers, most = await _in_sample(database, session, searches)
    fewest = min(numbers)
    if fewest <= most:
        return searches[numbers.index(fewest)]
    if len(words) == 1:
        return None
    return Condition(
        " AND ".join(search.sql for search in searches),
        [value for search in searches for value in search.parameters],
    )


async def _search_short_values(
    database: Database, session: Session, found: Condition, values: Sequence[str]
) -> Condition | None:
    """A condition that the index of short values finds, unless there are none or too many tasks have them."""
    if not values:
        return None
    number, most = await _in_sample(database, session, [found])
    if number > most:
        return None
    return Condition(f"{HAS_ARGUMENTS} AND {SHORT_VALUES} @> ?::text[]", [list(values)])


async def _in_sample(database: Database, session: Session, conditions: Sequence[Condition]) -> list[float]:
    """How many of the latest tasks meet each condition; last, how many of them are not too many."""
    counts = ", ".join(f"count(*) FILTER (WHERE {condition.sql})" for condition in conditions)
    (numbers,) = await session.rows(
        f"SELECT {counts}, count(*), (SELECT coalesce(sum(tasks), 0) FROM {database.prefix}labels "
        f"WHERE kind = {int(LabelKind.STATE)}) FROM (SELECT args, kwargs, exception, result FROM "
        f"{database.prefix}job_executions ORDER BY at DESC, id DESC LIMIT {_SAMPLE}) AS latest",
        [value for condition in conditions for value in condition.parameters],
    )
    *found, sample, tasks = numbers
    return [*found, 2 * NARROW * sample / max(1, float(tasks))]


def _words(value: str) -> list[str]:
    """The longest words of a value, each with the character before and after it, by which it is a word.

    But a space may be the one between positional and named arguments, which the index does not have.
    """
    found = dict.fromkeys(word.strip(" ") for word in _WORD.findall(value))
    return sorted(found, key=len, reverse=True)[:_MOST_WORDS]


def _sqlite(field: str, value: str) -> Condition:
    if field == "arg":
        return Condition(f"{_ARGUMENTS} GLOB ?", [_glob(value)])
    text = "result" if field == "result" else _SQLITE_TEXTS
    return Condition(f"{text} LIKE ? ESCAPE '!'", [f"%{like(value, wildcard=False)}%"])


def _postgres(field: str, value: str) -> Condition:
    if field == "arg":
        return Condition(f"{_ARGUMENTS} ~ ?", [_regular(value)])
    pattern = f"%{like(value, wildcard=False)}%"
    return Condition(f"{'result' if field == 'result' else ALL_TEXTS} ILIKE ? ESCAPE '!'", [pattern])


def _regular(value: str) -> str:
    """The regular expression of a whole value between two edges."""
    parts = [_REGULAR_SPECIAL.sub(r"\\\1", part) for part in value.split("*")]
    return (_EDGE if parts[0] else "") + ".*".join(parts) + (_EDGE if parts[-1] else "")


def _glob(value: str) -> str:
    edge = "[^0-9A-Za-z_]"
    escaped = _GLOB_SPECIAL.sub(r"[\1]", value)
    before = "" if value.startswith("*") else f"*{edge}"
    after = "" if value.endswith("*") else f"{edge}*"
    return f"{before}{escaped}{after}"


def _groups(field: str, value: str) -> list[str]:
    """Queries of the full text index that all have to match, each for a group of three characters."""
    # A space may be the one between positional and named arguments, which the index does not have.
    parts = re.split("[* ]", value) if field == "arg" else [value]
    is_whole = field == "arg" and "*" not in value
    trigrams = [
        part[at : at + 3]
        for part in parts
        if not _may_be_in_no_index(part, is_whole)
        for at in range(len(part) - 2)
    ]
    return [_phrase(trigram) for trigram in list(dict.fromkeys(trigrams))[:_MOST_GROUPS]]


def _may_be_in_no_index(part: str, is_whole: bool) -> bool:
    """Whether a text without an entry in the index may have this part of a value."""
    if is_whole:
        return any(part == text or (text != "None" and part in text) for text in NOT_INDEXED)
    return any(part.lower() in text.lower() for text in NOT_INDEXED)


def _phrase(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'

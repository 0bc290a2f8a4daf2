"""Upgrades from every earlier revision, and every reason why the history cannot be opened."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from tools.testbed.databases import PostgresServer
from tools.testbed.servers import free_port

from celery_monitor.history import (
    History,
    HistoryError,
    HistoryOptions,
    HistoryUnavailableError,
    parse_filter,
)
from celery_monitor.history.database.address import Address, parse_address
from celery_monitor.history.migrations.upgrade import newest_revision, upgrade
from celery_monitor.history.tables import metadata
from tests.integration.monitor.history.examples import NOW, finished

REVISIONS = [f"{number:04}" for number in range(1, int(newest_revision()))]


@pytest.fixture
def address(database_url: str, options: HistoryOptions) -> Address:
    return parse_address(database_url, options.schema)


def _differences(address: Address) -> list[object]:
    driver = "sqlite" if address.file else "postgresql+psycopg"
    engine = create_engine(address.url.set(drivername=driver))
    with engine.connect() as connection:
        if address.schema:
            connection.exec_driver_sql(f'SET search_path TO "{address.schema}"')
        found = compare_metadata(
            MigrationContext.configure(connection, opts={"compare_type": True}), metadata
        )
    engine.dispose()
    # The tables of the program name no indexes, no parts of the searches and not Alembic's own table.
    return [
        entry
        for entry in found
        if isinstance(entry, list)
        or not (
            entry[0] == "remove_index"
            or any(name in str(entry[1]) for name in ("task_texts", "short_values", "alembic"))
        )
    ]


def test_the_tables_of_the_program_are_those_of_the_newest_revision(address: Address) -> None:
    upgrade(address)
    assert _differences(address) == []


@pytest.mark.parametrize("revision", REVISIONS)
async def test_an_upgrade_keeps_the_tasks_and_finds_them(
    database_url: str, options: HistoryOptions, address: Address, revision: str
) -> None:
    upgrade(address, revision)
    _insert_a_task(address, revision)
    history = await History.open(database_url, options, lambda: NOW)
    assert _differences(address) == []
    assert [task.id for task in (await history.tasks(parse_filter("customer"))).items] == ["old"]
    stored = await history.task("old")
    assert stored is not None
    assert (stored.name, stored.args) == ("shop.mail", "('customer', 7)")
    assert [task.id for task in (await history.tasks(parse_filter("arg:7"))).items] == ["old"]
    await history.write([finished("old", name=None, args="('other',)"), finished("new")])
    assert [task.id for task in (await history.tasks(parse_filter("other"))).items] == ["old"]
    assert (await history.tasks(parse_filter("state:success"))).items[0].id == "new"
    await history.delete_old()
    kept = await history.task("old")
    assert kept is not None
    assert kept.sender == "gen1@web"
    await history.close()


@pytest.mark.parametrize("revision", REVISIONS)
async def test_an_upgrade_makes_the_order_of_texts_that_of_their_bytes(
    english_url: str, options: HistoryOptions, revision: str
) -> None:
    address = parse_address(english_url, options.schema)
    upgrade(address, revision)
    _insert_a_task(address, revision)
    history = await History.open(english_url, options)
    assert [task.id for task in (await history.tasks(parse_filter("id:ol*"))).items] == ["old"]
    await history.close()
    assert _differences(address) == []
    assert _indexed_texts_by_locale(english_url, address) == []


def _indexed_texts_by_locale(url: str, address: Address) -> list[str]:
    """The columns whose index, which finds ranges and sorts, has the order of the database's locale."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT DISTINCT c.relname || '.' || a.attname FROM pg_index i "
            "JOIN pg_class c ON c.oid = i.indrelid "
            "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey) "
            "JOIN pg_collation o ON o.oid = a.attcollation "
            "WHERE c.relnamespace = %s::regnamespace AND o.collname <> 'C'",
            [address.schema],
        )
        return [str(row[0]) for row in rows if row[0] != "alembic_version.version_num"]


def _insert_a_task(address: Address, revision: str) -> None:
    driver = "sqlite" if address.file else "postgresql+psycopg"
    engine = create_engine(address.url.set(drivername=driver))
    prefix = address.prefix
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO {prefix}labels (id, kind, text, tasks) VALUES (901, 1, 'STARTED', 1)"
        )
        connection.exec_driver_sql(
            f"INSERT INTO {prefix}labels (id, kind, text, tasks) VALUES (902, 2, 'shop.mail', 1)"
        )
        counted = int(revision >= "0005")  # senders were not counted before
        connection.exec_driver_sql(
            f"INSERT INTO {prefix}labels (id, kind, text, tasks) VALUES (903, 6, 'gen1@web', {counted})"
        )
        connection.exec_driver_sql(
            f"INSERT INTO {prefix}job_executions (execution_id, at, state_id, name_id, sender_id, received, "
            "state_time, updated, clock, retries, flags, run_count, args, kwargs) "
            "VALUES ('old', 1.0, 901, 902, 903, 1.0, 1.0, 1.0, 0, 0, 0, 0, '(''customer'', 7)', '{}')"
        )
        if address.file and revision != "0001":
            connection.exec_driver_sql(
                "INSERT INTO task_texts (rowid, text) VALUES (1, char(10) || '(''customer'', 7)' || char(10))"
            )
        if address.file and revision >= "0009":
            connection.exec_driver_sql("INSERT INTO short_values (value, task) VALUES ('7', 1)")
    engine.dispose()


async def test_monitors_that_start_together_upgrade_once(
    postgres: PostgresServer, options: HistoryOptions
) -> None:
    opened = await asyncio.gather(*(History.open(postgres.database(), options) for _ in range(3)))
    for history in opened:
        await history.close()


async def test_a_database_that_is_newer_than_the_program(
    database_url: str, options: HistoryOptions, address: Address
) -> None:
    upgrade(address)
    engine = create_engine(address.url.set(drivername="sqlite" if address.file else "postgresql+psycopg"))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {address.prefix}alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(
        HistoryError, match=r"written by a newer celery-monitor \(revision 9999.*install that version"
    ):
        await History.open(database_url, options)


async def test_two_monitors_on_one_sqlite_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/history.db"
    first = await History.open(url)
    with pytest.raises(HistoryError, match=r"Another celery-monitor is using the file .*: stop it"):
        await History.open(url)
    await first.close()
    second = await History.open(url)
    await second.close()


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    file.write_text("Dear diary, today there were no failures. " * 100)
    with pytest.raises(HistoryError, match=r"history\.db is not an SQLite database: name another file"):
        await History.open(f"sqlite:///{file}")
    assert file.read_text().startswith("Dear diary")


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryError, match=r"The folder .*/file/x cannot be written \(.*\): give this user"):
        await History.open(f"sqlite:///{tmp_path}/file/x/history.db")


def test_a_folder_without_permission_to_write(tmp_path: Path) -> None:
    folder = tmp_path / "read-only"
    folder.mkdir()
    program = (
        "import asyncio, os, sys\n"
        "from celery_monitor.history import History, HistoryError\n"
        "if os.geteuid() == 0:\n    os.setegid(65534); os.seteuid(65534)\n"
        "try:\n    asyncio.run(History.open(sys.argv[1]))\n"
        "except HistoryError as error:\n    print(error)\n"
    )
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    folder.chmod(0o555)
    run = subprocess.run(
        [sys.executable, "-c", program, f"sqlite:///{folder}/history.db"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "cannot be written" in run.stdout, run.stderr
    assert "or name a file in another folder" in run.stdout


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("", "cannot be read: write sqlite:///FILE or postgresql://"),
        ("secret-password", "cannot be read: write sqlite:///FILE"),
        ("sqlite://", "names no file: write sqlite:///FILE"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql://user:secret-password@host", "names no database: write sqlite"),
        ("postgresql://user:secret-password@host:port/x", "cannot be read"),
        ("mysql://user:secret-password@host/x", "neither SQLite nor PostgreSQL"),
    ],
)
async def test_a_url_that_cannot_be_used(url: str, advice: str) -> None:
    with pytest.raises(HistoryError) as error:
        await History.open(url)
    assert advice in str(error.value)
    assert "secret-password" not in str(error.value)


async def test_a_schema_name_that_cannot_be_used() -> None:
    with pytest.raises(HistoryError, match="write lower-case letters"):
        await History.open("postgresql://host/x", HistoryOptions(schema='a"; DROP TABLE x'))


async def test_a_server_that_does_not_answer() -> None:
    url = f"postgresql://user:secret-password@127.0.0.1:{free_port()}/x"
    with pytest.raises(HistoryUnavailableError, match="does not answer: ") as error:
        await History.open(url)
    assert "secret-password" not in str(error.value)


async def test_a_password_that_is_wrong(postgres: PostgresServer) -> None:
    with pytest.raises(HistoryUnavailableError, match="password authentication failed"):
        await History.open(postgres.database().replace("secret", "wrong"))


async def test_a_user_who_may_not_create_the_schema(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.database(), autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'secret'")
    url = postgres.database().replace("postgres:secret", "reader:secret")
    with pytest.raises(
        HistoryError, match=r'may not create tables .* run CREATE SCHEMA "other" AUTHORIZATION "reader"'
    ):
        await History.open(url, HistoryOptions(schema="other"))


async def test_text_is_found_without_the_extension_for_trigrams(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.database(), autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS plain")
        connection.execute("CREATE ROLE plain LOGIN PASSWORD 'secret'")
        connection.execute("CREATE DATABASE plain")
    with psycopg.connect(postgres.database("plain"), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA automation AUTHORIZATION plain")
    url = postgres.database("plain").replace("postgres:secret", "plain:secret")
    history = await History.open(url)
    assert "run CREATE EXTENSION pg_trgm" in history.status().notes[0]
    await history.write([finished("a", args="('customer',)")])
    assert [task.id for task in (await history.tasks(parse_filter("customer"))).items] == ["a"]
    await history.close()
    with psycopg.connect(postgres.database("plain"), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
    again = await History.open(url)
    assert again.status().notes == ()
    await again.close()


def test_an_sqlite_file_of_another_program_keeps_its_tables(tmp_path: Path) -> None:
    file = tmp_path / "shared.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    upgrade(parse_address(f"sqlite:///{file}"))
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM theirs").fetchone() == (0,)

"""Options and environment variables become settings, or one sentence that says what to write instead."""

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from celery_health.exit_codes import ExitCode
from celery_monitor import __main__ as program
from celery_monitor.history import HistoryOptions
from celery_monitor.settings import ProxyIdentity, RateLimit, Role, Settings

BROKER = "redis://:planted-secret@localhost:6399/2"
VARIABLES = (
    "CELERY_BROKER_URL",
    "REDIS_URL",
    "REDIS_HOST",
    "CELERY_RESULT_BACKEND",
    "DATABASE_URL",
    "XDG_DATA_HOME",
)
TOKEN = "0123456789abcdef-planted"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Reader":
    return Reader(monkeypatch, tmp_path)


class Reader:
    """Runs the command up to the point where it would start the monitor."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        self.home = home
        self._settings: Settings | None = None
        for name in (
            "CELERY_BROKER_URL",
            "REDIS_URL",
            "REDIS_HOST",
            "CELERY_RESULT_BACKEND",
            "DATABASE_URL",
            "XDG_DATA_HOME",
        ):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(program, "start", self._start)

    def _start(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, *arguments: str, **environment: str) -> Settings:
        result = self.run(arguments, environment)
        assert result.exit_code == 0, result.output
        assert self._settings is not None
        return self._settings

    def refusal(self, *arguments: str, **environment: str) -> str:
        """The sentence of a refused start."""
        result = self.run(arguments, environment)
        assert result.exit_code == ExitCode.USAGE, result.output
        assert "planted" not in result.output
        return " ".join(result.output.split())

    def run(self, arguments: tuple[str, ...], environment: Mapping[str, str]) -> Result:
        return CliRunner().invoke(program.main, list(arguments), env={"HOME": str(self.home), **environment})


def test_a_broker_alone_is_enough(read: Reader) -> None:
    settings = read(CELERY_BROKER_URL=BROKER)
    assert settings.connection.broker_url == BROKER
    assert settings.server.is_loopback
    assert not settings.access.configured
    folder = read.home / ".local" / "share" / "celery-monitor"
    assert settings.history.url == f"sqlite:///{folder}/redis-localhost-6399-2.sqlite3"


def test_the_monitors_own_variables_count_before_the_common_ones(read: Reader) -> None:
    settings = read(
        CELERY_MONITOR_BROKER=BROKER,
        CELERY_BROKER_URL="amqp://elsewhere",
        CELERY_MONITOR_DATABASE="sqlite:////tmp/own",
        DATABASE_URL="postgresql://elsewhere/db",
    )
    assert settings.connection.broker_url == BROKER
    assert settings.history.url == "sqlite:////tmp/own"


def test_the_common_variables_count_without_options(read: Reader) -> None:
    settings = read(
        REDIS_URL=BROKER,
        CELERY_RESULT_BACKEND="redis://results/1",
        DATABASE_URL="postgresql+psycopg2://user:planted-secret@db:5433/app",
    )
    assert settings.connection.broker_url == BROKER
    assert settings.connection.result_backend_url == "redis://results/1"
    assert settings.history.url == "postgresql://user:planted-secret@db:5433/app"


def test_the_variables_of_redis_count_as_for_the_cli(read: Reader) -> None:
    assert read(REDIS_HOST="cache", REDIS_PORT="6380").connection.broker_url == "redis://cache:6380/0"


def test_values_become_types(read: Reader) -> None:
    settings = read(
        *(
            "--broker",
            BROKER,
            "--url-prefix",
            "celery/",
            "--proxy",
            "10.0.0.0/24",
            "--rate-limit",
            "5/second",
        ),
        *("--retention-days", "none", "--retention-tasks", "500", "--port", "0"),
        *("--submit-task", "mail=shop.tasks.send_email", "--submit-task", "shop.tasks.clean_up"),
        *("--workers-pattern", "shop-*"),
        CELERY_MONITOR_TOKEN=TOKEN,
    )
    assert settings.server.url_prefix == "/celery"
    assert settings.server.proxies == (ip_network("10.0.0.0/24"),)
    assert settings.server.port == 0
    assert settings.access.rate_limit == RateLimit(5, 1)
    assert (settings.history.retention_days, settings.history.retention_tasks) == (None, 500)
    assert settings.submit_tasks == {
        "mail": "shop.tasks.send_email",
        "shop.tasks.clean_up": "shop.tasks.clean_up",
    }
    assert settings.is_ours("shop-1@host")
    assert not settings.is_ours("celery@host")
    [token] = settings.access.tokens
    assert (token.role, token.secret) == (Role.ADMIN, TOKEN)


def test_a_variable_gives_several_values(read: Reader) -> None:
    settings = read("--broker", BROKER, CELERY_MONITOR_PROXY="10.0.0.1, 10.0.0.2")
    assert len(settings.server.proxies) == 2


def test_a_service_with_the_monitors_name_does_not_change_the_port(read: Reader) -> None:
    assert read("--broker", BROKER, CELERY_MONITOR_PORT="tcp://10.96.0.7:80").server.port == 8555


def test_a_token_file_gives_each_token_a_role(read: Reader) -> None:
    file = read.home / "tokens"
    file.write_text(f"# name role token\nann viewer {TOKEN}-1\n\nbob operator {TOKEN}-2 # nights\n")
    tokens = read("--broker", BROKER, "--token-file", str(file)).access.tokens
    assert [(token.name, token.role) for token in tokens] == [("ann", Role.VIEWER), ("bob", Role.OPERATOR)]


def test_no_text_of_the_settings_has_a_secret(read: Reader) -> None:
    settings = read(
        *("--broker", BROKER, "--database", "postgresql://me:planted@db/x", "--result-backend", BROKER),
        *("--token", TOKEN, "--jwt-secret", "planted" * 8, "--push-token", TOKEN),
    )
    assert "planted" not in repr(settings)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param((), "No broker is named", id="no broker"),
        pytest.param(("--broker", "planted"), "has no scheme", id="a broker without a scheme"),
        pytest.param(("--broker", "sqs://planted"), "events of Redis and RabbitMQ", id="Amazon SQS"),
        pytest.param(("--host", "0.0.0.0"), "no way to log in", id="open to all without a token"),
        pytest.param(("--host", "::"), "no way to log in", id="open to all by IPv6"),
        pytest.param(("--host", "a b"), "not an address", id="a host with a blank"),
        pytest.param(("--port", "70000"), "not a port", id="a port out of range"),
        pytest.param(("--url-prefix", "/a b"), "not a path", id="a prefix with a blank"),
        pytest.param(("--url-prefix", "/a/../b"), "not a path", id="a prefix with dots"),
        pytest.param(("--management-url", "planted"), "http://HOST:15672", id="management without a URL"),
        pytest.param(("--backlog-threshold", "-1"), "whole number", id="a negative backlog"),
        pytest.param(("--backlog-threshold", "some"), "whole number", id="a backlog in words"),
        pytest.param(("--workers-pattern", ""), "an empty pattern", id="an empty pattern"),
        pytest.param(("--database", "planted.db"), "sqlite:////ABSOLUTE/PATH", id="a file, not a URL"),
        pytest.param(("--database", "mysql://u:planted@h/d"), "needs PostgreSQL or SQLite", id="MySQL"),
        pytest.param(("--database", "sqlite://"), "names no file", id="SQLite without a file"),
        pytest.param(("--database-schema", "a;b"), "name of a schema", id="a schema with a sign"),
        pytest.param(("--retention-days", "0"), "above 0", id="no retention"),
        pytest.param(("--retention-tasks", "1.5"), "whole number", id="half a task"),
        pytest.param(("--alert-repeat", "9000"), "at most 8760", id="a repetition after more than a year"),
        pytest.param(("--token", "planted"), "fewer than 16 characters", id="a short token"),
        pytest.param(("--token", "planted planted planted"), "header", id="a token with blanks"),
        pytest.param(("--jwt-secret", "planted"), "fewer than 32 characters", id="a short secret"),
        pytest.param(("--jwt-issuer", "me"), "need a key", id="an issuer without a key"),
        pytest.param(("--jwt-jwks-url", "https://keys"), "needs --jwt-issuer", id="keys without an issuer"),
        pytest.param(("--jwt-jwks-url", "file:///keys"), "cannot be read", id="keys in a file"),
        pytest.param(("--proxy", "10.0.0.1/8"), "not an address or network", id="a network with host bits"),
        pytest.param(("--rate-limit", "5"), "not a rate", id="a rate without a time"),
        pytest.param(("--submit-task", "mail="), "not a task", id="an alias without a task"),
        pytest.param(("--token-file", "/missing"), "cannot be read", id="a token file that is not there"),
        pytest.param(("--no-such-option",), "No such option", id="an unknown option"),
        pytest.param(("-A", "no_such_application"), "cannot be loaded", id="a missing application"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(
    read: Reader, arguments: tuple[str, ...], sentence: str
) -> None:
    broker = () if not arguments or "--broker" in arguments else ("--broker", BROKER)
    assert sentence in read.refusal(*broker, *arguments)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        pytest.param(f"ann {TOKEN}", "NAME ROLE TOKEN", id="no role"),
        pytest.param(f"ann root {TOKEN}", "NAME ROLE TOKEN", id="an unknown role"),
        pytest.param("ann viewer planted", "fewer than 16", id="a short token"),
        pytest.param(f"ann viewer {TOKEN}1\nann viewer {TOKEN}2", "again", id="a name twice"),
        pytest.param(f"ann viewer {TOKEN}\nbob viewer {TOKEN}", "equal", id="a token twice"),
        pytest.param("# nothing", "no token", id="only comments"),
    ],
)
def test_a_line_of_a_token_file_that_cannot_be_used_is_refused(
    read: Reader, line: str, sentence: str
) -> None:
    file = read.home / "tokens"
    file.write_text(line)
    assert sentence in read.refusal("--broker", BROKER, "--token-file", str(file))


def test_a_token_file_that_every_user_can_change_is_refused(read: Reader) -> None:
    file = read.home / "tokens"
    file.write_text(f"ann viewer {TOKEN}")
    file.chmod(0o666)
    assert "chmod 600" in read.refusal("--broker", BROKER, "--token-file", str(file))


def test_a_proxy_may_name_its_users(read: Reader) -> None:
    arguments = (
        "--broker",
        BROKER,
        "--proxy",
        "10.0.0.0/8",
        "--proxy-identity-header",
        "X-Auth-Request-Email",
    )
    assert read(*arguments).access.proxy_identity == ProxyIdentity("X-Auth-Request-Email", Role.VIEWER)
    settings = read(*arguments, "--proxy-identity-role", "operator", "--host", "0.0.0.0")
    assert settings.access.proxy_identity == ProxyIdentity("X-Auth-Request-Email", Role.OPERATOR)
    assert "needs --proxy" in read.refusal("--broker", BROKER, "--proxy-identity-header", "X-User")
    for header in ("Cookie", "host", "X User"):
        assert "is not a header of a proxy" in read.refusal(
            "--broker", BROKER, "--proxy", "10.0.0.0/8", "--proxy-identity-header", header
        )


def test_the_management_api_and_the_backlog_have_options_and_variables(read: Reader) -> None:
    management = "http://:planted-secret@rabbitmq:15672"
    settings = read("--broker", BROKER, "--management-url", management, "--backlog-threshold", "20")
    assert (settings.management_url, settings.backlog_threshold) == (management, 20)
    assert "planted" not in repr(settings)
    settings = read(
        CELERY_BROKER_URL=BROKER,
        CELERY_MONITOR_MANAGEMENT_URL=management,
        CELERY_MONITOR_BACKLOG_THRESHOLD="0",
    )
    assert (settings.management_url, settings.backlog_threshold) == (management, 0)
    settings = read("--broker", BROKER)
    assert (settings.management_url, settings.backlog_threshold) == (None, 1000)


def test_queues_that_are_unread_by_design_and_the_master_of_sentinels_are_named(read: Reader) -> None:
    sentinels = "sentinel://a:26379/0;sentinel://b:26379/0"
    settings = read("--broker", sentinels, "--ignore-queue", "*.dead", "--master-name", "mymaster")
    assert settings.ignored_queues == ("*.dead",)
    assert settings.connection.broker.master_name == "mymaster"
    given = {"CELERY_MONITOR_IGNORE_QUEUE": "*.dead,invoices", "CELERY_MONITOR_MASTER_NAME": "mymaster"}
    settings = read(CELERY_BROKER_URL=sentinels, **given)
    assert settings.ignored_queues == ("*.dead", "invoices")
    assert settings.connection.broker.master_name == "mymaster"
    # A master is nothing to a Redis that no Sentinel watches.
    assert read("--broker", BROKER, "--master-name", "mymaster").connection.broker.master_name is None


def test_the_history_keeps_what_the_program_keeps(read: Reader) -> None:
    settings, options = read("--broker", BROKER).history, HistoryOptions()
    assert (settings.retention_days, settings.retention_tasks) == (options.keep_days, options.keep_tasks)
    assert settings.schema == options.schema


def test_the_secret_of_sessions_cannot_be_guessed(read: Reader) -> None:
    secret = "planted-" + "x" * 40
    settings = read("--broker", BROKER, CELERY_MONITOR_SESSION_SECRET=secret)
    assert settings.access.session_secret == secret
    assert secret not in repr(settings)
    assert "32" in read.refusal("--broker", BROKER, CELERY_MONITOR_SESSION_SECRET="planted")

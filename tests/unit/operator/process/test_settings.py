"""Flags, their environment variables, and the refusal of values that cannot be used."""

import pytest

from celery_operator.process.flags import parse
from celery_operator.process.settings import Settings


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str, **environment: str) -> str:
    with pytest.raises(SystemExit) as ended:
        parse(["run", *arguments], environment)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_without_flags_all_namespaces_are_watched() -> None:
    settings = parse(["run"], {})

    assert settings.namespaces == ()
    assert settings.reconcile_seconds == 4
    assert settings.report_access == "direct"


def test_a_flag_wins_over_its_variable_and_the_variable_over_the_default() -> None:
    environment = {"CELERY_OPERATOR_RECONCILE_SECONDS": "7", "CELERY_OPERATOR_PORT": "9000"}

    settings = parse(["run", "--port=9001"], environment)

    assert (settings.reconcile_seconds, settings.port) == (7, 9001)


def test_namespaces_are_separated_by_commas_and_each_counts_once() -> None:
    assert parse(["run", "--namespaces=a, b,a,"], {}).namespaces == ("a", "b")


def test_the_identity_and_namespace_come_from_the_pod() -> None:
    lease = parse(["run"], {"POD_NAME": "operator-0", "POD_NAMESPACE": "celery"}).lease

    assert (lease.identity, lease.namespace, lease.name) == ("operator-0", "celery", "celery-operator")


@pytest.mark.parametrize(
    ("flag", "value", "words"),
    [
        ("--namespaces", "a,B_c", "is not a namespace"),
        ("--reconcile-seconds", "soon", "from 1 to 60"),
        ("--reconcile-seconds", "0", "from 1 to 60"),
        ("--reconcile-seconds", "nan", "from 1 to 60"),
        ("--port", "99999", "from 0 to 65535"),
        ("--report-access", "tunnel", "is not one of 'direct', 'proxy'"),
        ("--probe-image-pull-policy", "Sometimes", "is not one of 'Always', 'IfNotPresent', 'Never'"),
        ("--probe-image", "", "is not an image"),
        ("--identity", " ", "give the pod's name"),
        ("--lease-namespace", "", "is not a namespace"),
        ("--lease-name", "My Lease", "is not a name"),
        ("--alert-rules", "off", "not a JSON object of rules"),
        ("--alert-rules", '{"CeleryDown": {}}', "there is no such rule; write one of CeleryAgentAbsent"),
        ("--runbook-url", "docs.example", "is not a URL for links: write https://HOST/PATH without a login"),
        ("--runbook-url", "https://ann:x@docs.example", "without a login"),
        ("--runbook-url", " https://docs.example", "is not a URL for links"),
        ("--runbook-url", "https://docs.example/a\nb", "is not a URL for links"),
        ("--runbook-url", "https://docs.example:99999", "is not a URL for links"),
        ("--template-fields", "hostNetwork", "is not a field of a pod template: write all, restricted"),
        ("--broker-networks", "10.0.0.1/8", "is not a network: write its first address and its length"),
        ("--refused-broker-networks", "loopback", "is not a network: write its first address"),
        ("--probe-rollouts", "-1", "is not in the range x>=0"),
        ("--operator-labels", "app", "write NAME=VALUE with commas between them"),
        ("--metrics-peers", "{}", "not a JSON list of peers"),
        ("--secret-access", "all", "is not one of 'named', 'own'"),
        ("--log-level", "loud", "is not one of 'debug', 'info', 'warning', 'error'"),
        ("--log-format", "xml", "is not one of 'json', 'text'"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_what_to_write(
    capsys: pytest.CaptureFixture[str], flag: str, value: str, words: str
) -> None:
    variable = "CELERY_OPERATOR_" + flag.lstrip("-").replace("-", "_").upper()

    for printed in (refusal(capsys, f"{flag}={value}"), refusal(capsys, **{variable: value})):
        assert words in printed
        assert flag in printed


def test_the_rules_of_the_chart_change_the_alerts() -> None:
    chosen = '{"CeleryHighQueueDepth": {"messages": 5, "for": "1m"}, "CeleryDeadLetters": {"enabled": false}}'

    alerts = parse(["run", "--alert-rules", chosen], {}).alerts

    by_name = {rule.name: rule for rule in alerts.rules}
    assert "CeleryDeadLetters" not in by_name
    changed = by_name["CeleryHighQueueDepth"]
    assert (changed.hold_seconds, changed.thresholds[0].default) == (60, 5)


def test_a_missing_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([], {})

    assert ended.value.code == 2
    assert "command" in capsys.readouterr().err


def test_a_leader_gives_up_before_a_follower_may_start() -> None:
    lease = parse(["run"], {}).lease

    assert lease.renew_deadline_seconds + lease.retry_seconds < lease.duration_seconds


def test_settings_cannot_be_changed_on_the_way() -> None:
    with pytest.raises(AttributeError):
        parse(["run"], {}).port = 1  # type: ignore[misc]


def test_every_flag_is_shown_with_its_variable(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["run", "--help"], {})

    text = capsys.readouterr().out
    assert "CELERY_OPERATOR_NAMESPACES" in text
    assert Settings.__doc__

"""Each alert rule fires when it has to and stays silent otherwise, as Prometheus itself evaluates it."""

from pathlib import Path

import pytest
from tools.alert_rules import rules_file

from celery_health.alerts import RULES
from tests.integration.alerts.promtool import promtool, unit_test
from tests.support.alert_cases import CASES
from tests.support.alert_cases.case import Case
from tests.support.prometheus import write

BY_NAME = {rule.name: rule for rule in RULES}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("rules") / "rules.yml", rules_file(outside_kubernetes=False))


def test_prometheus_accepts_the_rules(rules: Path) -> None:
    checked = promtool("check", "rules", "--lint=all", "--lint-fatal", rules)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(RULES)} rules found" in checked.stdout


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.about}")
def test_a_rule_fires_or_stays_silent_when(case: Case, rules: Path, tmp_path: Path) -> None:
    test = unit_test(case, BY_NAME[case.rule], rules)

    tested = promtool("test", "rules", write(tmp_path / "test.yml", test))

    assert tested.returncode == 0, tested.stdout + tested.stderr

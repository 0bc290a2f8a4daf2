"""What this program says of an application's broker and result backend agrees with what Celery does.

Each configuration is tried by Celery itself, in three versions. CI tries each with one of them, and
``make test-configurations`` with all.
"""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_5, CELERY_5_7, World

from tests.integration.conformance.agreement import Recorded, disagreements
from tests.integration.conformance.case import Case
from tests.integration.conformance.cases import all_cases
from tests.integration.conformance.ours import Said, said_of_all
from tests.integration.conformance.servers import filled

RECORDER = Path(__file__).with_name("recorder.py")
VERSIONS = (CELERY_5_3, CELERY_5_5, CELERY_5_7)
TRIES_ALL = os.environ.get("CONFIGURATIONS") == "all"


def _of_version(number: int, names: list[str]) -> list[str]:
    """The configurations that this version tries."""
    return names if TRIES_ALL else names[number :: len(VERSIONS)]


def _recorded(world: World, configurations: Mapping[str, Any]) -> Recorded:
    done = subprocess.run(
        [world.python(), RECORDER],
        input=json.dumps(configurations),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: Recorded = json.loads(done.stdout)
    return found


def test_there_are_enough_configurations() -> None:
    assert len(all_cases()) * len(VERSIONS) >= 120


# kombu leaves the socket of a refused login open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_is_said_of_each_configuration_agrees_with_celery(names: Mapping[str, str]) -> None:
    cases = all_cases()
    with ThreadPoolExecutor(len(VERSIONS)) as pool:
        configurations = {name: filled(dict(case.settings), names) for name, case in cases.items()}
        tried = [
            {name: configurations[name] for name in _of_version(number, list(cases))}
            for number in range(len(VERSIONS))
        ]
        recorded = list(pool.map(_recorded, VERSIONS, tried))
    said = said_of_all(configurations)
    # Both sides give up after seconds, which pass on a busy machine: what does not fit is tried alone.
    doubtful = {name: configurations[name] for name, _ in _disagreements(cases, recorded, said)}
    said.update(said_of_all(doubtful, at_once=1))
    recorded = [_recorded_again(world, one, doubtful) for world, one in zip(VERSIONS, recorded, strict=True)]
    found = [f"{name}\n{text}" for name, text in _disagreements(cases, recorded, said)]
    assert not found, f"{len(found)} disagreements:\n" + "\n".join(found)


def _recorded_again(world: World, recorded: Recorded, doubtful: Mapping[str, Any]) -> Recorded:
    """What this version does, with the doubtful configurations tried anew, one after the other."""
    anew = {name: settings for name, settings in doubtful.items() if name in recorded}
    return {**recorded, **{name: _recorded(world, {name: anew[name]})[name] for name in anew}}


def _disagreements(
    cases: Mapping[str, Case], recorded: Sequence[Recorded], said: Mapping[str, Said]
) -> list[tuple[str, str]]:
    return [
        found
        for world, one in zip(VERSIONS, recorded, strict=True)
        for found in disagreements(world.celery, cases, one, said)
    ]

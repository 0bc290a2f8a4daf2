"""The status as it goes to the API server and comes back."""

from celery_operator.api.status import CeleryDeploymentStatus, HealthState, QueueStatus


def test_a_status_goes_out_in_camel_case_without_nulls() -> None:
    status = CeleryDeploymentStatus(
        health=HealthState.HEALTHY, ready_replicas=2, queues=(QueueStatus(name="email"),)
    )
    wire = status.wire()
    assert wire["readyReplicas"] == 2
    assert wire["queues"] == [{"name": "email"}]
    assert "backlog" not in wire
    assert CeleryDeploymentStatus.read(wire) == status


def test_a_resource_without_a_status_has_an_unknown_one() -> None:
    assert CeleryDeploymentStatus.read(None) == CeleryDeploymentStatus()
    assert CeleryDeploymentStatus.read(None).health is HealthState.UNKNOWN


def test_a_status_with_the_words_of_another_version_counts_as_none() -> None:
    assert CeleryDeploymentStatus.read({"health": "Splendid"}) == CeleryDeploymentStatus()

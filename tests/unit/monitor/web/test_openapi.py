import json
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from celery_monitor.live import views
from celery_monitor.web.application import all_routes
from celery_monitor.web.models import live as models
from celery_monitor.web.routing.openapi import document
from tests.support.monitor_web import services


def the_document() -> dict[str, Any]:
    routes = all_routes(services(metrics=lambda: [b""]))
    return json.loads(json.dumps(document(routes, "", "1.0")))  # type: ignore[no-any-return]


def test_the_document_is_valid() -> None:
    OpenAPIV31SpecValidator(the_document()).validate()


def test_operations_have_names_of_their_own() -> None:
    names = [route.name for route in all_routes(services(metrics=lambda: [b""]))]
    assert len(names) == len(set(names))


def test_schemas_have_short_names() -> None:
    # Models of one name get the names of their modules.
    assert [name for name in the_document()["components"]["schemas"] if "__" in name] == []


def test_every_property_of_every_schema_has_a_description() -> None:
    for name, schema in the_document()["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            assert "description" in described or "$ref" in described, f"{name}.{field}"


@pytest.mark.parametrize(
    ("model", "view"),
    [
        (models.Worker, views.WorkerView),
        (models.Queue, views.QueueView),
        (models.ScheduledTask, views.ScheduleEntry),
        (models.Schedule, views.ScheduleView),
        (models.Stats, views.Stats),
    ],
)
def test_a_document_has_the_fields_of_its_view(model: Any, view: type[msgspec.Struct]) -> None:
    assert set(model.model_fields) == set(view.__struct_fields__)

"""The OpenAPI 3.1 document of a table of routes, with the schemas of its models."""

import http
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from celery_monitor.web.identity.sessions import COOKIE
from celery_monitor.web.problems import MEDIA_TYPE, ProblemDocument
from celery_monitor.web.routing.dispatch import MAX_PARAMETER_LENGTH, TICKET
from celery_monitor.web.routing.route import TASK_ID, TASK_ID_PREFIX, Route

_REFERENCE = "#/components/schemas/{model}"
_SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"session": []}]
_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A static token, a JSON Web Token or a token of Kubernetes.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "The cookie of a browser, which the route login sets.",
    },
    "ticket": {
        "type": "apiKey",
        "in": "query",
        "name": TICKET,
        "description": "A ticket for a WebSocket.",
    },
}

Schema = dict[str, Any]


def document(routes: Iterable[Route], prefix: str, version: str) -> Schema:
    """The document. ``prefix`` is the path below which the routes are served."""
    table = tuple(routes)
    schemas, components = _schemas(table)
    paths: dict[str, Schema] = {}
    for route in table:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas, components)
    queries = {_name(schemas[route.query, "validation"]) for route in table if route.has_query}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "celery-monitor",
            "version": version,
            "summary": "Tasks, workers and queues of Celery.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": prefix or "/"}],
        "paths": paths,
        "components": {
            "schemas": {name: one for name, one in components.items() if name not in queries},
            "securitySchemes": _SCHEMES,
        },
    }


_Key = tuple[type[BaseModel], JsonSchemaMode]
_Models = dict[_Key, Schema]


def _schemas(table: Iterable[Route]) -> tuple[_Models, dict[str, Schema]]:
    """The schema of each model in each of its uses, and all named schemas."""
    models: list[_Key] = [(ProblemDocument, "serialization")]
    for route in table:
        if route.has_query:
            models.append((route.query, "validation"))
        if route.has_body:
            models.append((route.body, "validation"))
        if route.response is not None:
            models.append((route.response, "serialization"))
        if route.error_shape.model is not None:
            models.append((route.error_shape.model, "serialization"))
    keys = list(dict.fromkeys(models))
    found, definitions = models_json_schema(keys, ref_template=_REFERENCE)
    return {key: found[key] for key in keys}, definitions.get("$defs", {})


def _operation(route: Route, schemas: _Models, components: dict[str, Schema]) -> Schema:
    operation: Schema = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag],
        "security": _security(route),
        "responses": _responses(route, schemas),
    }
    if route.role is not None:
        operation["x-role"] = route.role.value
    parameters = [*_path_parameters(route), *_query_parameters(route, schemas, components)]
    if parameters:
        operation["parameters"] = parameters
    if route.has_body:
        schema = schemas[route.body, "validation"]
        operation["requestBody"] = {
            "required": not route.optional_body,
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.role is None:
        return []
    return [*_SECURITY, {"ticket": []}] if route.websocket else _SECURITY


def _path_parameters(route: Route) -> list[Schema]:
    schema: Schema = {"type": "string", "minLength": 1}
    if not route.any_length:
        schema["maxLength"] = MAX_PARAMETER_LENGTH
    described = {TASK_ID: f"The id of a task. `{TASK_ID_PREFIX}` may stand before it."}
    return [
        {"name": name, "in": "path", "required": True, "schema": schema}
        | ({"description": described[name]} if name in described else {})
        for name in route.parameters
    ]


def _query_parameters(route: Route, schemas: _Models, components: dict[str, Schema]) -> list[Schema]:
    if not route.has_query:
        return []
    model = components[_name(schemas[route.query, "validation"])]
    parameters = []
    for name, schema in model.get("properties", {}).items():
        described = {key: value for key, value in schema.items() if key != "description"}
        parameter = {"name": name, "in": "query", "schema": described}
        if "description" in schema:
            parameter["description"] = schema["description"]
        if name in model.get("required", ()):
            parameter["required"] = True
        parameters.append(parameter)
    return parameters


def _responses(route: Route, schemas: _Models) -> Schema:
    responses: Schema = {}
    for status in route.statuses:
        if route.response is None:
            content: Schema = {media: {} for media in route.media_types}
        else:
            content = {"application/json": {"schema": schemas[route.response, "serialization"]}}
        responses[str(status)] = {"description": _phrase(status), "content": content}
    problem = _error_content(route, schemas)
    for status in sorted(_errors(route)):
        # A route with a body of its own for a status may answer with a problem document too.
        entry = responses.setdefault(str(status), {"description": _phrase(status), "content": {}})
        entry["content"] = _either(entry["content"], problem)
    return responses


def _either(one: Schema, other: Schema) -> Schema:
    """The content of both. For a media type of both, the body is as either schema says."""
    merged = {**one, **other}
    for media in one.keys() & other.keys():
        merged[media] = {"schema": {"anyOf": [one[media]["schema"], other[media]["schema"]]}}
    return merged


def _error_content(route: Route, schemas: _Models) -> Schema:
    """The problem document, which the middleware writes for any route, and the route's own shape."""
    content: Schema = {MEDIA_TYPE: {"schema": schemas[ProblemDocument, "serialization"]}}
    shape = route.error_shape
    if shape.model is not None:
        content[shape.media_type] = {"schema": schemas[shape.model, "serialization"]}
    else:
        content[shape.media_type] = {}
    return content


def _name(reference: Schema) -> str:
    """The name of the schema that a reference points to."""
    return str(reference["$ref"]).rpartition("/")[2]


def _phrase(status: int) -> str:
    return http.HTTPStatus(status).phrase


def _errors(route: Route) -> set[int]:
    """The statuses of problem documents: the handler's own, and those that the route's kind brings."""
    # 422: also a route without parameters refuses a parameter.
    statuses = {*route.errors, 422, 429}
    if route.role is not None:
        statuses |= {401, 403}
    if route.has_body:
        statuses |= {400, 413}
        if not route.any_content_type:
            statuses.add(415)
    return statuses

"""OpenAPI 3.1 of the operator API, made from the same rows that the router is made from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import Struct

from storage.shown import Id, Ref
from worker.api.operations import Operation, fields_of
from worker.api.problems import MEDIA_TYPE
from worker.shapes import Problem

ALWAYS = (400, 401, 422, 503)
"""Any call can be malformed, without a key, hold what cannot be stored, or come while Postgres is away."""
PATH_TYPES: dict[str, Any] = {"id": Id, "ref": Ref}
_REFS = "#/components/schemas/{name}"
_IN_PATH = re.compile(r"{(\w+)}")


def document(operations: Iterable[Operation], *, version: str, server: str) -> dict[str, Any]:
    """The whole document."""
    rows = list(operations)
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Inlet operator API", "version": version},
        "servers": [{"url": server}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(rows),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(rows: list[Operation]) -> dict[str, Any]:
    types = [
        Problem,
        *(row.body for row in rows if row.body),
        *(answer for row in rows for answer in row.answers),
    ]
    return msgspec.json.schema_components(dict.fromkeys(types), ref_template=_REFS)[1]


def _schema(kind: Any) -> dict[str, Any]:
    return msgspec.json.schema_components([kind], ref_template=_REFS)[0][0]


def _operation(row: Operation) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": row.name,
        "summary": row.summary,
        "parameters": [*_path_parameters(row), *_query_parameters(row.query)],
        "responses": _responses(row),
    }
    if row.body is not None:
        content = {"application/json": {"schema": _schema(row.body)}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _path_parameters(row: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _schema(PATH_TYPES[name])}
        for name in _IN_PATH.findall(row.path)
    ]


def _query_parameters(query: type[Struct]) -> list[dict[str, Any]]:
    return [_query_parameter(field) for field in fields_of(query)]


def _query_parameter(field: msgspec.structs.FieldInfo) -> dict[str, Any]:
    """A parameter that may be left out is no parameter that may be null: a URL has no null."""
    schema = _schema(field.type)
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        schema = kinds[0]
    if field.default not in (None, msgspec.NODEFAULT):
        schema = {**schema, "default": field.default}
    return {"name": field.encode_name, "in": "query", "required": field.required, "schema": schema}


def _responses(row: Operation) -> dict[str, Any]:
    schemas = [_schema(answer) for answer in row.answers]
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
    done = {"description": HTTPStatus(row.status).phrase, "content": {"application/json": {"schema": schema}}}
    problem = {MEDIA_TYPE: {"schema": _schema(Problem)}}
    refusals = {
        *ALWAYS,
        *row.refusals,
        *((413, 415) if row.body else ()),
        *((404,) if "{" in row.path else ()),
    }
    said = {
        str(code): {"description": HTTPStatus(code).phrase, "content": problem} for code in sorted(refusals)
    }
    return {str(row.status): done, **said}

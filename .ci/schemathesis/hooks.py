"""What schemathesis cannot know of this API by itself."""

import itertools

import schemathesis

PROBLEM = "urn:experiment:problem:"
# Experiments of prepare.py.
RUNNING, STOPPED = "winback_2026", "stopped_2026"
ENDS = {"stop_experiment", "conclude_experiment", "archive_experiment"}
names = itertools.count()


@schemathesis.serializer("application/x-ndjson")
def write_lines(ctx, value):
    """To OpenAPI 3.1 lines are a text: what is drawn for one is sent as it is."""
    return {"data": str(value).encode()}


@schemathesis.deserializer("application/x-ndjson")
def read_lines(ctx, response):
    return response.text


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """The running experiment is needed to the end; and a change's name is to be a new one, which drawing can't promise."""
    path, headers = case.path_parameters or {}, case.headers or {}
    if case.operation.definition.raw["operationId"] in ENDS and path.get("key") == RUNNING:
        path["key"] = STOPPED
    if "Idempotency-Key" in headers and case.meta and case.meta.generation.mode.is_positive:
        headers["Idempotency-Key"] = f"{headers['Idempotency-Key'][:200]}-{next(names)}"


@schemathesis.hook
def before_load_schema(ctx, raw_schema):
    """Answers may get further fields, so the document leaves them open. Here every field must be in it."""
    schemas = raw_schema["components"]["schemas"]
    # What is sent stays as it is, and so does what is part of something else.
    open_ones = {part["$ref"] for schema in schemas.values() for part in schema.get("allOf", []) if "$ref" in part}
    for item in raw_schema["paths"].values():
        for operation in item.values():
            bodies = operation.get("requestBody", {}).get("content", {}).values()
            open_ones.update(body["schema"].get("$ref") for body in bodies)
    for name, schema in schemas.items():
        if "allOf" in schema:
            schema["unevaluatedProperties"] = False
        elif f"#/components/schemas/{name}" not in open_ones and "properties" in schema:
            schema.setdefault("additionalProperties", False)


@schemathesis.check
def problem_is_documented(ctx, response, case):
    """A refusal is one of those that the document has for this call and status."""
    media = response.headers.get("content-type", [""])[0]
    answer = case.operation.definition.raw["responses"].get(str(response.status_code), {})
    # Other methods and addresses than the document has are nobody's.
    if media.startswith("application/problem+json") and "x-problems" in answer:
        name = response.json()["type"].removeprefix(PROBLEM)
        assert name in answer["x-problems"] or name == "unknown-route", f"{name} is not among {answer['x-problems']}"

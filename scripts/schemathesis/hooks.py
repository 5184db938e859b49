"""Hooks of schemathesis around each request: credentials, signatures, and valid requests.

Every operation gets one example more than its document has: a request that is right in the state
that the mock is in, prepared just before it is sent. All other requests are schemathesis's own.
"""

import json
import os

import schemathesis

import valid_requests
from mocks import DOCUMENT, SEEN, signed

MARK = "x-right"


@schemathesis.hook
def before_add_examples(context, examples):
    examples.append(context.operation.Case(headers={MARK: "yes"}))


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw["operationId"]
    is_valid = (case.headers or {}).pop(MARK, None)
    spec = valid_requests.prepare(operation) if is_valid else valid_requests.credentials(operation)
    if is_valid:
        case.path_parameters = spec.get("path", {})
        case.query = spec.get("query", {})
        if "body" in spec:
            case.body, case.media_type = spec["body"], "application/json"
    kwargs["auth"] = signed(spec)


@schemathesis.hook
def after_call(context, case, response):
    operation = case.operation.definition.raw["operationId"]
    line = {"operation": f"{DOCUMENT}:{operation}", "status": response.status_code}
    with open(SEEN, "a", encoding="utf-8") as seen:
        print(json.dumps(line), file=seen)
    if os.environ.get("SCHEMATHESIS_SHOW"):
        print(line, response.text[:300])

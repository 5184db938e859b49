"""What schemathesis does around each request: credentials, signatures, and a way to a success.

Every operation gets one example more than its document has: a request that is right in the state
that the mock is in, prepared just before it is sent. All other requests are schemathesis's own.
"""

import json
import os

import schemathesis

import ways
from mocks import DOCUMENT, SEEN, signed

MARK = "x-right"


@schemathesis.hook
def before_add_examples(context, examples):
    examples.append(context.operation.Case(headers={MARK: "yes"}))


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw["operationId"]
    is_right = (case.headers or {}).pop(MARK, None)
    way = ways.prepare(operation) if is_right else ways.credentials(operation)
    if is_right:
        case.path_parameters = way.get("path", {})
        case.query = way.get("query", {})
        if "body" in way:
            case.body, case.media_type = way["body"], "application/json"
    kwargs["auth"] = signed(way)


@schemathesis.hook
def after_call(context, case, response):
    operation = case.operation.definition.raw["operationId"]
    line = {"operation": f"{DOCUMENT}:{operation}", "status": response.status_code}
    with open(SEEN, "a", encoding="utf-8") as seen:
        print(json.dumps(line), file=seen)
    if os.environ.get("SCHEMATHESIS_SHOW"):
        print(line, response.text[:300])

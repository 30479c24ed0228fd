"""Reads a request of OTLP in JSON with the protocol buffers of OpenTelemetry, and prints its spans, a line of JSON each.

The JSON form of OTLP is that of protocol buffers but for ids, which are hexadecimal (and would be base64).
"""

import base64
import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


def rewritten(value):
    if isinstance(value, list):
        return [rewritten(item) for item in value]
    if not isinstance(value, dict):
        return value
    ids = ("traceId", "spanId", "parentSpanId")
    return {
        key: base64.b64encode(bytes.fromhex(item)).decode() if key in ids else rewritten(item)
        for key, item in value.items()
    }


def plain(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values]
    return getattr(value, kind)


def named(attributes):
    return {attribute.key: plain(attribute.value) for attribute in attributes}


# Unknown fields and wrong types are errors.
request = json_format.ParseDict(rewritten(json.load(sys.stdin)), ExportTraceServiceRequest())
# What is binary is read by every collector.
request = ExportTraceServiceRequest.FromString(request.SerializeToString())
for resource in request.resource_spans:
    for scope in resource.scope_spans:
        for span in scope.spans:
            assert len(span.trace_id) == 16 and len(span.span_id) == 8, span
            assert len(span.parent_span_id) in (0, 8), span
            assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano, span
            print(json.dumps({
                "resource": named(resource.resource.attributes),
                "scope": scope.scope.name,
                "trace": span.trace_id.hex(),
                "id": span.span_id.hex(),
                "parent": span.parent_span_id.hex(),
                "name": span.name,
                "kind": Span.SpanKind.Name(span.kind),
                "status": Status.StatusCode.Name(span.status.code),
                "start": span.start_time_unix_nano,
                "end": span.end_time_unix_nano,
                "attributes": named(span.attributes),
                "events": [
                    {"at": event.time_unix_nano, "name": event.name, "attributes": named(event.attributes)}
                    for event in span.events
                ],
            }))

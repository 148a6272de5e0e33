"""The interface in OpenAPI 3.1, complete and true: tests send what it allows and hold every answer against it."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

import msgspec

from gateway.problems import KINDS, MEDIA
from invoice_schema import forms
from payments import items
from payments.payment import CODES

Json = dict[str, Any]

_SHA256: Final = "^[0-9a-fA-F]{64}$"
_INSTANT: Final[Json] = {"type": "string", "format": "date-time"}
_MAYBE_INSTANT: Final[Json] = {"type": ["string", "null"], "format": "date-time"}
_MAYBE_TEXT: Final[Json] = {"type": ["string", "null"]}
_DECISION: Final[Json] = {"type": "string", "enum": ["accepted", "rejected"]}


def description() -> Json:
    """The document that `/openapi.json` answers."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "hoadon – gateway",
            "version": version("hoadon"),
            "summary": "Cash-register e-invoices into the tax authority, and what became of them.",
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": [
            {"name": "packages", "description": "Post packages of invoices, learn what became of them."},
            {"name": "payments", "description": "Post cashless payments."},
            {"name": "service", "description": "Limits, health, metrics."},
        ],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "The key of a sender."}},
            "schemas": _schemas(),
            "parameters": _parameters(),
            "headers": _headers(),
        },
    }


_INTRODUCTION: Final = """\
Post a package (`TDiep` 206 or 216, XML) and get the message 999 at once: `TTTNhan` 0 once it is stored durably, 1 with
every reason where it is refused. Then ask for the message 204, the result of the check, by its `MTDiep`. Posting the
same package again does no harm and gets the same answer. Errors other than a 999 are `application/problem+json`, in
Vietnamese, or in English by `Accept-Language: en`.
"""


def _paths() -> Json:
    wait = {"$ref": "#/components/parameters/wait"}
    lang = {"$ref": "#/components/parameters/accept-language"}
    return {
        "/v1/packages": {
            "post": {
                "tags": ["packages"],
                "operationId": "postPackage",
                "summary": "Post a package of invoices",
                "description": "The body may be sent with `Content-Encoding: gzip`. At most the bytes that "
                "`/v1/limits` tells, packed and unpacked.",
                "parameters": [wait, lang],
                "requestBody": {
                    "required": True,
                    "description": "A TDiep in UTF-8.",
                    "content": {media: {"schema": {"type": "string"}} for media in _TAKEN},
                },
                "responses": {
                    "200": _xml("The message 204: the package was decided within `wait`."),
                    "202": _xml("The message 999 with TTTNhan 0: taken.", {"Location": _header("location")}),
                    "400": _refusal(),
                    **_problems(401, 408, 413, 415, 429, 503),
                },
            },
            "get": {
                "tags": ["packages"],
                "operationId": "getPackageBySha256",
                "summary": "What became of a package, by the SHA-256 of its unpacked body",
                "parameters": [
                    {
                        "name": "sha256",
                        "in": "query",
                        "required": True,
                        "description": "64 hexadecimal digits.",
                        "schema": {"type": "string", "pattern": _SHA256},
                    },
                    wait,
                    lang,
                ],
                "responses": {**_decision(), **_problems(400, 401, 404, 429, 503)},
            },
        },
        "/v1/packages/{mtdiep}": {
            "get": {
                "tags": ["packages"],
                "operationId": "getPackage",
                "summary": "What became of a package, by its MTDiep",
                "description": "XML (message 204) by default, JSON with every finding by `Accept: application/json`.",
                "parameters": [
                    _path("mtdiep", "MTDiep of the package.", f"^{forms.MTDIEP}$"),
                    wait,
                    lang,
                ],
                "responses": {**_decision(), **_problems(400, 401, 404, 429, 503)},
            }
        },
        "/v1/invoices/{mst}/{khmshdon}/{khhdon}/{shdon}": {
            "get": {
                "tags": ["packages"],
                "operationId": "getInvoice",
                "summary": "Decision, findings and package of one invoice",
                "parameters": [
                    _path("mst", "Tax code of the seller; a branch with or without hyphen.", f"^({forms.MST})$"),
                    _path("khmshdon", "KHMSHDon.", "^[1-9]$"),
                    _path("khhdon", "KHHDon.", "^[A-Z0-9]{1,8}$"),
                    _path("shdon", "SHDon; leading zeros do not count.", "^[0-9]{1,8}$"),
                    lang,
                ],
                "responses": {
                    "200": _json("The accepted invoice of this key, or else the last rejected one.", "InvoiceAnswer"),
                    **_problems(401, 404, 429, 503),
                },
            }
        },
        "/v1/payments": {
            "post": {
                "tags": ["payments"],
                "operationId": "postPayments",
                "summary": "Post cashless payments",
                "description": (
                    "One object, an array, an object on each line (NDJSON), or an ISO 20022 camt.054. 202 once the "
                    "broker has them. Where some are bad the good ones are taken all the same, and 400 names the "
                    "others. A payment that was posted before (same source and payment_id) changes nothing."
                ),
                "parameters": [
                    lang,
                    _query("source", "Of a camt.054: whose it is.", items.SOURCE.pattern),
                    _query("bank_bin", "Of a camt.054: the bank's BIN, where the document has none.", "[0-9]{6}"),
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"type": "array", "items": _schema("Payment")}},
                        "application/x-ndjson": {"schema": {"type": "string"}},
                        "application/xml": {"schema": {"type": "string"}},
                    },
                },
                "responses": {
                    "202": _taken(),
                    "400": {
                        "description": "`bad-payments`: some were not taken. `unreadable-payments`: none was.",
                        "content": {MEDIA: {"schema": _schema("PaymentsProblem")}},
                    },
                    **_problems(401, 408, 413, 415, 429, 503),
                },
            }
        },
        "/v1/payments/notices/{source}": {
            "post": {
                "tags": ["payments"],
                "operationId": "pushPayments",
                "summary": "Push a notification of payments in a bank's or wallet's own form",
                "description": "Signed by the source's secret instead of a key; the forms are in docs/payments.md.",
                "security": [],
                "parameters": [_path("source", "Who pushes, as registered.", f"^({items.SOURCE.pattern})$"), lang],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"type": "object"}}},
                },
                "responses": {
                    "202": _taken(),
                    "400": {
                        "description": "`bad-payments`: some were not taken. `unreadable-payments`: none was.",
                        "content": {MEDIA: {"schema": _schema("PaymentsProblem")}},
                    },
                    **_problems(401, 408, 413, 415, 429, 503),
                },
            }
        },
        "/v1/limits": {
            "get": {
                "tags": ["service"],
                "operationId": "getLimits",
                "summary": "The limits in force for the caller",
                "parameters": [lang],
                "responses": {"200": _json("The limits.", "Limits"), **_problems(401)},
            }
        },
        "/healthz": {
            "get": {
                "tags": ["service"],
                "operationId": "healthz",
                "summary": "Liveness",
                "security": [],
                "responses": {"200": _json("The process answers.", "Health")},
            }
        },
        "/readyz": {
            "get": {
                "tags": ["service"],
                "operationId": "readyz",
                "summary": "Readiness: broker and store can be reached",
                "description": "On loopback, or with the operators' token.",
                "security": [{}, {"key": []}],
                "responses": {
                    "200": _json("Ready.", "Readiness"),
                    "503": _json("Not ready.", "Readiness"),
                    **_problems(401),
                },
            }
        },
        "/metrics": {
            "get": {
                "tags": ["service"],
                "operationId": "metrics",
                "summary": "Metrics for Prometheus",
                "description": "On loopback, or with the operators' token.",
                "security": [{}, {"key": []}],
                "responses": {
                    "200": {
                        "description": "Metrics in Prometheus' text format.",
                        "content": {"text/plain": {"schema": {"type": "string"}}},
                    },
                    **_problems(401),
                },
            }
        },
        "/openapi.json": {
            "get": {
                "tags": ["service"],
                "operationId": "openapi",
                "summary": "This description",
                "security": [],
                "responses": {
                    "200": {
                        "description": "OpenAPI 3.1.",
                        "content": {"application/json": {"schema": {"type": "object"}}},
                    }
                },
            }
        },
        "/docs": {
            "get": {
                "tags": ["service"],
                "operationId": "docs",
                "summary": "This description as a page",
                "security": [],
                "responses": {
                    "200": {"description": "A page.", "content": {"text/html": {"schema": {"type": "string"}}}}
                },
            }
        },
    }


_TAKEN: Final = ("application/xml", "text/xml", "application/octet-stream")


def _path(name: str, text: str, pattern: str) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": text,
        "schema": {"type": "string", "pattern": pattern},
    }


def _query(name: str, text: str, pattern: str) -> Json:
    return {
        "name": name,
        "in": "query",
        "description": text,
        "schema": {"type": "string", "pattern": f"^({pattern})$"},
    }


def _taken() -> Json:
    return {
        "description": "Taken, and stored durably.",
        "content": {"application/json": {"schema": _object({"taken": {"type": "integer", "minimum": 0}})}},
    }


def _payment() -> Json:
    """As it is decoded."""
    ((_, found), *_) = msgspec.json.schema_components([items.Item])[1].items()
    return {name: value for name, value in found.items() if name != "title"}


def _header(name: str) -> Json:
    return {"$ref": f"#/components/headers/{name}"}


def _schema(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _xml(text: str, headers: Json | None = None) -> Json:
    answer: Json = {"description": text, "content": {"application/xml": {"schema": {"type": "string"}}}}
    return answer | ({"headers": headers} if headers else {})


def _json(text: str, schema: str) -> Json:
    return {"description": text, "content": {"application/json": {"schema": _schema(schema)}}}


def _decision() -> Json:
    xml: Json = {"application/xml": {"schema": {"type": "string"}}}
    return {
        "200": {
            "description": "Decided: the message 204, the same bytes each time; or JSON.",
            "content": {**xml, "application/json": {"schema": _schema("Document")}},
        },
        "202": {
            "description": "Taken, not yet decided: the message 999; or JSON.",
            "headers": {"Retry-After": _header("retry-after")},
            "content": {**xml, "application/json": {"schema": _schema("Document")}},
        },
    }


def _refusal() -> Json:
    return {
        "description": "The message 999 with TTTNhan 1 and every reason; for a bad parameter a problem.",
        "content": {
            "application/xml": {"schema": {"type": "string"}},
            MEDIA: {"schema": _schema("Problem")},
        },
    }


def _problems(*statuses: int) -> Json:
    found: Json = {}
    for status in statuses:
        kinds = [kind for kind in KINDS.values() if kind.status == status]
        answer: Json = {
            "description": "; ".join(f"`{kind.code}`: {kind.en[0]}" for kind in kinds),
            "content": {MEDIA: {"schema": _schema("Unknown" if status == 404 else "Problem")}},
        }
        if status in (429, 503):
            answer["headers"] = {"Retry-After": _header("retry-after")}
        if status == 401:
            answer["headers"] = {"WWW-Authenticate": _header("www-authenticate")}
        found[str(status)] = answer
    return found


def _parameters() -> Json:
    return {
        "wait": {
            "name": "wait",
            "in": "query",
            "description": "Seconds to wait for the decision, `max_wait_seconds` of `/v1/limits` at most.",
            "schema": {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,9})?$"},
            "example": "0.5",
        },
        "accept-language": {
            "name": "Accept-Language",
            "in": "header",
            "description": "`en` for English texts; Vietnamese otherwise.",
            "schema": {"type": "string"},
            "example": "vi",
        },
    }


def _headers() -> Json:
    return {
        "retry-after": {
            "description": "Seconds until asking again makes sense.",
            "schema": {"type": "integer", "minimum": 1},
        },
        "location": {"description": "Where the result can be asked for.", "schema": {"type": "string"}},
        "www-authenticate": {"description": "The scheme of the key.", "schema": {"type": "string"}},
    }


def _object(properties: Json, *, required: list[str] | None = None) -> Json:
    return {"type": "object", "properties": properties, "required": required or list(properties)}


def _schemas() -> Json:
    problem = {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": [kind.code for kind in KINDS.values()]},
    }
    findings = {"type": "array", "items": _schema("Finding")}
    key = {
        "mst": {**_MAYBE_TEXT, "description": "Canonical: 10, 12 or 13 digits."},
        "khmshdon": _MAYBE_TEXT,
        "khhdon": _MAYBE_TEXT,
        "shdon": {**_MAYBE_TEXT, "description": "A decimal number without leading zeros."},
    }
    return {
        "Problem": _object(problem),
        "Payment": _payment(),
        "PaymentsProblem": _object(
            {
                **problem,
                "taken": {"type": "integer", "description": "Items that were taken all the same."},
                "bad": {
                    "type": "array",
                    "items": _object(
                        {
                            "index": {"type": "integer", "description": "The item's place in the body, from 0."},
                            "field": {"type": "string", "description": "Empty: the item as a whole."},
                            "code": {"type": "string", "enum": list(CODES)},
                        }
                    ),
                },
                "reason": {"type": "string", "description": "Why the body cannot be read."},
            },
            required=list(problem),
        ),
        "Unknown": _object(
            {
                **problem,
                "complete_up_to": {
                    **_MAYBE_INSTANT,
                    "description": "Everything received before is decided; who posted after it asks again.",
                },
            },
            required=list(problem),
        ),
        "Finding": _object(
            {
                "code": {"type": "string", "description": "The rule, such as SUM-03."},
                "severity": {"type": "string", "enum": ["P", "E", "W", "I"]},
                "message": {"type": "string"},
                "hint": {"type": "string"},
                "path": {**_MAYBE_TEXT, "description": "XPath with positions."},
                "line": {"type": ["integer", "null"]},
                "legal_basis": {"type": "string"},
                "data": {"type": "object"},
            }
        ),
        "Invoice": _object(
            {"index": {"type": "integer", "minimum": 1}, **key, "decision": _DECISION, "findings": findings}
        ),
        "Document": _object(
            {
                "decision": {"type": ["string", "null"], "enum": ["accepted", "rejected", "partly_rejected", None]},
                "mtdiep": _MAYBE_TEXT,
                "findings": {**findings, "description": "Of the package itself."},
                "invoices": {"type": "array", "items": _schema("Invoice")},
                "status": {"type": "string", "enum": ["pending", "decided"]},
                "received_at": _INSTANT,
                "decided_at": _MAYBE_INSTANT,
            }
        ),
        "InvoiceAnswer": _object(
            {
                "index": {"type": "integer", "minimum": 1, "description": "Place in its package."},
                **key,
                "decision": _DECISION,
                "findings": findings,
                "package": _object(
                    {
                        "mtdiep": {"type": "string"},
                        "sha256": {"type": "string"},
                        "decision": {"type": "string", "enum": ["accepted", "rejected", "partly_rejected"]},
                        "received_at": _INSTANT,
                        "decided_at": _INSTANT,
                    }
                ),
            }
        ),
        "Limits": _object(
            {
                "sender": {"type": "string", "description": "MNGui of the key; * for every sender."},
                "taxpayers": {"description": "How many the key may act for; * for all.", "type": ["integer", "string"]},
                "max_body_bytes": {"type": "integer"},
                "max_depth": {"type": "integer"},
                "max_text_characters": {"type": "integer"},
                "max_invoices": {"type": "integer"},
                "max_elements": {"type": "integer"},
                "packages_per_second": {"type": "number"},
                "burst_packages": {"type": "integer"},
                "max_wait_seconds": {"type": "number"},
                "max_requests_at_once": {"type": "integer"},
                "message_types": {"type": "array", "items": {"type": "integer"}},
                "versions": {"type": "array", "items": {"type": "string"}},
                "content_encodings": {"type": "array", "items": {"type": "string"}},
            }
        ),
        "Health": _object({"status": {"type": "string", "const": "ok"}}),
        "Readiness": _object(
            {
                "status": {"type": "string", "enum": ["ready", "not-ready"]},
                "checks": {"type": "object", "additionalProperties": {"type": "boolean"}},
            }
        ),
    }

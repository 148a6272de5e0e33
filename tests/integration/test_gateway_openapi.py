"""`/openapi.json` against the running gateway: every answer to what it allows, and to what it forbids, is described."""

from __future__ import annotations

import re

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from gateway.openapi import description
from tests.support.gateway import GatewayProcess

_NUMBER = re.compile(r"\d+(\.\d+)?")
schema = schemathesis.openapi.from_dict(description())


@schema.parametrize()
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_described(case: schemathesis.Case, gateway: GatewayProcess) -> None:
    if _NUMBER.fullmatch(str(case.query.get("wait", ""))):
        case.query["wait"] = "0.05"
    # Text that the schema allows is not yet a package (400 with a 999), nor every date that of a payment.
    excluded = [positive_data_acceptance]
    case.call_and_validate(
        base_url=gateway.url, headers={"Authorization": f"Bearer {gateway.key}"}, excluded_checks=excluded, timeout=20
    )


def test_the_served_description_is_this_one(gateway: GatewayProcess) -> None:
    assert httpx.get(f"{gateway.url}/openapi.json").json() == description()


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize(
    "path", ["/v1/packages", "/v1/packages/x", "/v1/invoices/1/1/1/1", "/v1/limits", "/healthz", "/docs"]
)
def test_other_methods_are_405_and_told_what_is_allowed(gateway: GatewayProcess, method: str, path: str) -> None:
    answer = httpx.request(method, f"{gateway.url}{path}")
    assert answer.status_code == 405
    assert {"GET", "HEAD"} <= set(answer.headers["allow"].split(", ")) <= {"GET", "HEAD", "POST"}

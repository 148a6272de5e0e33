"""What both HTTP edges ask of whoever comes: from this machine, or with the operators' token."""

from __future__ import annotations

import hmac
import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import SecretStr
    from starlette.requests import HTTPConnection


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def bearer(authorization: str | None) -> str | None:
    """The key of `Authorization: Bearer KEY`, None where there is none."""
    scheme, _, key = (authorization or "").partition(" ")
    key = key.strip()
    return key if scheme.lower() == "bearer" and key else None


def may_inspect(request: HTTPConnection, token: SecretStr | None) -> bool:
    """Whether `/metrics` and `/readyz` answer: to loopback, unless a proxy there asks for others, or to the token."""
    given = bearer(request.headers.get("authorization"))
    if token is not None and given and hmac.compare_digest(token.get_secret_value().encode(), given.encode()):
        return True
    asked_for_others = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    return request.client is not None and is_loopback(request.client.host) and not asked_for_others

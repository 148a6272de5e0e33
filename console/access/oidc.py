"""Sign-in by OpenID Connect (authorization code with PKCE, nonce and state): the seam for VNeID or an office's own.

The provider says who one is, and by two claims what one may see. Who has no role here is not let in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from httpx2 import HTTPError
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response

from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from identity.masking import mask_numbers
from identity.provinces import province_key
from identity.roles import Role, Viewer

Digest = Callable[[str], str]
"""A keyed digest, in hex."""

_FAILURES: Final = (AuthlibBaseError, JoseError, HTTPError, ValueError, KeyError, RuntimeError)
_SECONDS: Final = 10
_LONGEST: Final = 100


class Refused(Exception):
    """One is not let in; `reason` is `provider` (it does not answer, or not well), `denied` (by it) or `no_role`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Provider:
    def __init__(self, settings: Settings, digest: Digest) -> None:
        """Raises UsageError where the settings do not go together."""
        if not settings.oidc_client_id:
            raise UsageError("HOADON_OIDC_ISSUER is set, so HOADON_OIDC_CLIENT_ID must be set too")
        secret = settings.oidc_client_secret
        self._settings, self._digest = settings, digest
        self._client = OAuth().register(
            "oidc",
            server_metadata_url=settings.oidc_issuer.rstrip("/") + "/.well-known/openid-configuration",
            client_id=settings.oidc_client_id,
            client_secret=secret.get_secret_value() if secret else None,
            client_kwargs={"scope": settings.oidc_scope, "code_challenge_method": "S256", "timeout": _SECONDS},
        )

    async def begin(self, request: Request, callback: str) -> Response:
        """Send the browser to the provider, which sends it to `callback`. Raises Refused."""
        try:
            answer: Response = await self._client.authorize_redirect(request, callback)
        except _FAILURES as error:
            raise Refused("provider") from error
        return answer

    async def end(self, request: Request) -> Viewer:
        """Who came back from the provider. Raises Refused."""
        try:
            issuer = {"essential": True, "value": self._settings.oidc_issuer.rstrip("/")}
            token = await self._client.authorize_access_token(request, claims_options={"iss": issuer})
            claims = token["userinfo"]
        except _FAILURES as error:
            denied = isinstance(error, AuthlibBaseError) and error.error == "access_denied"
            raise Refused("denied" if denied else "provider") from error
        return viewer_of(claims, self._settings, self._digest)


def viewer_of(claims: Mapping[str, Any], settings: Settings, digest: Digest) -> Viewer:
    """By the claims of a verified ID token. Raises Refused where they give no role, or provinces that are none."""
    given = _texts(claims.get(settings.oidc_role_claim))
    role = next((role for role in Role if role in given), None)
    if role is None:
        raise Refused("no_role")
    provinces = None
    if settings.oidc_provinces_claim in claims:
        named = _texts(claims[settings.oidc_provinces_claim])
        provinces = frozenset(filter(None, (province_key(name, former=False) for name in named)))
        if not provinces or len(provinces) < len(named):
            raise Refused("no_role")
    return Viewer(_name(claims, settings, digest), role, provinces)


def _name(claims: Mapping[str, Any], settings: Settings, digest: Digest) -> str:
    """A name for logs and the page. Names of a provider may change and meet, so a digest of issuer and subject tells
    them apart, from local accounts too; a personal ID in one is masked.
    """
    subject = str(claims["sub"])
    name = " ".join(str(claims.get(settings.oidc_name_claim) or subject).split())[:_LONGEST]
    return f"{mask_numbers(name)}#{digest(f'{settings.oidc_issuer} {subject}')[:8]}"


def _texts(claim: object) -> list[str]:
    if isinstance(claim, list):
        return [str(item) for item in claim]
    return [part.strip() for part in str(claim).split(",")]

from __future__ import annotations

import pytest

from console.access.oidc import Provider, Refused, viewer_of
from hoadon.common.errors import UsageError
from hoadon.common.settings import Settings
from identity.roles import Role, Viewer

SETTINGS = Settings(oidc_issuer="https://id.example", oidc_client_id="hoadon")
PERSON = "001199000021"


def digest(text: str) -> str:
    return f"{len(text):064x}"


@pytest.mark.parametrize(
    ("claims", "viewer"),
    [
        ({"hoadon_role": "officer", "preferred_username": "an"}, Viewer("an", Role.OFFICER)),
        ({"hoadon_role": ["x", "auditor"], "preferred_username": "an"}, Viewer("an", Role.AUDITOR)),
        (
            {"hoadon_role": "officer", "preferred_username": "an", "hoadon_provinces": ["Hà Nội", "tỉnh Đắk Lắk"]},
            Viewer("an", Role.OFFICER, frozenset({"ha-noi", "dak-lak"})),
        ),
        (
            {"hoadon_role": "officer", "preferred_username": "an", "hoadon_provinces": "hue"},
            Viewer("an", Role.OFFICER, frozenset({"hue"})),
        ),
    ],
)
def test_claims_say_what_one_may_see(claims: dict[str, object], viewer: Viewer) -> None:
    assert viewer_of({"sub": "1"} | claims, SETTINGS, digest) == viewer


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"hoadon_role": "king"},
        {"hoadon_role": ["Officer"]},
        {"hoadon_role": {"officer": True}},
        {"hoadon_role": "officer", "hoadon_provinces": []},
        {"hoadon_role": "officer", "hoadon_provinces": ["Hà Tây"]},
    ],
)
def test_without_a_role_or_with_no_known_province_one_stays_outside(claims: dict[str, object]) -> None:
    with pytest.raises(Refused) as refused:
        viewer_of({"sub": "1"} | claims, SETTINGS, digest)
    assert refused.value.reason == "no_role"


@pytest.mark.parametrize("claims", [{"sub": PERSON}, {"sub": "1", "preferred_username": PERSON}])
def test_a_personal_id_does_not_become_a_name(claims: dict[str, object]) -> None:
    name = viewer_of(claims | {"hoadon_role": "officer"}, SETTINGS, digest).name
    assert PERSON not in name
    assert name.startswith("001•••••••21#")


def test_an_issuer_needs_a_client() -> None:
    with pytest.raises(UsageError, match="HOADON_OIDC_CLIENT_ID"):
        Provider(Settings(oidc_issuer="https://id.example"), digest)

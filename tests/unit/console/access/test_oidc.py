from __future__ import annotations

import hashlib
import re
from dataclasses import replace

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
            {"hoadon_role": "officer", "preferred_username": "an", "hoadon_provinces": "hue, Hà Nội"},
            Viewer("an", Role.OFFICER, frozenset({"hue", "ha-noi"})),
        ),
    ],
)
def test_claims_say_what_one_may_see(claims: dict[str, object], viewer: Viewer) -> None:
    found = viewer_of({"sub": "1"} | claims, SETTINGS, digest)
    assert found == replace(viewer, name=f"an#{digest('https://id.example 1')[:8]}")


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"hoadon_role": "king"},
        {"hoadon_role": ["Officer"]},
        {"hoadon_role": {"officer": True}},
        {"hoadon_role": "officer", "hoadon_provinces": []},
        {"hoadon_role": "officer", "hoadon_provinces": ["Hà Tây"]},
        {"hoadon_role": "officer", "hoadon_provinces": ["Hà Nội", "Hà Tây"]},
        {"hoadon_role": "officer", "hoadon_provinces": None},
    ],
)
def test_without_a_role_or_with_no_known_province_one_stays_outside(claims: dict[str, object]) -> None:
    with pytest.raises(Refused) as refused:
        viewer_of({"sub": "1"} | claims, SETTINGS, digest)
    assert refused.value.reason == "no_role"


@pytest.mark.parametrize("name", [PERSON, f"{PERSON}@id.example", "001 199 000 021", f"VN{PERSON}", f"a\n{PERSON}"])
@pytest.mark.parametrize("claim", ["sub", "preferred_username"])
def test_a_personal_id_does_not_become_a_name(claim: str, name: str) -> None:
    found = viewer_of({"sub": "1", "hoadon_role": "officer"} | {claim: name}, SETTINGS, digest).name
    assert PERSON not in re.sub(r"\D", "", found.partition("#")[0])
    assert found.isprintable()


def test_two_of_one_name_are_told_apart() -> None:
    def name(subject: str) -> str:
        claims = {"sub": subject, "hoadon_role": "officer", "preferred_username": "supervisor"}
        return viewer_of(claims, SETTINGS, lambda text: hashlib.sha256(text.encode()).hexdigest()).name

    assert len({name("1"), name("2"), "supervisor"}) == 3


def test_an_issuer_needs_a_client() -> None:
    with pytest.raises(UsageError, match="HOADON_OIDC_CLIENT_ID"):
        Provider(Settings(oidc_issuer="https://id.example"), digest)

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import console
from console.language import LANGUAGES, Lang, language
from console.pages.desk import PROBLEMS
from console.pages.payments_view import STATES, WHYS
from console.places import PROVINCES, SECTORS
from identity.roles import Role
from rules.catalogue import RULES

HOME = Path(console.__file__).parent
CODES = {
    "sector": set(SECTORS),
    "severity": set("PEWI"),
    "decision": {"accepted", "partly_rejected", "rejected"},
    "reason": {"unavailable", "too_slow", "too_big", "failed"},
    "desk": set(PROBLEMS),
    "role": set(Role),
    "sign-in": {"wrong", "too_many", "provider", "denied", "no_role"},
    "side": {"seller", "buyer"},
    "link": {"unknown", "ambiguous"},
    "because": {"code", "name"},
    "status": {"active", "suspended", "closed"},
    "value": {"personal_id", "phone", "name"},
    "mark": {"restricted", "corrected", "erased"},
    "match": set(STATES),
    "kind": {"one", "split", "part", "settlement", "refund"},
    "channel": {"qr", "card", "transfer", "wallet"},
    "why": set(WHYS),
    "action": {"find", "show", "reveal", "restrict", "release", "correct", "erase", "resolve", "withdraw", "reseal"},
}


def messages() -> set[str]:
    """Every message that a template or module asks for."""
    found = extract_from_dir(str(HOME), [("**/templates/**.html", "jinja2")])
    asked = {message for _, _, message, _, _ in found if isinstance(message, str)}
    for module in HOME.rglob("*.py"):
        asked |= set(re.findall(r'\.text\("([^"]+)"\)', module.read_text()))
    return asked


def test_every_message_is_in_the_vietnamese_catalogue_and_none_is_left_over() -> None:
    with (HOME / "i18n/vi/LC_MESSAGES/console.po").open("rb") as file:
        entries = [entry for entry in read_po(file, "vi") if entry.id]
    assert {entry.id for entry in entries if entry.context is None} == messages()
    assert all(entry.string and not entry.fuzzy for entry in entries)


def test_translations_use_the_same_values() -> None:
    vi = language("vi")
    for message in messages():
        assert sorted(re.findall(r"%\(\w+\)s", message)) == sorted(re.findall(r"%\(\w+\)s", vi.text(message))), message


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("context", CODES)
def test_every_code_has_a_name(lang: Lang, context: str) -> None:
    words = language(lang)
    named = {code: words.named(context, code) for code in CODES[context]}
    assert (
        all(name and name != code for code, name in named.items() if code != "rejected" or lang == "vi") or lang == "en"
    )
    assert len(set(named.values())) == len(named)


def test_every_reason_of_reconciliation_has_words() -> None:
    page = (HOME.parent / "docs/reconciliation.md").read_text()
    told = set(re.findall("`([a-z0-9-]+)`", " ".join(re.findall(r"[Rr]eason(?:[\s,]+(?:or )?`[a-z0-9-]+`)+", page))))
    assert {"no-seller", "batch", "paid-twice", "time-5", "several"} <= told
    assert told <= {code.removesuffix("-refund").removesuffix("-settlement") for code in WHYS}


def test_an_unknown_code_shows_itself() -> None:
    assert language("vi").named("decision", "new-decision") == "new-decision"
    assert language("vi").rule("NEW-99") == ""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_rule_has_a_title(lang: Lang) -> None:
    assert all(language(lang).rule(code) for code in RULES)


def test_provinces_in_both_languages() -> None:
    assert language("vi").province("ho-chi-minh") == "TP. Hồ Chí Minh"
    assert language("en").province("ho-chi-minh") == "Ho Chi Minh City"
    assert language("en").province("dak-lak") == "Dak Lak"
    assert language("vi").province("") == "Chưa rõ"
    assert all(language("en").province(province.key).isascii() for province in PROVINCES)

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from console.feeds import Facts, Shares
from console.language import LANGUAGES, Lang, language
from console.live import Answer
from console.pages import parts
from console.pages.overview_json import document
from console.params import View
from console.queries.overview import MINUTE, DeadLetters, Minute, Package, RuleCount, Share, Watermark
from hoadon.common.clock import vietnam_day
from identity.roles import Right, Role, Viewer

NOW = 1_795_000_000_000_000
RUNNING = NOW - NOW % MINUTE
HOUSEHOLD = "001190000089"
OFFICER = Viewer("o", Role.OFFICER)

SHARES = [
    Share("ha-noi", "food_drink", 3, Decimal("300.5"), Decimal("30")),
    Share("ha-noi", "retail", 1, Decimal("100"), Decimal("10")),
    Share("hue", "food_drink", 2, Decimal("50"), Decimal("5")),
    Share("", "", 1, Decimal("7"), Decimal("0")),
]


def facts(**changes: object) -> Facts:
    values: dict[str, object] = {
        "minutes": [Minute(RUNNING - MINUTE, 2, 90, 10), Minute(RUNNING, 1, 5, 0)],
        "rules": [RuleCount("DATE-02", "W", 50), RuleCount("SUM-03", "E", 9), RuleCount("KEY-02", "E", 9)],
        "shares": Shares(vietnam_day(NOW), SHARES),
        "watermark": (Watermark(NOW - 5_000_000, NOW),),
        "dead_letters": [DeadLetters("bad-message", 2)],
        "packages": [Package(f"K{HOUSEHOLD}{'A' * 32}", HOUSEHOLD, NOW - 900_000, NOW, "partly_rejected", 5, 3)],
        "services": [],
    }
    return Facts(NOW, **{name: Answer(value, NOW) for name, value in (values | changes).items()})  # type: ignore[arg-type]


def test_the_last_hour_has_sixty_minutes_up_to_the_running_one() -> None:
    hour = parts.last_hour([Minute(RUNNING, 1, 5, 0), Minute(RUNNING - 60 * MINUTE, 9, 9, 9)], NOW)
    assert len(hour) == 60
    assert hour[-1] == Minute(RUNNING, 1, 5, 0)
    assert hour[0] == Minute(RUNNING - 59 * MINUTE, 0, 0, 0)


def test_provinces_and_sectors_sum_to_the_total() -> None:
    words = language("vi")
    provinces = parts.provinces(facts(), View(), words)
    sectors = parts.sectors(facts(), View(), words)
    assert provinces["sum"] == sectors["sum"] == parts.Total(7, Decimal("457.5"), Decimal("45"))
    assert sum(tile["total"].value for tile in provinces["tiles"]) + provinces["unknown"].value == Decimal("457.5")
    assert sum(row["total"].value for row in sectors["rows"]) == Decimal("457.5")
    assert [row["key"] for row in sectors["rows"]] == ["food_drink", "retail", ""]


def test_each_map_is_filtered_by_the_other() -> None:
    words = language("vi")
    by_province = parts.sectors(facts(), View(province="hue"), words)
    assert by_province["sum"] == parts.Total(2, Decimal("50"), Decimal("5"))
    by_sector = parts.provinces(facts(), View(sector="retail"), words)
    assert by_sector["sum"] == parts.Total(1, Decimal("100"), Decimal("10"))
    both = parts.totals(facts(), View(province="ha-noi", sector="retail"), words)
    assert both["issued"] == parts.Total(1, Decimal("100"), Decimal("10"))


def test_rules_that_reject_come_before_those_that_only_tell() -> None:
    rows = parts.rules(facts(), View(), language("en"))["rows"]
    assert [row["code"] for row in rows] == ["KEY-02", "SUM-03", "DATE-02"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_personal_tax_codes_are_masked_on_the_page_and_in_json(lang: Lang) -> None:
    row = parts.packages(facts(), View(), language(lang))["rows"][0]
    assert row["mst"] == "001•••••••89"
    assert row["mtdiep"] == "K001•••••••89" + "A" * 32
    listed = document(facts(), View(), OFFICER)["packages"]["rows"][0]
    assert (listed["mst"], listed["mtdiep"]) == (row["mst"], row["mtdiep"])


def test_who_may_see_households_sees_their_codes() -> None:
    clear = replace(facts(), clear=True)
    row = parts.packages(clear, View(), language("vi"))["rows"][0]
    assert (row["mst"], row["mtdiep"]) == (HOUSEHOLD, f"K{HOUSEHOLD}{'A' * 32}")


@pytest.mark.parametrize("role", Role)
def test_json_leaves_out_what_the_role_does_not_show(role: Role) -> None:
    told = document(facts(), View(), Viewer("x", role))
    throughput, figures = {"minutes", "services"}, {"totals", "rules", "sectors", "provinces", "packages"}
    wanted = throughput if role is Role.OPERATOR else set() if role is Role.MERCHANT else throughput | figures
    assert told.keys() & (throughput | figures) == wanted
    assert {name for name, panel in parts.PANELS.items() if panel.right is Right.THROUGHPUT} == {
        "status", "flow", "services",
    }  # fmt: skip


def test_json_amounts_are_decimal_strings_and_instants_rfc3339() -> None:
    told = document(facts(), View(), OFFICER)
    assert told["totals"]["issued"] == {"invoices": 7, "value": "457.5", "vat": "45"}
    assert told["totals"]["received"] == {"packages": 3, "invoices": 105, "accepted": 95, "rejected": 10}
    assert told["totals"]["dead_letters"] == {"count": 2, "reasons": {"bad-message": 2}}
    assert told["complete_up_to"].endswith("Z")
    assert len(told["provinces"]["rows"]) == 35
    assert len(told["sectors"]["rows"]) == 12
    assert len(told["minutes"]["rows"]) == 60
    assert told["rules"]["rows"][1]["title"]["vi"]


def test_a_missing_answer_fails_its_own_panels_only() -> None:
    lost: Answer[Shares] = Answer(None, None, "unavailable")
    told = facts()
    broken = replace(told, shares=lost)
    states = {name: panel.state(broken) for name, panel in parts.PANELS.items()}
    assert {name for name, state in states.items() if state == "error"} == {"sectors", "provinces"}
    assert states["totals"] == "stale"
    assert parts.totals(broken, View(), language("vi"))["issued"] is None
    assert parts.PANELS["sectors"].error(broken) == "unavailable"
    assert document(broken, View(), OFFICER)["totals"]["issued"] is None


def test_a_watermark_that_stays_behind_is_late() -> None:
    words = language("vi")
    assert parts.status(facts(), View(), words)["late"] is False
    late = facts(watermark=(Watermark(NOW - 61_000_000, NOW),))
    assert parts.status(late, View(), words)["late"] is True
    assert parts.status(facts(watermark=()), View(), words)["complete_up_to"] is None


def test_shades_follow_the_root_of_the_share() -> None:
    tiles = {tile["key"]: tile["level"] for tile in parts.provinces(facts(), View(), language("vi"))["tiles"]}
    assert tiles["ha-noi"] == 5
    assert tiles["hue"] == 2
    assert tiles["ca-mau"] == 0

"""KEY-06, ID-02, ID-03, ID-06 … ID-08, with the taxpayers of tests/vectors/registry.csv."""

from __future__ import annotations

from datetime import date
from functools import partial

from tests.support.samples import BRANCH, BUYER, DAY, HOUSEHOLD, SELLER, SELLER_2, WRONG_CHECK_DIGIT, household, invoice
from tests.vectors.parts import NBAN, Vectors, one, without_code

UNLISTED_BRANCH = f"{SELLER}-002"
SUSPENDED, CLOSED, ACTIVE_AGAIN = "9900000055", "9900000062", "9900000087"
CLOSED_HOUSEHOLD = "001187000000"
NOTHING_REGISTERED, FORMER_ENTERPRISE = "9900000136", "9900000143"
OLD_CODE, OLD_CODE_MST_IS_THE_ID = "9900000094", "9900000168"
NOT_MOVED, PERSON_OF_NOT_MOVED, NO_PERSON = "9900000104", "001188000000", "9900000111"
LISTED_BRANCH_ONLY = "9900000217-003"
INDIVIDUAL, STRANGER = "001199000000", "001189000000"
FIRST_DAY, DAY_BEFORE = date(2025, 7, 1), date(2025, 6, 30)


def registered(vectors: Vectors) -> None:
    add = partial(vectors.add, registry="registry.csv")

    def seller(name: str, mst: str, **rest: object) -> None:
        add(name, one(invoice(mst=mst, **rest), mst=mst))  # type: ignore[arg-type]

    def sales(name: str, mst: str, **rest: object) -> None:
        add(name, one(household(mst=mst, **rest), mst=mst))

    seller("ID-02/fail-unknown", SELLER_2)
    seller("ID-02/fail-branch-of-an-unknown-head-office", f"{SELLER_2}-001")
    seller("ID-02/fail-head-office-of-a-listed-branch", LISTED_BRANCH_ONLY[:10])
    add(
        "ID-02/fail-sales-invoice-of-an-unknown-person",
        one(household(mst=STRANGER), mst=STRANGER),
        data={"mst": "001•••••••00"},
    )
    add(
        "ID-02/fail-wrong-check-digit-is-of-ID-01-too",
        one(invoice(mst=WRONG_CHECK_DIGIT), mst=WRONG_CHECK_DIGIT),
        also=("ID-01",),
    )
    seller("ID-02/pass-mst", SELLER)
    seller("ID-02/pass-listed-branch-without-hyphen", LISTED_BRANCH_ONLY.replace("-", ""))
    seller("ID-02/pass-unlisted-branch", UNLISTED_BRANCH)
    seller("ID-02/pass-legacy-mst", FORMER_ENTERPRISE)
    seller("ID-02/pass-branch-of-a-legacy-mst", f"{FORMER_ENTERPRISE}-001")
    sales("ID-02/pass-sales-invoice-by-personal-id", PERSON_OF_NOT_MOVED)

    day_before = date(2026, 11, 19)
    add(
        "ID-03/fail-first-day-of-a-suspension",
        one(invoice(mst=SUSPENDED), mst=SUSPENDED),
        data={"mst": SUSPENDED, "status": "suspended", "nlap": str(DAY)},
    )
    seller("ID-03/fail-day-after", SUSPENDED, nlap=date(2026, 11, 21))
    seller("ID-03/fail-closed-since-always", CLOSED, nlap=date(2022, 10, 1))
    seller("ID-03/fail-unlisted-branch", f"{SUSPENDED}-002")
    sales("ID-03/fail-sales-invoice-by-legacy-mst", "9900000129")
    add(
        "ID-03/fail-household",
        one(household(mst=CLOSED_HOUSEHOLD), mst=CLOSED_HOUSEHOLD),
        data={"mst": "001•••••••00", "status": "closed", "nlap": str(DAY)},
    )
    seller("ID-03/pass-day-before", SUSPENDED, nlap=day_before)
    sales("ID-03/pass-sales-invoice-of-the-day-before", CLOSED_HOUSEHOLD, nlap=day_before)
    seller("ID-03/pass-listed-branch-of-a-suspended-head-office", f"{SUSPENDED}-001")
    seller("ID-03/pass-active-again", ACTIVE_AGAIN)
    seller("ID-03/pass-before-it-was-active-again", ACTIVE_AGAIN, nlap=day_before)

    sales("ID-06/fail-first-day", OLD_CODE, nlap=FIRST_DAY)
    seller("ID-06/fail-VAT-invoice", OLD_CODE, nlap=FIRST_DAY)
    sales("ID-06/fail-mst-not-moved", NOT_MOVED)
    sales("ID-06/fail-mst-is-the-personal-id", OLD_CODE_MST_IS_THE_ID)
    sales("ID-06/fail-place-of-business-under-the-old-code", f"{OLD_CODE}-001")
    sales("ID-06/pass-day-before", OLD_CODE, nlap=DAY_BEFORE)
    seller("ID-06/pass-VAT-invoice-of-the-day-before", OLD_CODE, nlap=DAY_BEFORE)
    sales("ID-06/pass-no-personal-id-known", NO_PERSON)
    sales("ID-06/pass-personal-id", HOUSEHOLD)
    sales("ID-06/pass-personal-id-before-the-mst-moved", PERSON_OF_NOT_MOVED)
    seller("ID-06/pass-former-code-of-an-enterprise", FORMER_ENTERPRISE)

    for name, text in {
        "fail-other-name": "Công ty TNHH Phố Xưa",
        "fail-one-word-more": "Công ty TNHH Mẫu Thử Hai",
        "fail-one-word-less": "Công ty TNHH Mẫu",
        "fail-letters-of-a-legal-form-inside-a-word": "Công ty TNHH Mẫu Thử CPX",
        "pass-case": "CÔNG TY TNHH MẪU THỬ",
        "pass-no-diacritics": "Cong ty TNHH Mau Thu",
        "pass-decomposed-diacritics": "Công ty TNHH Mâ\u0303u Thư\u0309",
        "pass-legal-form-in-full": "Công ty trách nhiệm hữu hạn một thành viên Mẫu Thử",
        "pass-legal-form-abbreviated": "Mẫu Thử MTV",
        "pass-other-legal-form": "Doanh nghiệp tư nhân Mẫu Thử",
        "pass-spaces-and-punctuation": " Công ty  TNHH - “Mẫu\u00a0Thử”.",
    }.items():
        seller(f"ID-07/{name}", SELLER, edit={f"{NBAN}/Ten": text})
    sales("ID-07/fail-household", HOUSEHOLD, edit={f"{NBAN}/Ten": "Hộ kinh doanh Bún chả Hoa"})
    sales("ID-07/pass-household", HOUSEHOLD, edit={f"{NBAN}/Ten": "HKD BÚN CHẢ ĐÀO"})
    sales("ID-07/pass-household-without-diacritics", HOUSEHOLD, edit={f"{NBAN}/Ten": "Bun cha Dao"})
    seller("ID-07/pass-branch-named-the-other-way-round", BRANCH, edit={f"{NBAN}/Ten": "Chi nhánh Mẫu Thử Huế"},
           mccqt="M1-26-HUE01-00000000001")  # fmt: skip
    seller("ID-07/pass-unlisted-branch", UNLISTED_BRANCH, edit={f"{NBAN}/Ten": "Chi nhánh Đà Nẵng"})
    seller("ID-07/pass-no-name-registered", NOTHING_REGISTERED, edit={f"{NBAN}/Ten": "Công ty TNHH Phố Xưa"})

    def buyer(name: str, data: dict[str, object] | None = None, **nmua: str) -> None:
        add(f"ID-08/{name}", one(invoice(buyer=nmua)), data=data)

    buyer("fail-mst", {"buyer": SUSPENDED, "by": "mst"}, MST=SUSPENDED)
    buyer("fail-unlisted-branch", {"buyer": SELLER + "009", "by": "head_office"}, MST=f"{SELLER}-009")
    buyer("fail-legacy-mst", {"buyer": OLD_CODE, "by": "legacy_mst"}, MST=OLD_CODE)
    buyer("fail-mst-of-a-household", {"buyer": "001•••••••00", "by": "mst"}, MST=HOUSEHOLD)
    buyer("fail-CCCDan", {"buyer": "001•••••••00", "by": "mst"}, CCCDan=INDIVIDUAL)
    buyer("fail-CCCDan-by-personal-id", {"buyer": "001•••••••00", "by": "personal_id"}, CCCDan=PERSON_OF_NOT_MOVED)
    buyer("fail-mst-unknown-but-CCCDan", {"buyer": "001•••••••00", "by": "mst"}, MST=BUYER, CCCDan=INDIVIDUAL)
    add("ID-08/fail-sales-invoice", one(household(mst=HOUSEHOLD, buyer={"MST": SELLER}), mst=HOUSEHOLD))
    buyer("pass-unknown-mst", MST=BUYER)
    buyer("pass-unknown-CCCDan", CCCDan=STRANGER)
    buyer("pass-CCCDan-that-is-no-personal-id", CCCDan=SELLER)
    buyer("pass-no-buyer", Ten="Bán cho người tiêu dùng")

    add(
        "KEY-06/fail-other-code",
        one(invoice(mccqt="M1-26-ABCDF-00000000001")),
        data={"stated": "ABCDF", "registered": "ABCDE"},
    )
    sales("KEY-06/fail-sales-invoice", HOUSEHOLD, mccqt="M2-26-ZZZZZ-00000000001")
    sales("KEY-06/fail-found-by-legacy-mst", OLD_CODE, mccqt="M2-26-ZZZZZ-00000000001")
    seller("KEY-06/fail-branch-with-the-code-of-its-head-office", BRANCH)
    seller("KEY-06/pass-registered", SELLER)
    seller("KEY-06/pass-branch-with-its-own-code", BRANCH, mccqt="M1-26-HUE01-00000000001")
    seller("KEY-06/pass-unlisted-branch-with-a-code-of-its-own", UNLISTED_BRANCH, mccqt="M1-26-HUE02-00000000001")
    seller("KEY-06/pass-none-registered", NOTHING_REGISTERED, mccqt="M1-26-ZZZZZ-00000000001")
    sales("KEY-06/pass-sales-invoice", HOUSEHOLD)
    add("KEY-06/pass-malformed-is-of-KEY-04", one(invoice(mccqt="M1-26-abcdf-1")), also=("KEY-04",))
    add("KEY-06/pass-216-without-code", without_code())

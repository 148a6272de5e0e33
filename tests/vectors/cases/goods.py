"""VAT-04."""

from __future__ import annotations

from tests.support.samples import HOUSEHOLD, Line, household, invoice
from tests.vectors.parts import ROW, Vectors, changed, insert, one


def goods(vectors: Vectors) -> None:
    def sell(name: str, item: str, rate: str = "8%", tchat: int = 1) -> None:
        vectors.add(f"VAT-04/{name}", one(invoice(lines=[Line("Cơm"), Line(item, 1, 50_000, rate, tchat)])))

    for name, item in {
        "beer": "Bia hơi Hà Nội",
        "beer-alone": "bia",
        "beer-upper-case": "BIA 333 LON",
        "beer-behind-punctuation": "Combo (lẩu+bia)",
        "beer-before-a-number": "Bia330ml",
        "beer-by-the-glass": "Ly bia tươi",
        "spirits": "Rượu nếp cái hoa vàng",
        "spirits-decomposed": "R\u01b0o\u031b\u0323u ne\u0302\u0301p",
        "wine": "Rượu vang đỏ Đà Lạt",
        "tobacco": "Thuốc lá điếu",
        "cigars": "Xì-gà Cuba",
        "karaoke": "Phòng Karaoke VIP (giờ)",
        "dance-hall": "Vé vào vũ trường",
        "massage-hyphen": "Mát-xa chân 60 phút",
        "massage-space": "mát xa toàn thân",
        "massage-English": "Body MASSAGE 90'",
        "golf": "Vé chơi golf 18 lỗ",
        "casino": "Phí vào casino",
        "betting": "Vé đặt cược đua ngựa",
        "lottery": "Vé xổ số kiến thiết",
        "lottery-ticket": "Vé số kiến thiết miền Nam",
        "votive-paper": "Bộ vàng mã cúng rằm",
        "cards": "Bài lá 52 quân",
        "insurance": "Bảo hiểm xe máy 1 năm",
        "telecom": "Thẻ cào Mẫu 100k",
        "securities": "Phí giao dịch chứng khoán",
        "real-estate": "Tư vấn bất động sản",
        "metals": "Sắt thép phi 10",
        "mining": "Cát xây dựng",
        "dish-and-beer": "Tôm hấp bia + bia tươi",
    }.items():
        sell(f"fail-{name}", item)
    for name, item in {
        "ordinary": "Phở bò tái",
        "Bìa-is-not-beer": "Bìa còng A4",
        "bì-chả-is-not-beer": "Cơm tấm sườn bì chả",
        "inside-a-word": "Biathlon, xúc xích Colbia",
        "without-diacritics": "Ruou nep",
        "dish-with-beer": "Lẩu bò nhúng bia",
        "dish-with-wine": "Bò sốt rượu vang",
        "dessert": "Cơm rượu",
        "karaoke-loudspeaker": "Loa karaoke xách tay",
        "massage-chair": "Ghế massage toàn thân",
        "golf-shoes": "Giày golf nam",
        "helmet": "Mũ bảo hiểm nửa đầu",
        "nicotine-patch": "Kẹo cai thuốc lá",
        "petrol": "Xăng RON 95-III",
        "coal": "Than đá",
        "ice": "Trà đá",
        "car-wash": "Rửa xe ô tô",
        "numbered-ticket": "Vé số 12, hàng ghế A",
        "item-code": "Hàng mã SP01",
    }.items():
        sell(f"pass-{name}", item)
    sell("fail-8-without-sign", "Bia lon", "8")
    sell("fail-8.0", "Bia lon", "8.0%")
    sell("pass-beer-at-10", "Bia lon", "10%")
    sell("pass-other-rate-8", "Bia lon", "KHAC:8%")
    sell("fail-special-goods", "Bia lon", tchat=5)
    sell("fail-trade-discount", "Chiết khấu bia", tchat=3)

    gift = changed(
        insert("DLHDon/NDHDon/DSHHDVu/HHDVu[2]", "<TSuat>8%</TSuat>"),
        lines=[Line("Cơm"), Line("Tặng bia lon", 1, 0, None, 2)],
    )
    vectors.add("VAT-04/pass-promotion-at-8", one(gift))
    note = changed(
        insert("DLHDon/NDHDon/DSHHDVu/HHDVu[2]", "<TSuat>8%</TSuat>"), lines=[Line("Cơm"), Line("Không bia", tchat=4)]
    )
    vectors.add("VAT-04/pass-note-at-8", one(note))
    beer = household(edit={f"{ROW}/THHDVu": "Bia hơi"})
    vectors.add("VAT-04/pass-sales-invoice-without-rate", one(beer, mst=HOUSEHOLD))

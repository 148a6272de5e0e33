"""What is sold: the sectors of the law with their menus, prices in VND and VAT rates.

`rate` is the law's rate: "reducible" is 10 %, or 8 % on days inside the windows of the reduction; beer, spirits and
tobacco (special consumption tax) are 10 % on every day. Prices of pieces are multiples of 500 đồng.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, NamedTuple

Rate = Literal["reducible", "10", "5", "0", "KCT", "KKKNT"]
Measure = Literal["piece", "kg", "litre"]

REDUCED: Final = (
    (date(2022, 2, 1), date(2022, 12, 31)),
    (date(2023, 7, 1), date(2026, 12, 31)),
)
"""First and last days of issue on which 8 % is allowed (law.md)."""


def reduced(day: date) -> bool:
    """Whether an invoice of `day` may carry 8 %."""
    return any(first <= day <= last for first, last in REDUCED)


class Item(NamedTuple):
    name: str
    unit: str
    price: int
    rate: Rate = "reducible"
    measure: Measure = "piece"


@dataclass(frozen=True, slots=True, eq=False)
class Sector:
    """`code` is the law's sector; `weight` its share of merchants; `lines` the usual numbers of lines of an invoice.

    `households` and `businesses` are shares: of merchants on the direct method, of buyers who want a tax invoice.
    """

    code: str
    weight: int
    titles: tuple[str, ...]
    items: tuple[Item, ...]
    lines: tuple[int, ...]
    quantities: tuple[int, ...] = (1, 1, 2)
    households: float = 0.3
    businesses: float = 0.05
    fee: str | None = None


SECTORS: Final = (
    Sector(
        "food_drink",
        30,
        ("Nhà hàng", "Quán ăn", "Cà phê", "Bún phở", "Trà sữa"),
        (
            Item("Phở bò tái chín", "tô", 55_000),
            Item("Bún chả Hà Nội", "suất", 50_000),
            Item("Cơm tấm sườn bì chả", "phần", 48_000),
            Item("Gỏi cuốn tôm thịt", "cuốn", 12_000),
            Item("Lẩu Thái hải sản (2-3 người)", "nồi", 329_000),
            Item("Gà nướng muối ớt", "con", 285_000),
            Item("Cá lóc nướng trui", "con", 195_000),
            Item("Rau muống xào tỏi", "đĩa", 45_000),
            Item("Canh chua cá", "tô", 89_000),
            Item("Cơm trắng", "bát", 8_000),
            Item("Nem rán & nước chấm", "đĩa", 75_000),
            Item("Chè thập cẩm", "cốc", 25_000),
            Item("Cà phê sữa đá", "ly", 29_000),
            Item("Trà đào cam sả", "ly", 42_000),
            Item("Trà sữa trân châu đường đen (size L)", "ly", 49_000),
            Item("Nước suối 500ml", "chai", 10_000),
            Item("Khăn lạnh", "cái", 3_000),
            Item("Bia lon 330ml", "lon", 22_000, "10"),
            Item("Bia tươi", "vại", 18_000, "10"),
            Item("Rượu vang đỏ Đà Lạt", "chai", 320_000, "10"),
        ),
        (3, 4, 4, 5, 5, 6, 7, 8, 9, 12),
        (1, 1, 2, 2, 3, 4),
        households=0.5,
        businesses=0.08,
        fee="Phí phục vụ",
    ),
    Sector(
        "retail",
        20,
        ("Cửa hàng", "Cửa hàng tiện lợi", "Nhà sách", "Thời trang", "Điện máy"),
        (
            Item("Áo thun cotton nam", "cái", 199_000),
            Item("Quần jean nữ", "cái", 459_000),
            Item("Giày thể thao", "đôi", 790_000),
            Item("Vở kẻ ngang 200 trang", "quyển", 18_000),
            Item("Sách giáo khoa Toán 5", "quyển", 32_000, "KCT"),
            Item("Sách giáo khoa Tiếng Việt 5", "quyển", 29_000, "KCT"),
            Item("Bút bi (hộp 20 cây)", "hộp", 85_000),
            Item("Bóng đèn LED 9W", "cái", 45_000),
            Item("Quạt đứng 3 tốc độ", "cái", 620_000),
            Item("Nồi cơm điện 1,8L", "cái", 890_000),
            Item("Tai nghe không dây", "cái", 550_000),
            Item("Ổ cắm điện 6 lỗ dây 3m", "cái", 165_000),
            Item("Nước ngọt có ga 390ml", "chai", 11_000),
            Item("Mì ăn liền vị tôm chua cay", "gói", 5_000),
            Item("Sữa tươi tiệt trùng 1L", "hộp", 36_000),
            Item("Bánh quy bơ 300g", "hộp", 62_000),
            Item("Thuốc lá điếu", "bao", 30_000, "10"),
            Item("Bật lửa", "cái", 6_000),
        ),
        (1, 2, 3, 4, 4, 5, 6, 7, 9),
        households=0.45,
    ),
    Sector(
        "supermarket_mall",
        14,
        ("Siêu thị", "Siêu thị mini", "Trung tâm thương mại"),
        (
            Item("Gạo ST25 túi 5kg", "túi", 185_000, "5"),
            Item("Thịt ba rọi heo", "kg", 148_000, "5", "kg"),
            Item("Cá hồi phi lê", "kg", 465_000, "5", "kg"),
            Item("Tôm thẻ 50 con/kg", "kg", 219_000, "5", "kg"),
            Item("Cải thìa", "kg", 29_000, "5", "kg"),
            Item("Cà chua", "kg", 34_500, "5", "kg"),
            Item("Chuối già hương", "kg", 22_500, "5", "kg"),
            Item("Xoài cát Hòa Lộc", "kg", 79_000, "5", "kg"),
            Item("Trứng gà hộp 10 quả", "hộp", 33_000, "5"),
            Item("Đường tinh luyện 1kg", "gói", 27_500, "5"),
            Item("Muối i-ốt 500g", "gói", 6_500, "KCT"),
            Item("Nước mắm cá cơm 40 độ 500ml", "chai", 68_000),
            Item("Dầu ăn đậu nành 1L", "chai", 52_000),
            Item("Sữa chua có đường (lốc 4)", "lốc", 28_000),
            Item("Nước rửa chén 750ml", "chai", 31_500),
            Item("Bột giặt 3kg", "túi", 129_000),
            Item("Giấy vệ sinh 10 cuộn", "bịch", 79_000),
            Item("Dầu gội 650g", "chai", 159_000),
            Item("Cà phê hòa tan 3in1 (hộp 20 gói)", "hộp", 58_000),
            Item("Bia lon thùng 24", "thùng", 385_000, "10"),
            Item("Túi tự hủy sinh học", "cái", 1_000),
        ),
        (3, 5, 6, 7, 8, 9, 11, 13, 16),
        households=0.1,
        businesses=0.03,
    ),
    Sector(
        "hotel",
        8,
        ("Khách sạn", "Khu nghỉ dưỡng", "Nhà nghỉ", "Homestay"),
        (
            Item("Phòng Standard 1 giường đôi", "đêm", 550_000),
            Item("Phòng Deluxe hướng biển", "đêm", 1_350_000),
            Item("Phòng gia đình 4 người", "đêm", 1_100_000),
            Item("Phòng Suite", "đêm", 2_900_000),
            Item("Phụ thu trả phòng muộn", "lần", 200_000),
            Item("Giường phụ", "đêm", 250_000),
            Item("Buffet sáng", "suất", 150_000),
            Item("Giặt ủi", "kg", 40_000, "reducible", "kg"),
            Item("Nước khoáng minibar", "chai", 20_000),
            Item("Bia lon minibar", "lon", 45_000, "10"),
            Item("Đưa đón sân bay", "lượt", 350_000),
            Item("Thuê xe máy", "ngày", 150_000),
        ),
        (1, 2, 2, 3, 3, 4, 6),
        (1, 1, 2, 3),
        households=0.3,
        businesses=0.3,
        fee="Phí phục vụ",
    ),
    Sector(
        "passenger_transport",
        6,
        ("Vận tải hành khách", "Xe khách", "Taxi", "Tàu du lịch"),
        (
            Item("Vé xe khách giường nằm", "vé", 280_000),
            Item("Vé xe limousine 9 chỗ", "vé", 220_000),
            Item("Cước taxi", "cuốc", 96_000),
            Item("Vé xe buýt tuyến cố định", "vé", 10_000, "KCT"),
            Item("Vé tàu cao tốc ra đảo", "vé", 250_000),
            Item("Vận chuyển hành khách quốc tế", "vé", 690_000, "0"),
            Item("Hành lý quá cước", "kiện", 50_000),
            Item("Phụ thu ngày lễ", "lần", 40_000),
        ),
        (1, 1, 1, 2, 2, 3),
        households=0.2,
        businesses=0.15,
        fee="Phí bến bãi",
    ),
    Sector(
        "pharmacy",
        7,
        ("Nhà thuốc", "Quầy thuốc"),
        (
            Item("Paracetamol 500mg (hộp 100 viên)", "hộp", 45_000, "5"),
            Item("Amoxicillin 500mg", "vỉ", 15_000, "5"),
            Item("Vitamin C 1000mg sủi", "tuýp", 38_000),
            Item("Dung dịch nhỏ mắt NaCl 0,9%", "lọ", 5_000, "5"),
            Item("Siro ho thảo dược 100ml", "chai", 42_000, "5"),
            Item("Khẩu trang y tế 4 lớp (hộp 50)", "hộp", 35_000, "5"),
            Item("Băng gạc cá nhân", "hộp", 18_000, "5"),
            Item("Nhiệt kế điện tử", "cái", 95_000, "5"),
            Item("Máy đo huyết áp bắp tay", "cái", 890_000, "5"),
            Item("Viên uống bổ sung canxi", "hộp", 185_000),
            Item("Sữa rửa mặt cho da mụn 150ml", "tuýp", 135_000),
            Item("Men vi sinh (hộp 20 ống)", "hộp", 110_000),
        ),
        (1, 2, 3, 4, 4, 5, 7),
        households=0.5,
    ),
    Sector(
        "fuel",
        6,
        ("Cửa hàng xăng dầu", "Trạm xăng dầu"),
        (
            Item("Xăng RON 95-III", "lít", 20_750, "reducible", "litre"),
            Item("Xăng E5 RON 92-II", "lít", 20_190, "reducible", "litre"),
            Item("Dầu DO 0,05S-II", "lít", 18_640, "reducible", "litre"),
            Item("Dầu nhớt động cơ 1L", "chai", 145_000),
            Item("Nước làm mát 1L", "chai", 65_000),
        ),
        (1, 1, 1, 1, 2),
        households=0.05,
        businesses=0.2,
    ),
    Sector(
        "entertainment",
        3,
        ("Khu vui chơi", "Karaoke", "Công viên nước"),
        (
            Item("Vé vào cổng người lớn", "vé", 150_000),
            Item("Vé vào cổng trẻ em", "vé", 90_000),
            Item("Trò chơi nhà phao", "lượt", 40_000),
            Item("Thuê tủ đồ", "lượt", 20_000),
            Item("Phòng karaoke VIP", "giờ", 350_000, "10"),
            Item("Trái cây dĩa lớn", "đĩa", 180_000),
            Item("Nước ngọt lon", "lon", 25_000),
            Item("Bia lon", "lon", 35_000, "10"),
            Item("Vé biểu diễn nghệ thuật truyền thống", "vé", 120_000, "5"),
        ),
        (1, 2, 3, 4, 5),
        (1, 2, 2, 3),
        households=0.3,
    ),
    Sector(
        "cinema",
        2,
        ("Rạp chiếu phim",),
        (
            Item("Vé xem phim 2D", "vé", 85_000),
            Item("Vé xem phim 3D ghế đôi", "vé", 240_000),
            Item("Vé học sinh sinh viên", "vé", 55_000),
            Item("Combo bắp & 2 nước", "combo", 109_000),
            Item("Bắp phô mai lớn", "hộp", 69_000),
            Item("Nước ngọt lớn", "ly", 39_000),
        ),
        (1, 2, 2, 3),
        (1, 2, 2, 4),
        households=0.0,
    ),
    Sector(
        "personal_services",
        3,
        ("Salon tóc", "Spa", "Giặt là", "Tiệm nail"),
        (
            Item("Cắt tóc nam", "lần", 70_000),
            Item("Gội đầu dưỡng sinh", "lần", 120_000),
            Item("Uốn tóc nữ", "lần", 550_000),
            Item("Nhuộm tóc", "lần", 650_000),
            Item("Chăm sóc da mặt cơ bản", "lần", 280_000),
            Item("Sơn gel tay", "bộ", 150_000),
            Item("Giặt sấy", "kg", 25_000, "reducible", "kg"),
            Item("Giặt khô áo vest", "cái", 80_000),
        ),
        (1, 1, 2, 2, 3),
        households=0.7,
    ),
    Sector(
        "other",
        1,
        ("Hợp tác xã dịch vụ", "Trung tâm dịch vụ", "Vườn ươm"),
        (
            Item("Sửa chữa xe máy", "lần", 120_000),
            Item("Thay lốp xe máy", "cái", 320_000),
            Item("Rửa xe ô tô", "lần", 60_000),
            Item("Vé gửi xe", "lượt", 5_000),
            Item("Cây giống ăn quả", "cây", 35_000, "5"),
            Item("Khóa học nấu ăn", "khóa", 900_000, "KCT"),
            Item("Thu hộ tiền đặt cọc", "lần", 100_000, "KKKNT"),
        ),
        (1, 2, 3),
        households=0.4,
    ),
)

UNREDUCED: Final = frozenset(item.name for sector in SECTORS for item in sector.items if item.rate == "10")
"""Names of goods and services that are at 10 % on every day."""

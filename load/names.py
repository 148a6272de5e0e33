"""Places and people that merchants, addresses and buyers are made of."""

from __future__ import annotations

from typing import Final

PROVINCES: Final = (
    "Hà Nội",
    "TP. Hồ Chí Minh",
    "Hải Phòng",
    "Đà Nẵng",
    "Cần Thơ",
    "Huế",
    "Lai Châu",
    "Điện Biên",
    "Sơn La",
    "Lạng Sơn",
    "Quảng Ninh",
    "Thanh Hóa",
    "Nghệ An",
    "Hà Tĩnh",
    "Cao Bằng",
    "Tuyên Quang",
    "Lào Cai",
    "Thái Nguyên",
    "Phú Thọ",
    "Bắc Ninh",
    "Hưng Yên",
    "Ninh Bình",
    "Quảng Trị",
    "Quảng Ngãi",
    "Gia Lai",
    "Khánh Hòa",
    "Lâm Đồng",
    "Đắk Lắk",
    "Đồng Nai",
    "Tây Ninh",
    "Vĩnh Long",
    "Đồng Tháp",
    "Cà Mau",
    "An Giang",
)

_CODES: Final = (
    "001 002 004 006 008 010 011 012 014 015 017 019 020 022 024 025 026 027 030 031 033 034 035 036 037 038 040 042 "
    "044 045 046 048 049 051 052 054 056 058 060 062 064 066 067 068 070 072 074 075 077 079 080 082 083 084 086 087 "
    "089 091 092 093 094 095 096"
)
BIRTH_PROVINCES: Final = tuple(_CODES.split())
"""The first three digits of a personal ID: the 63 provinces of before 2025-07-01 (rules.md)."""

STREETS: Final = (
    "Trần Hưng Đạo",
    "Lê Lợi",
    "Nguyễn Huệ",
    "Hai Bà Trưng",
    "Lý Thường Kiệt",
    "Quang Trung",
    "Phan Chu Trinh",
    "Bà Triệu",
    "Lê Thánh Tông",
    "Nguyễn Trãi",
    "Hùng Vương",
    "Điện Biên Phủ",
    "Võ Thị Sáu",
    "Cách Mạng Tháng Tám",
    "Ngô Quyền",
    "Phạm Ngũ Lão",
)

WARDS: Final = ("An Bình", "Hòa Thuận", "Tân Phú", "Vĩnh Phước", "Thống Nhất", "Đông Hải", "Minh Khai", "Phú Mỹ")

FAMILIES: Final = (
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Phan",
    "Vũ",
    "Đặng",
    "Bùi",
    "Đỗ",
    "Hồ",
    "Ngô",
    "Dương",
    "Lý",
)

GIVEN: Final = (
    "Thị Hoa",
    "Văn Nam",
    "Minh Anh",
    "Quốc Bảo",
    "Thu Hà",
    "Đức Long",
    "Ngọc Lan",
    "Thanh Tùng",
    "Bích Phượng",
    "Hữu Phước",
    "Kim Oanh",
    "Gia Hân",
    "Tuấn Kiệt",
    "Xuân Mai",
)

BRANDS: Final = (
    "Sao Mai",
    "Hương Quê",
    "Bình Minh",
    "Phố Xưa",
    "Biển Xanh",
    "Thảo Nguyên",
    "Hoa Sen",
    "Mùa Vàng",
    "Cánh Buồm",
    "Đồng Xanh",
    "Ánh Dương",
    "Lá Thông",
    "Mây Trắng",
    "Sông Quê",
    "Ngọc Bích",
    "Gió Mới",
)

COMPANIES: Final = (
    "Công ty TNHH Xây lắp Mẫu",
    "Công ty Cổ phần Thương mại Thử Nghiệm",
    "Công ty TNHH MTV Vận tải & Kho bãi Ví Dụ",
    "Doanh nghiệp tư nhân Cơ khí Mô Phỏng",
    "Hợp tác xã Nông sản Giả Định",
    "Công ty CP Tư vấn <Thiết kế> Minh Họa",
)

OFFICES: Final = ("Trường THCS Mẫu", "Trung tâm Y tế Thử Nghiệm", "UBND phường Ví Dụ")

FOREIGNERS: Final = ("Jane Doe", "Hans Mustermann", "Mario Rossi", "Taro Yamada")

"""ID-07: which names are one."""

from __future__ import annotations

import pyarrow as pa
import pytest

from identity.names import core_names, name_keys


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("Công ty Cổ phần Đầu tư Ánh Dương", "dau tu anh duong"),
        ("CÔNG TY TNHH MTV PHỞ ĐÀO", "pho dao"),
        ("Công ty trách nhiệm hữu hạn một thành viên Phở Ðào", "pho dao"),
        ("Chi nhánh Huế - Doanh nghiệp tư nhân “Gió Mới”", "hue gio moi"),
        ("DNTN Gió Mới, HTX, HKD", "gio moi"),
        ("Hợp tác xã Nông sản", "nong san"),
        ("Hộ kinh doanh Quán CPU", "quan cpu"),
        ("Hộ kinh doanh", ""),
    ],
)
def test_core(name: str, core: str) -> None:
    assert core_names(pa.array([name])).to_pylist() == [core]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Phở Hoà", "PHO HÒA", True),
        ("Phở Hoa 1", "Phở Hoa 2", False),
        ("Phở Hoa", "Hoa Phở", False),
        ("Sao Mai", "SaoMai", False),
    ],
)
def test_same(one: str, other: str, same: bool) -> None:
    first, second = name_keys(pa.array([one, other]))
    assert bool(first == second) is same

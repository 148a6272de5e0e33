from __future__ import annotations

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError, ProgrammingError
from urllib3.exceptions import ProtocolError

from hoadon.common.errors import Unavailable
from storage.errors import StoreUnavailable, explained, is_transient


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (DatabaseError("too many parts", code=252), False),
        (DatabaseError("Code: 252. DB::Exception: Too many parts (300)", code=252), True),
        (DatabaseError("Code: 252. DB::Exception: Too many partitions", code=252), False),
        (DatabaseError("memory", code=241), True),
        (DatabaseError("type mismatch", code=53), False),
        (DatabaseError("HTTP driver received HTTP status 503"), True),
        (DatabaseError("HTTP driver received HTTP status 404"), False),
        (OperationalError("connection refused"), True),
        (ProgrammingError("wrong use"), False),
        (ProtocolError("closed"), True),
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (ValueError("x"), False),
    ],
)
def test_which_errors_pass(error: Exception, transient: bool) -> None:
    assert is_transient(error) is transient
    assert isinstance(explained(error), Unavailable if transient else type(error))


def test_explanation_does_not_repeat_the_statement() -> None:
    found = explained(DatabaseError("… WHERE mst = '001090000001'", code=241))
    assert isinstance(found, StoreUnavailable)
    assert str(found) == "the store does not answer (code 241)"

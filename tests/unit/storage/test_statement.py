from __future__ import annotations

import pytest

from storage.statement import Kind, Refused, parse, split


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        (b"SELECT 1", Kind.SELECT, None),
        (b"select 1 format Native", Kind.SELECT, "Native"),
        (b"SELECT 1\n FORMAT JSON", Kind.SELECT, "JSON"),
        (b"SELECT 1 FORMAT CSV SETTINGS max_threads = 1", Kind.SELECT, "CSV"),
        (b"SELECT 1 FORMAT CSV ;  -- end", Kind.SELECT, "CSV"),
        (b"SELECT format FROM t", Kind.SELECT, None),
        (b"SELECT 1 AS format\nFORMAT TSV", Kind.SELECT, "TSV"),
        (b"SELECT ' FORMAT TSV'", Kind.SELECT, None),
        (b"WITH 1 AS x SELECT x", Kind.SELECT, None),
        (b"(SELECT 1) UNION ALL (SELECT 2)", Kind.SELECT, None),
        (b"/* a; b */ -- c;\nSHOW TABLES", Kind.SHOW, None),
        (b"DESCRIBE TABLE t", Kind.SHOW, None),
        (b"CREATE TABLE t (a UInt8) ENGINE = Memory", Kind.COMMAND, None),
        (b"INSERT INTO t SELECT 1", Kind.COMMAND, None),
        (b"INSERT INTO t (a) WITH 1 AS x SELECT x", Kind.COMMAND, None),
        (b"KILL QUERY WHERE 1", Kind.COMMAND, None),
    ],
)
def test_kind_and_format(text: bytes, kind: Kind, name: str | None) -> None:
    statement = parse(text)
    assert (statement.kind, statement.format, statement.sql) == (kind, name, text)


@pytest.mark.parametrize(
    ("text", "sql", "name", "data"),
    [
        (b"INSERT INTO t FORMAT Native\n\x01\x00;", b"INSERT INTO t ", "Native", b"\x01\x00;"),
        (b"INSERT INTO t (a, b) FORMAT CSV 1,2\n", b"INSERT INTO t (a, b) ", "CSV", b"1,2\n"),
        (b"INSERT INTO t (a) FORMAT CSV\r\n1", b"INSERT INTO t (a) ", "CSV", b"1"),
        (b"insert into t(a) values (1), (';')", b"insert into t(a) ", "Values", b" (1), (';')"),
        (b"INSERT INTO `format` (`values`) VALUES (1)", b"INSERT INTO `format` (`values`) ", "Values", b" (1)"),
        (
            b"INSERT INTO t SETTINGS async_insert=0 FORMAT TSV\n1",
            b"INSERT INTO t SETTINGS async_insert=0 ",
            "TSV",
            b"1",
        ),
        (b"INSERT INTO t (a)", b"INSERT INTO t (a)", None, b""),
        (b"INSERT INTO t FORMAT Native", b"INSERT INTO t ", "Native", b""),
    ],
)
def test_insert_is_cut_before_its_data(text: bytes, sql: bytes, name: str | None, data: bytes) -> None:
    statement = parse(text)
    assert statement.kind is Kind.INSERT
    assert (statement.sql, statement.format, statement.data) == (sql, name, data)


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        (b"INSERT INTO t (a) FORMAT CSV\n1", b"INSERT INTO t (a) FROM INFILE '/f' COMPRESSION 'none'  FORMAT X"),
        (
            b"INSERT INTO settings (settings) settings a=1, b = '=' FORMAT CSV\n1",
            b"INSERT INTO settings (settings) FROM INFILE '/f' COMPRESSION 'none' settings a=1, b = '=' FORMAT X",
        ),
    ],
)
def test_the_file_of_an_insert_stands_before_its_settings(text: bytes, sql: bytes) -> None:
    assert parse(text).from_file("/f", "X") == sql


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", 62),
        (b"  -- nothing\n", 62),
        (b";", 62),
        (b"SELECT 1; DROP TABLE t", 62),
        (b"SELECT 1;; /* x */ SELECT 2", 62),
        (b"SELECT 1 INTO OUTFILE '/a'", 48),
        (b"SELECT 1 into /* x */ outfile '/a'", 48),
        (b"INSERT INTO t FROM INFILE '/a' FORMAT CSV", 48),
    ],
)
def test_refused(text: bytes, code: int) -> None:
    with pytest.raises(Refused) as found:
        parse(text)
    assert found.value.code == code


def test_semicolons_in_texts_end_nothing() -> None:
    assert parse(b"SELECT ';', \"a;b\", `c;d`, $x$;$x$, 'it''s;', 'a\\';' ;").kind is Kind.SELECT


def test_script_is_split_without_its_comments() -> None:
    script = b"-- first; comment\nCREATE TABLE a (b String COMMENT 'x; -- y');\n\nDROP TABLE a; -- end\n"
    assert split(script) == [b"CREATE TABLE a (b String COMMENT 'x; -- y')", b"DROP TABLE a"]

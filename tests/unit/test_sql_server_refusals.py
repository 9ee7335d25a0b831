"""The look for what SQL Server refuses finds it, and leaves alone what that server takes."""

import pytest
import sqlalchemy as sa

from tests.sql_server_refusals import refusals, refusals_of_text, refused_meanwhile

REFUSED = {
    "LIMIT": "SELECT a FROM cms.t ORDER BY a LIMIT 5",
    "DISTINCT FROM": "SELECT a FROM cms.t WHERE a IS DISTINCT FROM b",
    "IS 1": "SELECT a FROM cms.t WHERE (a = ?) IS 1",
    "true": "UPDATE cms.t SET a = true",
    "||": "SELECT a || b AS c FROM cms.t",
    "FILTER (": "SELECT count(*) FILTER (WHERE a = ?) AS n FROM cms.t",
    "NULLS LAST": "SELECT a FROM cms.t ORDER BY a DESC NULLS LAST",
    "function greatest": "SELECT greatest(a, b) AS c FROM cms.t",
    "function substr": "SELECT a FROM cms.t WHERE substr(a, 1, 2) = ?",
    "too many": f"SELECT a FROM cms.t WHERE a IN ({', '.join('?' * 2_101)})",
    "brackets": "DELETE FROM cms.t WHERE (a, b) IN (SELECT c, d FROM cms.u)",
    "a condition is no value": "SELECT EXISTS (SELECT 1 FROM cms.t) AS found",
    "no value": "SELECT a, b > ? AS more FROM cms.t",
    "a value is no condition": "SELECT a FROM cms.t WHERE cms.t.is_open AND a = ?",
    "OFFSET": "SELECT a FROM cms.t OFFSET ? ROWS FETCH NEXT ? ROWS ONLY",
    "WITH": "SELECT a FROM (WITH x AS (SELECT 1 AS a) SELECT a FROM x) AS y",
    "(130)": "SELECT sum(CASE WHEN (EXISTS (SELECT 1 FROM cms.u)) THEN 1 ELSE 0 END) AS n FROM cms.t",
    "(8120)": "SELECT coalesce(a, ?) AS c, count(*) AS n FROM cms.t GROUP BY coalesce(a, ?) ORDER BY c",
    "(169)": "SELECT a FROM cms.t ORDER BY cms.t.a, coalesce(b, c), cms.t.a DESC",
    "(1008)": "SELECT a FROM cms.t ORDER BY ?",
}
TAKEN = [
    "SELECT TOP 5 a FROM cms.t WHERE a IS NOT NULL AND (b IS NULL OR b <= ?) ORDER BY a, b DESC",
    "SELECT a FROM cms.t WHERE a BETWEEN ? AND b AND NOT (EXISTS (SELECT 1 FROM cms.u WHERE cms.u.a = cms.t.a))",
    "SELECT a FROM cms.t ORDER BY a OFFSET ? ROWS FETCH NEXT ? ROWS ONLY",
    "INSERT INTO cms.t (a, b) OUTPUT inserted.a VALUES (?, 'limit')",
    "WITH x AS (SELECT a FROM cms.t) SELECT count(DISTINCT x.a) AS n FROM x GROUP BY x.a HAVING count(*) > ?",
    "SELECT row_number() OVER (PARTITION BY a, b ORDER BY c DESC, d) AS n FROM cms.t WHERE a IN (?, ?) AND [true] = 1",
    "UPDATE cms.t SET a=CASE WHEN (b = ?) THEN ? ELSE a END FROM cms.t, cms.u WHERE cms.t.k = cms.u.k",
    "SELECT sum(CASE WHEN (a > ?) THEN 1 ELSE 0 END) AS n, max(b) - min(b) AS c FROM cms.t",
]


@pytest.mark.parametrize(("said", "text"), REFUSED.items())
def test_what_sql_server_refuses_is_found(said: str, text: str) -> None:
    assert [refusal for refusal in refusals_of_text(text) if said in refusal]


@pytest.mark.parametrize("text", TAKEN)
def test_what_sql_server_takes_is_left_alone(text: str) -> None:
    assert refusals_of_text(text) == []


def test_a_statement_is_looked_at_as_sql_server_is_told_it() -> None:
    table = sa.table("orders", sa.column("a"), sa.column("b"))

    assert refusals(sa.select(table.c.a).order_by(table.c.a).limit(5)) == []
    assert refusals(sa.insert(table), ["a", "b"]) == []
    assert refusals(sa.select(sa.func.least(table.c.a, table.c.b)))
    assert refusals(sa.delete(table).where(sa.tuple_(table.c.a, table.c.b).in_([(1, 2)])))


def test_a_statement_that_only_sqlite_takes_is_told_when_it_is_run() -> None:
    with refused_meanwhile() as refused, sa.create_engine("sqlite://").connect() as connection:
        connection.execute(sa.select(sa.func.coalesce("ab", "b"))).all()
        assert refused == []
        connection.execute(sa.select(sa.func.instr("ab", "b"))).all()

    assert len(refused) == 1
    assert "instr" in refused[0]

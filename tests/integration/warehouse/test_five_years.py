"""The invented years of the benchmarks, small ones here: they are a warehouse as loads and plans make it."""

from cms.warehouse.tables import master_schedule, order_master
from cms.warehouse.warehouse import Warehouse
from tests.benchmarks.five_years import YearsOptions, fill, invent
from tests.integration.warehouse.loading import count_of
from tests.table_checks import find_problems

SMALL = YearsOptions(months=3, orders_a_month=40, customers=9)


def test_invented_years_agree_with_themselves(warehouse: Warehouse) -> None:
    counts = fill(warehouse.engine, SMALL)

    assert find_problems(warehouse.engine.url.render_as_string(hide_password=False)) == []
    assert counts["order_master"] == count_of(warehouse, order_master) == 120
    assert count_of(warehouse, master_schedule) > 5 * 120


def test_the_same_options_invent_the_same_orders() -> None:
    assert invent(SMALL).orders == invent(SMALL).orders

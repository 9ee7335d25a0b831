"""The suite of each dataset, and those of the tables that come of them."""

from functools import cache

from cms.application.ports import Dataset
from expectations.capacity_plan import capacity_plan_suite
from expectations.customers import customer_suite
from expectations.order_book import order_book_suite
from expectations.orders import order_suite
from expectations.published import schedule_suite
from expectations.rules import Suite, TableSuite
from expectations.windows import window_suite


@cache
def suite_of(dataset: Dataset) -> Suite:
    """What is expected of a dataset."""
    return {Dataset.CUSTOMERS: customer_suite, Dataset.WINDOWS: window_suite, Dataset.ORDERS: order_suite}[dataset]()


@cache
def loaded_suites() -> tuple[Suite, ...]:
    """Suites of staged rows, in the order in which datasets are loaded."""
    return tuple(suite_of(dataset) for dataset in (Dataset.CUSTOMERS, Dataset.WINDOWS, Dataset.ORDERS))


@cache
def table_suites() -> tuple[TableSuite, ...]:
    """Suites of tables as they stand: the published schedule, the order book, the capacity plan."""
    return (schedule_suite(), order_book_suite(), capacity_plan_suite())


def all_suites() -> tuple[Suite | TableSuite, ...]:
    """Every suite."""
    return (*loaded_suites(), *table_suites())

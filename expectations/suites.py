"""The suite of each dataset."""

from functools import cache

from cms.application.ports import Dataset
from expectations.customers import customer_suite
from expectations.orders import order_suite
from expectations.rules import Suite
from expectations.windows import window_suite


@cache
def suite_of(dataset: Dataset) -> Suite:
    """What is expected of a dataset."""
    return {Dataset.CUSTOMERS: customer_suite, Dataset.WINDOWS: window_suite, Dataset.ORDERS: order_suite}[dataset]()


def all_suites() -> tuple[Suite, ...]:
    """Every suite, in the order in which datasets are loaded."""
    return tuple(suite_of(dataset) for dataset in (Dataset.CUSTOMERS, Dataset.WINDOWS, Dataset.ORDERS))

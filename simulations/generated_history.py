"""The history of a generated company: for training, and for trials where there is no data of one's own yet."""

from datetime import date

from simulations.order_history import History, make_history


def generate_history(
    *,
    as_of: date = date(2026, 1, 5),
    customers: int = 40,
    orders_per_month: int = 200,
    months: int = 14,
    load: float = 0.88,
    seed: int = 1,
) -> History:
    """Orders, customers and plant of a generated company; the same arguments give the same history.

    Parameters
    ----------
    as_of : date
        The company's today, at which the history ends.
    months : int
        Length of the history.
    load : float
        Mean load of the open order book over the hours of the last two weeks.

    Raises
    ------
    InvalidValueError

    Examples
    --------
    >>> history = generate_history(customers=5, orders_per_month=20, months=2)
    >>> len(history.resources), history.last_day < date(2026, 1, 5)
    (5, True)
    """
    from cms.bootstrap import generated_company  # noqa: PLC0415 - workers of a study need no adapters

    company = generated_company(
        as_of=as_of,
        customers=customers,
        orders_per_month=orders_per_month,
        history_months=months,
        target_load=load,
        seed=seed,
    )
    plant = company.plant
    return make_history(
        f"generated company, {customers} customers",
        [record.order for record in company.orders],
        customers={record.customer.customer_id: record.customer for record in company.customers},
        resources=plant.resources,
        routings=plant.routings,
        exceptions=plant.exceptions,
        default_windows=plant.default_windows,
    )

"""One run of the model: a scenario meets a history under the luck of one replication."""

import gc
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import simpy

from cms.domain.customers import Customer, CustomerId
from cms.domain.errors import InvalidValueError
from simulations.arrival_process import Period, SimulatedOrder, WeeklyCount, arrivals, customers_with
from simulations.demand_terms import DemandTerms, demand_terms
from simulations.forecast import forecast_demand, weekly_counts
from simulations.measures import measure
from simulations.observations import Observations, OrderLife
from simulations.order_desk import Desk, desk_events
from simulations.order_history import History, monday_of
from simulations.plant import Plant
from simulations.plant_hours import KnownHours, known_hours, shift_hours
from simulations.random_streams import RandomStreams
from simulations.results import ReplicationResult
from simulations.rolling_horizon import RollingHorizon, made_order
from simulations.scenario import Scenario
from simulations.scenario_demand import Arrivals
from simulations.scenario_plant import Transit
from simulations.station import ServerProcess
from simulations.transit_delays import TransitDelays, load_delays

COLLECT_AFTER = 200_000
"""Values made and not yet freed before Python looks for cycles among them; its own default is 700."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A scenario on a history, checked: all that replications share.

    Parameters
    ----------
    delays : TransitDelays, optional
        As they were seen; None: the scenario's own figures hold.
    forecast : tuple of WeeklyCount
        For forecast-driven demand.
    """

    scenario: Scenario
    history: History
    period: Period
    known: KnownHours
    terms: DemandTerms
    customers: Mapping[CustomerId, Customer]
    delays: TransitDelays | None = None
    forecast: tuple[WeeklyCount, ...] = ()


def build_model(scenario: Scenario, history: History) -> Model:
    """The model of a scenario on a history.

    Raises
    ------
    InvalidValueError
        The two do not go together: the message names field, rule and value.
    """
    period = _period(scenario, history)
    customers = customers_with(history, scenario.demand)
    return Model(
        scenario=scenario,
        history=history,
        period=period,
        known=known_hours(history, scenario.plant, period, period.days + scenario.planning.horizon_days + 1),
        terms=demand_terms(history, scenario.plant, scenario.planning, customers),
        customers=customers,
        delays=_delays(scenario.transit),
        forecast=_forecast(scenario, history, period),
    )


def run_replication(model: Model, replication: int) -> ReplicationResult:
    """The figures of one replication: the same seed and number give the same bits."""
    with _rare_collections():
        return _run(model, replication)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Python looks for cycles less often: a plan is many small values without any, and looking is a fifth of a run."""
    usual = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _run(model: Model, replication: int) -> ReplicationResult:
    scenario, period = model.scenario, model.period
    streams = RandomStreams(seed=scenario.run.seed, replication=replication)
    orders = arrivals(model.history, scenario.demand, period, streams, forecast=model.forecast)
    seen = Observations(start=period.start, days=period.days)
    env = simpy.Environment()
    shifts = shift_hours(model.known, model.history, scenario.plant, period, streams)
    plant = Plant(env, shifts)
    horizon = RollingHorizon(
        model.history,
        scenario.planning,
        model.terms,
        period,
        known=model.known,
        shifts=shifts,
        plant=plant,
        observations=seen,
    )
    lives = {order.order_id: _life(order, period) for order in orders}
    numbers = {order.order_id: number for number, order in enumerate(orders)}
    seen.lives = list(lives.values())

    def on_known(order: SimulatedOrder) -> None:
        life = lives[order.order_id]
        life.known_hours = env.now
        made = made_order(
            order,
            life,
            terms=model.terms,
            period=period,
            holidays=model.known.holidays,
            work_factor=_work_factor(order, scenario),
            transit_delay_days=_transit_delay(order, model),
            number=numbers[order.order_id],
        )
        horizon.learn(order, made)

    env.process(_mornings(env, horizon, period.days))
    desk = Desk(env, scenario.desk, on_known=on_known, observations=seen)
    desk.receive(desk_events(orders, scenario.desk, period, streams))
    env.run(until=24.0 * period.days)
    return measure(
        scenario.name, replication, seen, model.history.resources, shifts, warm_up_days=scenario.run.warm_up_days
    )


def _mornings(env: simpy.Environment, horizon: RollingHorizon, days: int) -> ServerProcess:
    for day in range(days):
        horizon.begin_day(day)
        yield env.timeout(24 * (day + 1) - env.now)


def _life(order: SimulatedOrder, period: Period) -> OrderLife:
    return OrderLife(
        order_id=order.order_id,
        priority=order.priority,
        order_type=order.order_type,
        arrived_hours=order.arrival_hours,
        due_day=period.index(order.due),
    )


def _work_factor(order: SimulatedOrder, scenario: Scenario) -> float:
    """Actual over planned hours: lognormal with mean 1, and scrap is made again."""
    cv = scenario.plant.work_time_cv
    spread = math.sqrt(math.log1p(cv * cv))
    factor = math.exp(spread * order.work_luck - spread * spread / 2)
    return factor * (1 + _scrap_share(order, scenario.plant.yield_share))


def _scrap_share(order: SimulatedOrder, yield_share: float) -> float:
    """Units made again for each ordered, of a negative binomial by its normal approximation, from the order's luck."""
    if yield_share == 1:
        return 0.0
    mean = (1 - yield_share) / yield_share
    deviation = math.sqrt(mean / yield_share / float(order.quantity))
    return max(0.0, mean + deviation * _normal_quantile(order.yield_luck))


def _normal_quantile(share: float) -> float:
    from scipy.special import ndtri  # noqa: PLC0415 - only for scenarios with scrap

    return float(ndtri(min(max(share, 1e-12), 1 - 1e-12)))


def _transit_delay(order: SimulatedOrder, model: Model) -> int:
    transit = model.scenario.transit
    if model.delays is not None:
        family = order.product_family
        return max(0, model.delays.of(transit.modes.get(family, family)).at(order.transit_luck))
    if order.transit_luck >= transit.late_share:
        return 0
    if transit.mean_late_days == 1:
        return 1
    # what is left of the luck is uniform again
    left = order.transit_luck / transit.late_share
    return 1 + int(math.log1p(-left) / math.log(1 - 1 / transit.mean_late_days))


def _delays(transit: Transit) -> TransitDelays | None:
    if transit.delays_file is None:
        return None
    delays = load_delays(
        Path(transit.delays_file),
        scheduled_column=transit.scheduled_column,
        delivered_column=transit.delivered_column,
        date_format=transit.date_format,
        mode_column=transit.mode_column,
        delivery_column=transit.delivery_column,
        before=transit.delays_before,
    )
    for family, mode in transit.modes.items():
        if mode not in delays.by_mode:
            raise InvalidValueError(f"transit.modes.{family}", f"must be one of {', '.join(delays.by_mode)}", mode)
    return delays


def _period(scenario: Scenario, history: History) -> Period:
    run = scenario.run
    if scenario.demand.arrivals is Arrivals.FORECAST:
        start = run.start or monday_of(history.last_day) + timedelta(days=7)
        return _checked(Period(start=start, days=run.days or 91), scenario)
    start = run.start or _default_start(history, run.days)
    days = run.days or (history.last_day - start).days + 1
    if scenario.demand.arrivals is Arrivals.TRACE and not history.first_day <= start <= history.last_day:
        raise InvalidValueError(
            "run.start", f"must lie in the history, {history.first_day} to {history.last_day}", str(start)
        )
    return _checked(Period(start=start, days=days), scenario)


def _default_start(history: History, days: int | None) -> date:
    """The first day of a run that ends in the last week of the history; a longer run begins with the history.

    A run of so many days begins on a Monday, so that its weeks are those of the calendar.
    """
    if days is None:
        return history.first_day
    return max(monday_of(history.last_day - timedelta(days=days - 1)), history.first_day)


def _checked(period: Period, scenario: Scenario) -> Period:
    run = scenario.run
    if run.warm_up_days >= period.days:
        rule = f"must be less than the {period.days} days of the run"
        raise InvalidValueError("run.warm_up_days", rule, run.warm_up_days)
    for place, day in scenario.beginnings():
        index = period.index(day)
        is_free = place.startswith(("plant.capacity", "plant.maintenance"))
        if index >= period.days or (index < 0 and not is_free):
            rule = f"must lie in the run, {period.start} to {period.date(period.days - 1)}"
            raise InvalidValueError(place, rule, str(day))
    return period


def _forecast(scenario: Scenario, history: History, period: Period) -> tuple[WeeklyCount, ...]:
    if scenario.demand.arrivals is not Arrivals.FORECAST:
        return ()
    weeks = (period.date(period.days - 1) - monday_of(history.last_day)).days // 7
    return weekly_counts(forecast_demand(history, weeks=weeks), period.start)


def orders_of(model: Model, replication: int) -> Sequence[SimulatedOrder]:
    """The orders that arrive in a replication, for a look at the demand itself."""
    streams = RandomStreams(seed=model.scenario.run.seed, replication=replication)
    return arrivals(model.history, model.scenario.demand, model.period, streams, forecast=model.forecast)

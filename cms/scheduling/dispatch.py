"""Priority-rule construction: order by order, each gets its best delivery in the hours that are left.

Orders come by class, due date, weight (the heavier first) and id. The best delivery is the least tardy, then the
cheapest, then the earliest. It never moves what is placed, so it is fast and always feasible: the first plan of the
optimiser, its fallback, and the engine of simulations.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from cms.scheduling.candidates import earliest_candidates, find_candidate, open_completions, open_stops, way_candidates
from cms.scheduling.ledger import HoursLedger
from cms.scheduling.plan import Piece, Plan, is_changed, open_quantity, piece_of, unscheduled_days
from cms.scheduling.problem import OrderDemand
from cms.scheduling.tables import Completion, PlantTables, Way

_MONEY_ROUNDING = 1e-6
"""A routing whose own cost exceeds an offer by more than this has no cheaper one, whatever rounding makes of it."""


class Offer(NamedTuple):
    """A delivery that fits, ranked: compare offers to find the better one."""

    tardiness: int
    money: float
    delivery: int
    completion: int
    routing: int


def dispatch(plan: Plan, order_numbers: Iterable[int] | None = None) -> None:
    """Places the open quantity of each order, in dispatch sequence; all orders where none are named."""
    numbers = range(len(plan.pieces)) if order_numbers is None else order_numbers
    for number in dispatch_sequence(plan.tables, numbers):
        place_order(plan, number)


def dispatch_sequence(tables: PlantTables, order_numbers: Iterable[int]) -> list[int]:
    """Orders by class, due date, weight (the heavier first) and id."""
    orders = tables.problem.orders

    def rank(number: int) -> tuple[int, int, float, str]:
        order = orders[number]
        return order.priority, order.due_date.toordinal(), -order.weight, order.order_id

    return sorted(order_numbers, key=rank)


def place_order(plan: Plan, number: int) -> None:
    """Gives an order its best deliveries in the hours that are left; nothing where none fits."""
    order = plan.tables.problem.orders[number]
    quantity = open_quantity(order, plan.pieces[number])
    if quantity == 0.0:
        return
    if not _may_deliver_whole(order, plan.pieces[number], quantity):
        _place_split(plan, number, quantity)
        return
    offer = best_offer(plan, number, quantity)
    if offer is not None and (offer.tardiness == 0 or not order.splittable):
        plan.add(number, Piece(offer.routing, offer.completion, offer.delivery, quantity))
        return
    whole_days = quantity * (unscheduled_days(plan.tables, order) if offer is None else offer.tardiness)
    _place_split(plan, number, quantity, better_than_days=whole_days, otherwise=offer)


def _may_deliver_whole(order: OrderDemand, pieces: Sequence[Piece], quantity: float) -> bool:
    if not order.splittable:
        return True
    return quantity >= order.smallest_split and (order.max_splits is None or len(pieces) < order.max_splits)


def best_offer(plan: Plan, number: int, quantity: float) -> Offer | None:
    """The least tardy, then cheapest, then earliest delivery of that quantity that fits; None where none does.

    The published delivery stays instead of an equally tardy one that saves less than the change costs.
    """
    tables = plan.tables
    order = tables.problem.orders[number]
    share = quantity / order.quantity
    published = _published_offer(plan, number, quantity)
    if published is None:
        return _least_tardy(plan, order, share)
    least_money = min(way.cost for way in tables.ways(order)) * share
    if published.money - least_money <= tables.problem.change_cost - _MONEY_ROUNDING:
        # nothing saves as much as a change costs, so that only a less tardy delivery is worth a search
        return _least_tardy(plan, order, share, most=published.tardiness - 1) or published
    best = _least_tardy(plan, order, share, most=published.tardiness)
    if best is None or best.tardiness < published.tardiness:
        return best or published
    return published if published.money - best.money <= tables.problem.change_cost else best


def _least_tardy(plan: Plan, order: OrderDemand, share: float, *, most: float = float("inf")) -> Offer | None:
    """The best delivery of a share of the order that is at most so many days late, whatever is published."""
    tables = plan.tables
    best: Offer | None = None
    if most < 0:
        return best
    for way in tables.ways(order):
        if best is not None:
            if best.tardiness == 0 and way.cost * share > best.money + _MONEY_ROUNDING:
                continue
            most = best.tardiness
        offer = _way_offer(plan, order, way, share, most)
        if offer is not None and (best is None or offer < best):
            best = offer
    return best


def _way_offer(plan: Plan, order: OrderDemand, way: Way, share: float, most: float) -> Offer | None:
    offers = _paired_offers if way.shape.shares_resource else _separable_offers
    best: Offer | None = None
    for offer in offers(plan.tables, order, way, share, plan.ledger):
        if offer.tardiness > most:
            break
        if best is None or offer < best:
            best = offer
        if offer.tardiness > 0:
            break
    return best


def _separable_offers(
    tables: PlantTables, order: OrderDemand, way: Way, share: float, ledger: HoursLedger
) -> Iterator[Offer]:
    """The best completion for each delivery day, in order of day, until no later day can be cheaper.

    The cost of waiting falls by the same amount for every completion that is a day later, so the best of the
    completions up to a day is found by one walk along the completions.
    """
    due = tables.index(order.due_date)
    ship_hours = way.ship_hours if share == 1.0 else [hours * share for hours in way.ship_hours]
    waiting = tables.problem.holding_cost_per_hour_day * way.total_hours * share
    routing_money = way.cost * share
    completions, position, found = open_completions(tables, order, way), 0, None
    completion_hours = way.completion_hours if share == 1.0 else [hours * share for hours in way.completion_hours]
    for stop in open_stops(tables, order, way):
        before = position
        while position < len(completions) and completions[position].day <= stop.latest_completion:
            position += 1
        if position > before:
            found = _best_completion(completions[before:position], completion_hours, ledger, waiting, found)
        if found is None:
            continue
        overtime = ledger.overtime_money(stop.buckets, ship_hours)
        if overtime is not None:
            money = round(routing_money + overtime + found[0] + waiting * stop.ship_day, 9)
            yield Offer(max(0, stop.day - due), money, stop.day, found[1], way.routing)
            if money <= routing_money:
                return


def _best_completion(
    completions: Sequence[Completion],
    hours: Sequence[float],
    ledger: HoursLedger,
    waiting: float,
    before: tuple[float, int] | None,
) -> tuple[float, int] | None:
    """Overtime less what waiting is saved, and the day, of the best completion: one of these, else the one `before`.

    From the latest on: an earlier one waits longer, and soon cannot be better even without overtime.
    """
    best: tuple[float, int] | None = None
    for day, _, buckets in reversed(completions):
        if best is not None and -waiting * day > best[0]:
            break
        overtime = ledger.overtime_money(buckets, hours)
        if overtime is not None and (best is None or overtime - waiting * day <= best[0]):
            best = overtime - waiting * day, day
    return before if best is None or (before is not None and before[0] <= best[0]) else best


def _paired_offers(
    tables: PlantTables, order: OrderDemand, way: Way, share: float, ledger: HoursLedger
) -> Iterator[Offer]:
    """Every pair of completion and delivery that fits: for routings whose two anchors meet on one resource."""
    day, found = -1, False
    for candidate in way_candidates(tables, order, way):
        if found and candidate.tardiness > 0 and candidate.delivery > day:
            return
        buckets, hours = zip(*candidate.loads, strict=True)
        overtime = ledger.overtime_money(buckets, [whole * share for whole in hours])
        if overtime is not None:
            day, found = candidate.delivery, True
            money = candidate.money * share + overtime
            yield Offer(candidate.tardiness, round(money, 9), candidate.delivery, candidate.completion, way.routing)


def _published_offer(plan: Plan, number: int, quantity: float) -> Offer | None:
    """The published delivery of that quantity, where it fits and makes all that is published of the order."""
    tables, pieces = plan.tables, plan.pieces[number]
    order = tables.problem.orders[number]
    if len(order.current) != len(pieces) + 1:
        return None
    for current in order.current:
        if current.quantity != quantity:
            continue
        piece = piece_of(tables, order, current, frozen=False)
        if not pieces or not is_changed(tables, order, [*pieces, piece]):
            return _offer_for(plan, order, piece)
    return None


def _offer_for(plan: Plan, order: OrderDemand, piece: Piece) -> Offer | None:
    tables = plan.tables
    share = piece.quantity / order.quantity
    candidate = find_candidate(tables, order, tables.ways(order)[piece.routing], piece.completion, piece.delivery)
    if candidate is None:
        return None
    buckets = [bucket for bucket, _ in candidate.loads]
    overtime = plan.ledger.overtime_money(buckets, [hours * share for _, hours in candidate.loads])
    if overtime is None:
        return None
    money = candidate.money * share + overtime
    return Offer(candidate.tardiness, money, candidate.delivery, candidate.completion, piece.routing)


def _place_split(
    plan: Plan,
    number: int,
    quantity: float,
    *,
    better_than_days: float = float("inf"),
    otherwise: Offer | None = None,
) -> None:
    """Divides the open quantity where that is less tardy than `otherwise`, its best delivery as a whole."""
    order = plan.tables.problem.orders[number]
    pieces = _split_pieces(plan, number, quantity, better_than_days) if order.splittable else []
    if pieces:
        for piece in pieces:
            plan.add(number, piece)
    elif otherwise is not None:
        plan.add(number, Piece(otherwise.routing, otherwise.completion, otherwise.delivery, quantity))


def _split_pieces(plan: Plan, number: int, quantity: float, better_than_days: float) -> list[Piece]:
    """As many units as fit on the earliest delivery days, one piece after another; none where that is not better."""
    tables, ledger = plan.tables, plan.ledger.copy()
    order = tables.problem.orders[number]
    least = order.smallest_split
    most = int(quantity // least)
    if order.max_splits is not None:
        most = min(most, order.max_splits - len(plan.pieces[number]))
    pieces: list[Piece] = []
    left, days = int(quantity), 0
    for candidate in earliest_candidates(tables, order):
        # what is left is at least as tardy as this delivery
        if left < least or len(pieces) >= most or days + left * candidate.tardiness >= better_than_days:
            break
        buckets, hours = zip(*candidate.loads, strict=True) if candidate.loads else ((), ())
        units = _units(left, least, ledger.largest_share(buckets, hours) * order.quantity, last=len(pieces) == most - 1)
        if units:
            pieces.append(Piece(candidate.routing, candidate.completion, candidate.delivery, float(units)))
            share = units / order.quantity
            ledger.use((bucket, whole * share) for bucket, whole in candidate.loads)
            left -= units
            days += units * candidate.tardiness
    days += left * unscheduled_days(tables, order)
    return pieces if days < better_than_days else []


def _units(left: int, least: int, room: float, *, last: bool) -> int:
    """Whole units to deliver now: all that fit, but never so many that the rest is too small to follow."""
    units = min(left, int(room + 1e-9))
    if units < least:
        return 0
    rest = left - units
    if 0 < rest < least and not last:
        units = left - least
    return units if units >= least else 0

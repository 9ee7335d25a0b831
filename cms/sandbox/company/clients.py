"""Generates the customers: who they are, when they take delivery, and how they want to hear from us."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import TypeVar

from cms.domain.customers import Channel, Customer, CustomerId, CustomerStatus, DeliveryWindow
from cms.sandbox.company.names import PLACES, business_name, person_name
from cms.sandbox.company.options import CompanyOptions
from cms.sandbox.company.records import CustomerRecord

Choice = TypeVar("Choice")

DEFAULT_WINDOWS = tuple(
    DeliveryWindow(weekday=weekday, start=time(8), end=time(14) if weekday == 4 else time(17)) for weekday in range(5)
)
"""When customers without windows of their own take delivery."""

_HOURS = ((time(7), time(11)), (time(8), time(12)), (time(8), time(16)), (time(9), time(12, 30)), (time(13), time(17)))
_CHANNELS = ((Channel.EMAIL, 70), (Channel.CHAT, 12), (Channel.WEBHOOK, 8), (Channel.NONE, 10))
_PRIORITIES = ((1, 10), (2, 25), (3, 50), (4, 15))


def generate_customers(options: CompanyOptions) -> tuple[CustomerRecord, ...]:
    """Every customer, in order of id; about one in fifty is inactive."""
    return tuple(_customer(number, options) for number in range(options.customers))


def _customer(number: int, options: CompanyOptions) -> CustomerRecord:
    random = Random(f"{options.seed}:customer:{number}")
    place = random.choices(PLACES, [p.weight for p in PLACES])[0]
    windows_from, windows_to = _effective_dates(options.as_of, random)
    windows = _windows(random, windows_from, windows_to)
    name = business_name(number, random)
    created_at = _instant_between(options.history_start - timedelta(days=900), options.history_start, random)
    customer = Customer(
        customer_id=CustomerId(f"C{number + 1:05d}"),
        name=name,
        status=CustomerStatus.INACTIVE if number % 50 == 49 else CustomerStatus.ACTIVE,
        priority=_weighted(_PRIORITIES, random),
        time_zone=place.time_zone,
        transit_days=max(0, place.transit_days + random.choice((0, 0, 0, 1))),
        max_early_days=random.choice((2, 3, 5, 5, 7)),
        allows_split=random.random() < 0.4,
        contact_email=f"goods-in@{_domain(name)}.example",
        contact_phone=f"+49 555 {number + 1:06d}",
        preferred_channel=_weighted(_CHANNELS, random),
        windows=windows,
        blackout_dates=_blackouts(options.as_of, random),
    )
    return CustomerRecord(
        customer=customer,
        place=place,
        account_manager=person_name(random),
        created_at=created_at,
        updated_at=_instant_between(created_at.date(), options.as_of - timedelta(days=1), random),
        contract_until=options.as_of + timedelta(days=random.randint(90, 700)) if random.random() < 0.4 else None,
    )


def _windows(random: Random, start: date | None, end: date | None) -> tuple[DeliveryWindow, ...]:
    if random.random() > 0.65:
        return ()
    weekdays = sorted(random.sample(range(5), random.choice((1, 2, 2, 3))))
    hours = [random.choice(_HOURS) for _ in weekdays]
    return tuple(
        DeliveryWindow(weekday=weekday, start=opens, end=closes, effective_from=start, effective_to=end)
        for weekday, (opens, closes) in zip(weekdays, hours, strict=True)
    )


def _effective_dates(as_of: date, random: Random) -> tuple[date | None, date | None]:
    if random.random() > 0.12:
        return None, None
    # The end lies beyond the usual horizon: windows that run out inside it are a scenario, not the everyday.
    return as_of - timedelta(days=random.randint(30, 400)), as_of + timedelta(days=random.randint(120, 400))


def _blackouts(as_of: date, random: Random) -> frozenset[date]:
    if random.random() > 0.15:
        return frozenset()
    first = as_of + timedelta(days=random.randint(-30, 60))
    return frozenset(first + timedelta(days=index) for index in range(random.randint(1, 4)))


def _domain(name: str) -> str:
    return "-".join(name.lower().split()[:-1])


def _instant_between(start: date, end: date, random: Random) -> datetime:
    seconds = random.randrange(max(1, (end - start).days) * 86_400)
    return datetime.combine(start, time(), tzinfo=UTC) + timedelta(seconds=seconds)


def _weighted(choices: tuple[tuple[Choice, int], ...], random: Random) -> Choice:
    return random.choices([value for value, _ in choices], [weight for _, weight in choices])[0]

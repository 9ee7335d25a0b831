"""What a notice says: subject and text, made from its facts alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from cms.application.ports import DeliveryNotice
from cms.domain.errors import NotificationError


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A rendered notice: one line of subject, and a text."""

    subject: str
    text: str


def render(notice: DeliveryNotice) -> Message:
    """The message of a notice.

    Raises
    ------
    NotificationError
        Permanent: no message is known for the kind, or a fact that it needs is missing.
    """
    template = _TEMPLATES.get(notice.kind)
    if template is None:
        raise NotificationError(f"no message for a notice of kind {notice.kind!r}", is_permanent=True)
    try:
        return template(notice.facts)
    except KeyError as missing:
        text = f"a {notice.kind!r} notice needs the fact {missing}"
        raise NotificationError(text, is_permanent=True) from None


def _scheduled(facts: Mapping[str, Any]) -> Message:
    return Message(
        subject=f"Order {facts['order_id']}: delivery on {_day(facts['new_delivery_date'])}",
        text=_letter(facts, f"your order {facts['order_id']} is scheduled.", _promise(facts)),
    )


def _changed(facts: Mapping[str, Any]) -> Message:
    moved = f"It was planned for {_day(facts['old_delivery_date'])} before." if facts["old_delivery_date"] else ""
    return Message(
        subject=f"Order {facts['order_id']}: delivery now on {_day(facts['new_delivery_date'])}",
        text=_letter(facts, f"the delivery of your order {facts['order_id']} has changed.", _promise(facts), moved),
    )


def _late(facts: Mapping[str, Any]) -> Message:
    tardiness = max(delivery["tardiness_days"] for delivery in facts["deliveries"])
    days = "1 day" if tardiness == 1 else f"{tardiness} days"
    late = f"That is {days} after the agreed {_day(facts['due_date'])}. We are sorry; you hear at once if we gain time."
    return Message(
        subject=f"Order {facts['order_id']}: later than agreed, on {_day(facts['new_delivery_date'])}",
        text=_letter(facts, f"your order {facts['order_id']} will be late.", _promise(facts), late),
    )


def _unscheduled(facts: Mapping[str, Any]) -> Message:
    return Message(
        subject=f"Order {facts['order_id']} has lost its delivery",
        text=(
            f"Order {facts['order_id']} of {facts['customer_name']} ({facts['quantity']} units, due "
            f"{_day(facts['due_date'])}) was planned for {_day(facts['old_delivery_date'])} and has no delivery in "
            f"the new schedule.\n\nSee why: cms schedule explain {facts['order_id']}\n"
        ),
    )


def _alert(facts: Mapping[str, Any]) -> Message:
    return Message(subject=str(facts["subject"]), text=str(facts["text"]))


_TEMPLATES: dict[str, Callable[[Mapping[str, Any]], Message]] = {
    "scheduled": _scheduled,
    "changed": _changed,
    "late": _late,
    "unscheduled": _unscheduled,
    "alert": _alert,
}


def _letter(facts: Mapping[str, Any], opening: str, *paragraphs: str) -> str:
    body = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    return f"Dear {facts['customer_name']},\n\n{opening}\n\n{body}\n"


def _promise(facts: Mapping[str, Any]) -> str:
    return "\n".join(
        f"  {_day(d['delivery_date'])}, between {d['window_start']} and {d['window_end']}: {d['quantity']} units"
        for d in facts["deliveries"]
    )


def _day(iso_date: str) -> str:
    """A date that cannot be misread: Tuesday 6 January 2026.

    Examples
    --------
    >>> _day("2026-01-06")
    'Tuesday 6 January 2026'
    """
    day = date.fromisoformat(iso_date)
    return f"{day:%A} {day.day} {day:%B %Y}"

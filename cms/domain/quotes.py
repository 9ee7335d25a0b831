"""What becomes of a quote."""

from enum import StrEnum


class QuoteStatus(StrEnum):
    """A quote is given, may be reserved until an expiry, and is then confirmed, cancelled or expired."""

    QUOTED = "quoted"
    RESERVED = "reserved"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

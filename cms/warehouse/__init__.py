"""The warehouse: tables, migrations, gated loads and the stores that the use cases read and write.

Only what is asked for is imported: a command that needs one store pays for no other.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cms.warehouse.warehouse import Warehouse

__all__ = ["Warehouse"]


def __getattr__(name: str) -> object:
    if name != "Warehouse":
        raise AttributeError(name)
    from cms.warehouse.warehouse import Warehouse  # noqa: PLC0415 - SQLAlchemy takes a while to import

    return Warehouse

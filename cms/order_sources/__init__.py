"""Orders and customers from order management: files, SQL queries and REST, mapped by the settings alone."""

from collections.abc import Mapping

from cms.application.compare_legacy import DeliverySource
from cms.application.ports import CustomerSource, OrderSource
from cms.config import FileSourceSettings, RestSourceSettings, SourceSettings, SqlSourceSettings
from cms.domain.errors import ConfigurationError
from cms.order_sources.mapped_source import MappedSource, TableReader


def open_order_source(name: str, settings: SourceSettings, environment: Mapping[str, str]) -> OrderSource:
    """The source of orders that the settings describe; nothing is read before it is asked.

    Parameters
    ----------
    environment : mapping of str to str
        Where ``${NAME}`` in addresses and bearer tokens come from.

    Raises
    ------
    ConfigurationError
        The settings need a variable that the environment lacks, or a kind that another adapter serves.
    """
    return MappedSource(name=name, settings=settings, reader=_reader(name, settings, environment))


def open_customer_source(name: str, settings: SourceSettings, environment: Mapping[str, str]) -> CustomerSource:
    """The source of customers that the settings describe; rows that say the same of a customer count once.

    Raises
    ------
    ConfigurationError
        As for `open_order_source`.
    """
    return MappedSource(name=name, settings=settings, reader=_reader(name, settings, environment))


def open_delivery_source(name: str, settings: SourceSettings, environment: Mapping[str, str]) -> DeliverySource:
    """The schedule of another system that the settings describe.

    Raises
    ------
    ConfigurationError
        As for `open_order_source`.
    """
    return MappedSource(name=name, settings=settings, reader=_reader(name, settings, environment))


def _reader(name: str, settings: SourceSettings, environment: Mapping[str, str]) -> TableReader:
    match settings:
        case FileSourceSettings():
            from cms.order_sources.files import FileReader

            return FileReader(name=name, settings=settings)
        case SqlSourceSettings():
            from cms.order_sources.sql import SqlReader

            return SqlReader.open(name, settings, environment)
        case RestSourceSettings():
            from cms.order_sources.rest import RestReader

            return RestReader.open(name, settings, environment)
    raise ConfigurationError((f"sources.{name}.kind: {settings.kind!r} is not read from files, SQL or REST",))

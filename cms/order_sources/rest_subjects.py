"""Reads single orders or customers again by REST, several at a time: what an event tells of is looked up."""

import threading
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import requests

from cms.aggregation.row_grouping import ReadRow
from cms.application.ports import Dataset, SourceBatch
from cms.config import RestSourceSettings
from cms.domain.errors import ConfigurationError
from cms.order_sources.environment import expanded
from cms.order_sources.mapped_source import MappedSource, Table
from cms.order_sources.rest import RestReader, shown_url
from cms.order_sources.rest_pages import PageReader, flat_item

AT_A_TIME = 8
LONGEST_WAIT_SECONDS = 10.0
_DATASETS = {"orders": Dataset.ORDERS, "customers": Dataset.CUSTOMERS}


@dataclass(frozen=True, kw_only=True)
class RestSubjectSource:
    """A REST source, asked for single items. Each is tried once: the inbox tries again, later and for longer."""

    name: str
    settings: RestSourceSettings
    address: str = field(repr=False)
    token: str | None = field(repr=False)
    _local: threading.local = field(default_factory=threading.local, repr=False)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_A_TIME), repr=False)

    @classmethod
    def open(cls, name: str, settings: RestSourceSettings, environment: Mapping[str, str]) -> "RestSubjectSource":
        """The source by its settings; nothing is asked yet.

        Raises
        ------
        ConfigurationError
            The environment lacks the token, the address has no place for the id, or lines make one item.
        """
        if settings.group_by is not None:
            raise ConfigurationError((f"sources.{name}.group_by: events need a source with one item for one order",))
        listing = RestReader.open(name, settings, environment)
        address = expanded(settings.item_url or f"{listing.url}/{{id}}", environment, f"sources.{name}.item_url")
        if "{id}" not in address:
            raise ConfigurationError((f"sources.{name}.item_url: must contain {{id}}, found {shown_url(address)!r}",))
        patience = {"max_attempts": 1, "timeout_seconds": min(settings.timeout_seconds, LONGEST_WAIT_SECONDS)}
        return cls(name=name, settings=settings.model_copy(update=patience), address=address, token=listing.token)

    @property
    def dataset(self) -> Dataset:
        """What its rows are."""
        return _DATASETS[self.settings.dataset]

    def read_subjects(self, subject_ids: Sequence[str]) -> SourceBatch:
        """What the source says of them now; one that answers 410 (gone) is removed, one it does not know is an error.

        Raises
        ------
        SourceError
        """
        answers = dict(zip(subject_ids, self._pool.map(self._ask, subject_ids), strict=True))
        found = [item for item in answers.values() if item is not None]
        gone = frozenset(subject for subject, item in answers.items() if item is None)
        batch = MappedSource(
            name=self.name, settings=self.settings, reader=_Found(place=shown_url(self.address), items=found)
        ).read(watermark=None)
        return replace(batch, removed_ids=lambda: gone | batch.removed_ids())

    def _ask(self, subject_id: str) -> Mapping[str, Any] | None:
        """An item as it is now; None: it is gone."""
        reader = _ItemReader(source=self.name, settings=self.settings, session=self._session())
        page = reader.page(self.address.replace("{id}", quote(subject_id, safe="")))
        return page.items[0] if page.items else None

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            session = requests.Session()
            if self.token:
                session.headers["Authorization"] = f"Bearer {self.token}"
            self._local.session = session
        session = self._local.session
        assert isinstance(session, requests.Session), "nobody else puts something there"
        return session


@dataclass(frozen=True, kw_only=True)
class _ItemReader(PageReader):
    """Takes an answer that is one item for a page with that item; one that is gone for an empty page."""

    def _is_gone(self, answer: requests.Response) -> bool:
        return answer.status_code == HTTPStatus.GONE

    def _items(self, url: str, body: Any) -> tuple[Mapping[str, Any], ...]:
        if not isinstance(body, dict):
            raise self._error(url, f"is no object but a {type(body).__name__}; check item_url")
        return (flat_item(body),)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """Items that were found, as a table."""

    place: str
    items: Sequence[Mapping[str, Any]]

    def read(self, watermark: str | None) -> Table:  # noqa: ARG002 - the port asks with one; single items have none
        columns = tuple(dict.fromkeys(key for item in self.items for key in item)) or None
        return Table(place=self.place, columns=columns, rows=self._rows())

    def _rows(self) -> Generator[ReadRow]:
        yield from ((item, ()) for item in self.items)

"""Reads order management by REST: page after page of JSON, from the last update seen, with patience for bad moments."""

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import requests

from cms.aggregation.row_grouping import ReadRow
from cms.config import RestSourceSettings
from cms.domain.errors import ConfigurationError, SourceError
from cms.order_sources.environment import expanded
from cms.order_sources.mapped_source import Table
from cms.order_sources.rest_pages import Page, PageReader, value_at
from cms.order_sources.watermarks import WatermarkSeen, earlier, from_text


@dataclass(frozen=True, kw_only=True)
class RestReader:
    """A REST resource as a table.

    Parameters
    ----------
    pause : callable
        Waits some seconds between tries.
    """

    name: str
    settings: RestSourceSettings
    url: str = field(repr=False)
    token: str | None = field(repr=False)
    pause: Callable[[float], None] = time.sleep

    @classmethod
    def open(
        cls,
        name: str,
        settings: RestSourceSettings,
        environment: Mapping[str, str],
        pause: Callable[[float], None] = time.sleep,
    ) -> "RestReader":
        """The resource's reader; nothing is asked yet.

        Raises
        ------
        ConfigurationError
            The environment lacks the token, or a variable of the address.
        """
        variable = settings.token_variable
        token = None if variable is None else environment.get(variable, "").strip()
        if token == "":
            raise ConfigurationError((f"sources.{name}.token_variable: set {variable} in the environment",))
        url = expanded(settings.url, environment, f"sources.{name}.url")
        return cls(name=name, settings=settings, url=url, token=token, pause=pause)

    def read(self, watermark: str | None) -> Table:
        """Every item, or those updated since the watermark (inclusive, and a little before it).

        Raises
        ------
        SourceError
            The service is not reachable, refuses the token, or answers in another shape than the settings say. Also
            while the rows are read.
        """
        settings = self.settings
        start = None if watermark is None or not settings.updated_since_parameter else from_text(watermark)
        seen = WatermarkSeen(start=start)
        pages = self._pages(seen)
        first = next(pages)
        keeps_watermark = settings.updated_since_parameter and self._updated_key
        return Table(
            place=self._place,
            columns=tuple(dict.fromkeys(key for item in first.items for key in item)) if first.items else None,
            rows=self._rows(first, pages, seen),
            watermark=seen.text if keeps_watermark else lambda: None,
            complete=settings.complete and start is None,
        )

    def _rows(self, first: Page, pages: Generator[Page], seen: WatermarkSeen) -> Generator[ReadRow]:
        with closing(pages):
            for page in chain([first], pages):
                seen.now = page.server_time or seen.now
                for item in page.items:
                    if self._updated_key is not None:
                        seen.see(item.get(self._updated_key))
                    yield item, ()

    def _pages(self, seen: WatermarkSeen) -> Generator[Page]:
        url: str | None = _with_parameters(self.url, self._first_parameters(seen))
        asked: set[str] = set()
        with requests.Session() as session:
            if self.token:
                session.headers["Authorization"] = f"Bearer {self.token}"
            reader = PageReader(source=self.name, settings=self.settings, session=session, pause=self.pause)
            while url is not None:
                if url in asked:
                    raise SourceError(f"source {self.name!r} ({self._place}): its pages lead back to one already read")
                asked.add(url)
                page = reader.page(url)
                yield page
                url = self._next_url(url, page)

    def _first_parameters(self, seen: WatermarkSeen) -> dict[str, str]:
        settings = self.settings
        parameters = {}
        if settings.page_size_parameter:
            parameters[settings.page_size_parameter] = str(settings.page_size)
        if seen.start is not None and settings.updated_since_parameter:
            since = earlier(seen.start, settings.overlap_seconds)
            parameters[settings.updated_since_parameter] = str(since)
        return parameters

    def _next_url(self, url: str, page: Page) -> str | None:
        following = value_at(page.body, self.settings.next_key)
        if following in (None, "", False):
            return self._own(urljoin(url, page.linked)) if page.linked else None
        if self.settings.next_parameter:
            return _with_parameters(url, {self.settings.next_parameter: str(following)})
        if not isinstance(following, str):
            rule = f"its {self.settings.next_key!r} is no link but {following!r}; set next_parameter for a cursor"
            raise SourceError(f"source {self.name!r} ({self._place}): {rule}")
        return self._own(urljoin(url, following))

    def _own(self, url: str) -> str:
        """A link to another server would carry our token there."""
        if urlsplit(url)[:2] != urlsplit(self.url)[:2]:
            raise SourceError(
                f"source {self.name!r} ({self._place}): its next page is on {urlsplit(url).netloc}, another server"
            )
        return url

    @property
    def _updated_key(self) -> str | None:
        mapped = self.settings.fields.get("source_updated_at")
        return self.settings.updated_key or (mapped.column if mapped else None)

    @property
    def _place(self) -> str:
        return shown_url(self.url)


def shown_url(url: str) -> str:
    """An address without what may be secret in it: user, password and parameters."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True)) | dict(parameters)
    return urlunsplit(parts._replace(query=urlencode(query)))

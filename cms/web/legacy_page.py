"""The report of a comparison with the legacy system: one self-contained HTML file."""

from datetime import datetime
from decimal import Decimal

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from cms.application.legacy_comparison import LegacyComparison


def render_legacy_page(comparison: LegacyComparison, *, file: str, rendered_at: datetime) -> str:
    """The page as HTML that needs nothing from anywhere.

    Parameters
    ----------
    file : str
        Name of the legacy system's export.
    """
    environment = Environment(
        loader=PackageLoader("cms.web"), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["units"] = _units
    return environment.get_template("legacy.html").render(
        comparison=comparison,
        counts=comparison.counts(),
        file=file,
        rendered_at=rendered_at,
    )


def _units(quantity: Decimal | None) -> str:
    return "" if quantity is None else f"{quantity.normalize():f}"

"""Made-up names and places: nobody real is in the generated company."""

from dataclasses import dataclass
from random import Random

_FIRST = (
    "Alder", "Amber", "Ashford", "Aurora", "Basalt", "Birchwood", "Bluewater", "Bramble", "Brightside", "Cobalt",
    "Copper", "Coral", "Cresthill", "Dunmore", "Eastgate", "Elmstead", "Fairmont", "Ferngrove", "Fjord", "Foxglove",
    "Granite", "Greenfield", "Halden", "Harbour", "Hazel", "Heron", "Ironbridge", "Juniper", "Kestrel", "Kingsway",
    "Larch", "Linden", "Lowland", "Maple", "Meridian", "Midland", "Moorland", "Northway", "Oakhurst", "Osprey",
    "Pinecrest", "Quarry", "Redwood", "Riverside", "Rowan", "Saffron", "Silverlake", "Stonegate", "Sundale",
    "Thornbury", "Umber", "Valley", "Westbrook", "Willow", "Windmere", "Yarrow",
)  # fmt: skip
_SECOND = (
    "Interiors", "Joinery", "Hotels", "Kitchens", "Offices", "Retail", "Shopfitting", "Marine", "Exhibitions",
    "Housing", "Hospitals", "Schools", "Furniture", "Caravans", "Theatres", "Laboratories", "Galleries", "Markets",
)  # fmt: skip
_LEGAL_FORM = ("GmbH", "Ltd", "AG", "SARL", "BV", "Inc", "Oy", "AB")
_GIVEN = ("Ada", "Bruno", "Clara", "Dario", "Edda", "Felix", "Greta", "Hanno", "Ines", "Jonas", "Klara", "Levin")
_FAMILY = ("Abel", "Brandt", "Castell", "Dorn", "Ekholm", "Farkas", "Gruber", "Hollis", "Ivarsson", "Jansen", "Kovac")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A town with the facts that deliveries need.

    Parameters
    ----------
    transit_days : int
        Usual calendar days from the plant's dock.
    """

    city: str
    country: str
    country_code: str
    time_zone: str
    latitude: float
    longitude: float
    transit_days: int
    weight: int


PLACES = (
    Place(city="Kassel", country="Germany", country_code="DE", time_zone="Europe/Berlin",
          latitude=51.31, longitude=9.49, transit_days=0, weight=10),
    Place(city="Bremen", country="Germany", country_code="DE", time_zone="Europe/Berlin",
          latitude=53.08, longitude=8.80, transit_days=1, weight=22),
    Place(city="Ulm", country="Germany", country_code="DE", time_zone="Europe/Berlin",
          latitude=48.40, longitude=9.99, transit_days=1, weight=22),
    Place(city="Linz", country="Austria", country_code="AT", time_zone="Europe/Vienna",
          latitude=48.31, longitude=14.29, transit_days=1, weight=8),
    Place(city="Lyon", country="France", country_code="FR", time_zone="Europe/Paris",
          latitude=45.76, longitude=4.84, transit_days=2, weight=10),
    Place(city="Utrecht", country="Netherlands", country_code="NL", time_zone="Europe/Amsterdam",
          latitude=52.09, longitude=5.12, transit_days=1, weight=8),
    Place(city="Leeds", country="United Kingdom", country_code="GB", time_zone="Europe/London",
          latitude=53.80, longitude=-1.55, transit_days=3, weight=8),
    Place(city="Tampere", country="Finland", country_code="FI", time_zone="Europe/Helsinki",
          latitude=61.50, longitude=23.79, transit_days=4, weight=4),
    Place(city="Porto", country="Portugal", country_code="PT", time_zone="Europe/Lisbon",
          latitude=41.15, longitude=-8.61, transit_days=4, weight=3),
    Place(city="Halifax", country="Canada", country_code="CA", time_zone="America/Halifax",
          latitude=44.65, longitude=-63.57, transit_days=7, weight=1),
)  # fmt: skip


def business_name(number: int, random: Random) -> str:
    """A business name; `number` makes it unique once the words have run out."""
    first = _FIRST[(number * 31 + 7) % len(_FIRST)]
    second = _SECOND[(number // len(_FIRST) * 5 + number) % len(_SECOND)]
    generation = number // (len(_FIRST) * len(_SECOND))
    suffix = f" {generation + 1}" if generation else ""
    return f"{first} {second}{suffix} {random.choice(_LEGAL_FORM)}"


def person_name(random: Random) -> str:
    """The name of somebody to talk to."""
    return f"{random.choice(_GIVEN)} {random.choice(_FAMILY)}"

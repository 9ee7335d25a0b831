"""The integration reference: every example in it can be used as it stands, and no setting is left out."""

import re
import tomllib
from pathlib import Path

import pytest

from cms.aggregation.dataset_fields import FIELDS_OF
from cms.config import FieldSettings, FileSourceSettings, RestSourceSettings, Settings, SqlSourceSettings, read_settings
from cms.order_sources.plant_file import read_plant

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = (ROOT / "docs" / "reference" / "integration.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", REFERENCE, re.DOTALL)
SETTINGS = [example for example in EXAMPLES if "[sources." in example]
PLANTS = [example for example in EXAMPLES if "[[resources]]" in example]
SAID_OF_MONDAY = {"kind", "dataset"}


def test_the_reference_has_an_example_of_every_kind() -> None:
    kinds = {source["kind"] for text in SETTINGS for source in tomllib.loads(text)["sources"].values()}

    assert kinds == {"file", "sql", "rest", "monday"}
    assert len(SETTINGS) + len(PLANTS) == len(EXAMPLES)


@pytest.mark.parametrize("text", SETTINGS, ids=lambda text: text.partition("]")[0].removeprefix("[sources."))
def test_every_settings_example_can_be_used(text: str, tmp_path: Path) -> None:
    path = tmp_path / "cms.toml"
    path.write_text(text, encoding="utf-8")

    assert isinstance(read_settings(path, {}), Settings)


def test_the_plant_example_can_be_used(tmp_path: Path) -> None:
    path = tmp_path / "plant.toml"
    path.write_text(PLANTS[0], encoding="utf-8")

    assert read_plant(path).resources


@pytest.mark.parametrize("name", ["online_retail", "scms"])
def test_the_worked_examples_can_be_used(name: str) -> None:
    assert read_settings(ROOT / "docs" / "examples" / f"{name}.toml", {}).sources


def test_every_rule_and_setting_is_described() -> None:
    settings = (FieldSettings, FileSourceSettings, RestSourceSettings, SqlSourceSettings)
    keys = {key for section in settings for key in section.model_fields} - SAID_OF_MONDAY
    undescribed = {key for key in keys if not re.search(rf"\b{key}\b", REFERENCE)}

    assert undescribed == set()


def test_every_field_is_described() -> None:
    fields = FIELDS_OF["orders"].keys() | FIELDS_OF["customers"].keys()

    assert {field for field in fields if f"`{field}`" not in REFERENCE} == set()

import importlib
import pkgutil
import re
from pathlib import Path

import cms.domain

GLOSSARY = Path(__file__).parents[3] / "docs" / "glossary.md"


def public_names() -> set[str]:
    names = set()
    for module_info in pkgutil.iter_modules(cms.domain.__path__):
        module = importlib.import_module(f"cms.domain.{module_info.name}")
        names |= {
            name
            for name, value in vars(module).items()
            if not name.startswith("_") and (getattr(value, "__module__", None) == module.__name__)
        }
    return names


def test_the_glossary_and_the_public_names_of_the_domain_are_the_same() -> None:
    rows = [line for line in GLOSSARY.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    explained = {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    assert explained == public_names()

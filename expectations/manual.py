"""The expectations as the steward's manual lists them; ``python -m expectations.manual PAGE`` updates a page."""

import re
import sys
from pathlib import Path

from expectations.rules import RowRule, Rule, Suite, TableSuite
from expectations.suites import all_suites

BEGIN, END = "<!-- expectations: written by python -m expectations.manual -->", "<!-- end of expectations -->"


def with_expectations(page: str) -> str:
    """The page with its list of expectations as the suites have them now."""
    written = f"{BEGIN}\n\n{suites_as_markdown()}\n{END}"
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: written, page, flags=re.DOTALL)


def suites_as_markdown() -> str:
    """Every suite as a heading, what it does, and a table of its expectations."""
    return "\n".join(_suite_as_markdown(suite) for suite in all_suites())


def _suite_as_markdown(suite: Suite | TableSuite) -> str:
    lines = [f"### {suite.title}", "", suite.about, "", "| expectation | severity | if it is not met | remedy |"]
    lines += ["|---|---|---|---|", *(_line(rule) for rule in suite.rules), ""]
    return "\n".join(lines)


def _line(rule: Rule) -> str:
    severity = "critical, acceptable" if isinstance(rule, RowRule) and rule.is_suspicion else rule.severity.value
    cells = (f"**{rule.name}**: {rule.description}", severity, rule.consequence, rule.remedy)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        file = Path(name)
        file.write_text(with_expectations(file.read_text(encoding="utf-8")), encoding="utf-8")

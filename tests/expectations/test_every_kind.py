"""Every table that is loaded or published is looked at in every way, and every expectation is proved green and red."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from cms.application.ports import Severity
from cms.config import GateSettings
from expectations.rules import LoadFacts, LoadRule
from expectations.suites import all_suites, loaded_suites
from tests.expectations import cases, test_standing_tables

KINDS = (
    "completeness",
    "types",
    "ranges",
    "allowed values",
    "uniqueness",
    "references",
    "consistency",
    "freshness",
    "volume",
    "drift",
)
BY_THE_TABLE = "the table itself: a column type, a key, or a column that must be filled"
NOTHING_TO_REFER_TO = "customers refer to nothing"
ONLY_DEMAND_DRIFTS = "only demand drifts: it is watched in the order book"
AS_LONG_AS_THE_HORIZON = "its rows are the days of the horizon"
NOT_LOOKED_AT_ALONE = {BY_THE_TABLE, NOTHING_TO_REFER_TO, ONLY_DEMAND_DRIFTS, AS_LONG_AS_THE_HORIZON}
LOOKED_AT: Mapping[str, Mapping[str, str]] = {
    "customer_master": {
        "completeness": "name is given",
        "types": "every field can be read",
        "ranges": "priority lies between 1 and 9",
        "allowed values": "status is one we know",
        "uniqueness": "a customer appears once in a load",
        "references": NOTHING_TO_REFER_TO,
        "consistency": "a customer comes from one source",
        "freshness": "sources are fresh",
        "volume": "a complete snapshot keeps its size",
        "drift": ONLY_DEMAND_DRIFTS,
    },
    "delivery_schedules": {
        "completeness": "weekday is given",
        "types": "every field can be read",
        "ranges": "weekday lies between 0 and 6",
        "allowed values": "a window lies in working hours",
        "uniqueness": "windows of a customer do not overlap",
        "references": "every window belongs to a known customer",
        "consistency": "windows of a customer do not all end",
        "freshness": "sources are fresh",
        "volume": "a complete snapshot keeps its size",
        "drift": ONLY_DEMAND_DRIFTS,
    },
    "order_master": {
        "completeness": "quantity is known of every order",
        "types": "every field can be read",
        "ranges": "quantity is plausible",
        "allowed values": "status is one we know",
        "uniqueness": "an order appears once in a load",
        "references": "every order belongs to a known customer",
        "consistency": "open orders are of active customers",
        "freshness": "sources are fresh",
        "volume": "as many orders come in as usual",
        "drift": "the mix by product family is as usual",
    },
    "master_schedule": {
        "completeness": "every open order has a date or a reason",
        "types": BY_THE_TABLE,
        "ranges": "every delivery brings something at some time",
        "allowed values": "every delivery lies in a window of its customer",
        "uniqueness": BY_THE_TABLE,
        "references": "every delivery is made by a known routing",
        "consistency": "deliveries add up to what was ordered",
        "freshness": "the published schedule is of today or yesterday",
        "volume": "about as many orders are scheduled as before",
        "drift": ONLY_DEMAND_DRIFTS,
    },
    "capacity_planning": {
        "completeness": BY_THE_TABLE,
        "types": BY_THE_TABLE,
        "ranges": "no hours are less than none",
        "allowed values": "overtime is approved",
        "uniqueness": BY_THE_TABLE,
        "references": "every load serves a delivery",
        "consistency": "committed hours are the sum of the loads",
        "freshness": "the published schedule is of today or yesterday",
        "volume": AS_LONG_AS_THE_HORIZON,
        "drift": ONLY_DEMAND_DRIFTS,
    },
    "schedule_history": {
        "completeness": "every changed date has its line of history",
        "types": BY_THE_TABLE,
        "ranges": BY_THE_TABLE,
        "allowed values": "the history says what, why and by whom",
        "uniqueness": BY_THE_TABLE,
        "references": "every changed date has its line of history",
        "consistency": "an order carries the date of its schedule",
        "freshness": "the published schedule is of today or yesterday",
        "volume": "about as many orders are scheduled as before",
        "drift": ONLY_DEMAND_DRIFTS,
    },
    "weekly_capacity_plan": {
        "completeness": "every resource has its weeks",
        "types": BY_THE_TABLE,
        "ranges": "a week of the capacity plan begins on Monday and has possible hours",
        "allowed values": "a week of the capacity plan begins on Monday and has possible hours",
        "uniqueness": BY_THE_TABLE,
        "references": "the capacity plan is of known resources",
        "consistency": "every resource has its weeks",
        "freshness": "the capacity plan is of this week",
        "volume": "every resource has its weeks",
        "drift": ONLY_DEMAND_DRIFTS,
    },
}
GOOD_LOAD = LoadFacts(
    rows=40,
    bad_rows=0,
    complete=True,
    held_rows=40,
    recent_rows=(40, 40, 40),
    usual_hours={9: 400, 10: 400},
    hours={9: 20, 10: 20},
)
BAD_LOADS: Mapping[str, LoadFacts] = {
    "most rows are good": LoadFacts(rows=40, bad_rows=20),
    "some row is good": LoadFacts(rows=40, bad_rows=40),
    "a complete snapshot has rows": LoadFacts(rows=0, bad_rows=0, complete=True, held_rows=40),
    "a complete snapshot keeps its size": LoadFacts(
        rows=10, bad_rows=0, complete=True, held_rows=40, recent_rows=(40, 40, 40)
    ),
    "orders are made at the usual hours": LoadFacts(
        rows=40, bad_rows=0, usual_hours={9: 400, 10: 400}, hours={14: 20, 15: 20}
    ),
}
LOAD_RULES = [
    pytest.param(rule, suite.required, id=f"{suite.key}-{rule.name}")
    for suite in loaded_suites()
    for rule in suite.load_rules
]


def filled(facts: LoadFacts, required: tuple[str, ...], count: int) -> LoadFacts:
    return replace(facts, filled=dict.fromkeys(required, count), settings=GateSettings())


def test_every_table_is_looked_at_in_every_way() -> None:
    known = {rule.name for suite in all_suites() for rule in suite.rules} | NOT_LOOKED_AT_ALONE

    for table, looked_at in LOOKED_AT.items():
        assert tuple(looked_at) == KINDS, table
        assert set(looked_at.values()) <= known, table


def test_every_expectation_has_a_severity_a_consequence_and_a_remedy() -> None:
    for suite in all_suites():
        names = [rule.name for rule in suite.rules]
        assert len(names) == len(set(names))
        for rule in suite.rules:
            assert rule.severity in Severity
            assert min(map(len, (rule.description, rule.consequence, rule.remedy))) > 10, rule.name


def test_every_expectation_has_a_case_that_breaks_it() -> None:
    red = {name for of_dataset in cases.BREAKING.values() for name in of_dataset}
    red |= {name for of_suite in test_standing_tables.BREAKING.values() for name in of_suite}
    red |= BAD_LOADS.keys()
    lacking = {rule.name for suite in all_suites() for rule in suite.rules} - red

    assert {name for name in lacking if not name.endswith(" has values")} == set()


@pytest.mark.parametrize(("rule", "required"), LOAD_RULES)
def test_a_rule_about_a_load_is_kept_by_a_good_one_and_broken_by_a_bad_one(
    rule: LoadRule, required: tuple[str, ...]
) -> None:
    empty = filled(GOOD_LOAD, required, 0)
    bad = empty if rule.name.endswith(" has values") else filled(BAD_LOADS[rule.name], required, 40)

    assert rule.find(filled(GOOD_LOAD, required, 40)) == ""
    assert len(rule.find(bad)) > 10

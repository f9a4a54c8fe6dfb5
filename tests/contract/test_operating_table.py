"""The shipped table of operating characteristics: nobody is missing, and no deviation stands without its reason."""

from pathlib import Path

import pandas as pd
import pytest

from sarcoid_epi.estimators import CATALOGUE
from sarcoid_epi.simulation import SETTINGS, UNEXPLAINED
from sarcoid_epi.simulation.setting import SHARES

TABLE = Path(__file__).parents[2] / "reports" / "04_underdiagnosis" / "tables" / "operating.csv"

ASKED = [one.name for one in CATALOGUE if one.question in ("underdiagnosis", "synthesis", "joint")]


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(TABLE)


@pytest.mark.parametrize("name", ASKED)
def test_every_estimator_has_a_setting_of_its_own_assumptions_at_all_five_shares(name):
    assert any(set(SHARES) <= set(one.shares) for one in SETTINGS if one.estimator == name and not one.broken)


@pytest.mark.parametrize("name", ASKED)
def test_every_estimator_has_rows_at_all_five_shares_in_the_shipped_table(table, name):
    rows = table[(table["estimator"] == name) & (table["broken"] == "its own")]
    assert set(SHARES) <= set(rows["share"])
    assert (table.loc[table["estimator"] == name, "broken"] != "its own").any(), "no assumption is ever broken"


def test_no_deviation_in_the_shipped_table_is_without_a_reason(table):
    own = table[table["broken"] == "its own"]
    assert not own["explained"].fillna("").str.contains(UNEXPLAINED, case=False).any()
    assert (own.loc[own["explained"].isna(), "verdict"] == "nominal").all()


def test_a_row_of_few_answers_is_not_judged(table):
    few = table["used"] < 20
    assert few.any()
    assert table.loc[few, "verdict"].str.startswith("too few answers to judge").all()


def test_every_row_names_its_unit(table):
    assert set(table["unit"]) == {"share", "people", "log odds ratio", "log ratio", "SD of log odds"}

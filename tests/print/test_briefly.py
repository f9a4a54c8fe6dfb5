"""Löfgren syndrome, association and prognosis in the main report, on whatever table somebody brings."""

import re

import pytest

from sarcoid_epi import api
from sarcoid_epi.questions.briefly import briefly
from sarcoid_epi.report.content import Content
from sarcoid_epi.report.document import page
from sarcoid_epi.report.figures import all_figures
from sarcoid_epi.report.tables import all_tables

FULL = api.generate(size=300, design="incident_clinic").patients

TABLES = {
    "all": FULL,
    "nobody": FULL.head(0),
    "one": FULL.head(1),
    "five": FULL.head(5),
    "nobody with the syndrome": FULL[~FULL["lofgren_broad"]],
    "everybody with the syndrome": FULL[FULL["lofgren_broad"]],
    "no deaths": FULL.assign(died=False),
    "nobody on record": FULL.assign(osseous_recorded=False),
    "everybody on record": FULL.assign(osseous_recorded=True),
    "no time passes": FULL.assign(remission_years=0.0),
    "few columns": FULL[["lofgren_broad", "osseous_recorded", "sex", "age_at_diagnosis", "ancestry"]],
    "no entry": FULL.drop(columns="years_since_diagnosis"),
}


@pytest.fixture(scope="module", params=TABLES, ids=lambda name: name.replace(" ", "_"))
def told(request):
    estimates, sections = briefly(TABLES[request.param], "patients")
    return Content("title", "question", "data", estimates, further=sections)


@pytest.mark.filterwarnings("error")
def test_every_table_makes_three_sections_and_prints_no_blank_number(told):
    text = re.sub(r"<svg.*?</svg>", "", page(told, all_tables(told), all_figures(told)), flags=re.DOTALL)
    assert [section.key for section in told.further] == ["lofgren", "association", "prognosis"]
    assert all(f'<section id="{section.key}">' in text for section in told.further)
    assert not re.search(r"\bnan\b", re.sub(r"<[^>]+>", " ", text))


def test_names_of_tables_and_figures_are_those_of_their_question(told):
    keys = [part.key for section in told.further for part in (*section.sheets, *section.charts)]
    assert len(keys) == len(set(keys))
    assert all(key.partition("_")[0] in ("lofgren", "association", "prognosis") for key in keys)


def test_what_the_table_lacks_is_said():
    _, (lofgren, association, prognosis) = briefly(FULL.drop(columns="lofgren_broad"), "patients")
    assert lofgren.paragraphs == (
        "The table has no “Löfgren syndrome (broad: nodes with erythema nodosum or ankles)” (lofgren_broad).",
    )
    assert any("lofgren_broad" in said for said in association.paragraphs)
    assert association.sheets
    assert not prognosis.sheets


def test_the_broad_definition_is_told_where_the_strict_one_is_missing():
    for lacking in (FULL.drop(columns="lofgren_strict"), FULL.assign(lofgren_strict=None)):
        lofgren = briefly(lacking, "patients")[1][0]
        assert [sheet.key for sheet in lofgren.sheets] == ["lofgren_table_broad"]
        assert "The strict definition is known in nobody." in lofgren.paragraphs[0]

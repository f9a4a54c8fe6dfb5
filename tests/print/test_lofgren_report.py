"""The report on Löfgren syndrome says in its titles and sentences what its numbers are, whatever they are."""

import re
from functools import cache
from math import isnan

import pytest

from sarcoid_epi.estimators.lofgren_terms import CHARACTERISTICS, DEFINITIONAL
from sarcoid_epi.questions.lofgren import lofgren
from sarcoid_epi.questions.lofgren_words import Told, side
from sarcoid_epi.report.document import build
from sarcoid_epi.report.figures import all_figures
from sarcoid_epi.results import percent

#: Words as code writes them.
CODE_NAME = re.compile(r"\b[a-z]+_[a-z]+\b")

#: The cohort of most tests, one with few Löfgren patients, with one, with none, and one of a single centre.
COHORTS = (
    ("incident_clinic", 3000, 1), ("tertiary_records", 300, 4), ("incident_clinic", 12, 2), ("incident_clinic", 3, 1),
    ("pet_series", 200, 5),
)  # fmt: skip


@cache
def content(design="incident_clinic", size=3000, seed=1):
    return lofgren("Title", "Question?", design, size, seed)


def section(key, *cohort):
    return next(one for one in content(*cohort).sections if one.key == key)


def chart(key, *cohort):
    return next(plot for one in content(*cohort).sections for plot in one.charts if plot.key == key)


def sheet(key, *cohort):
    return next(one for part in content(*cohort).sections for one in part.sheets if one.key == key)


@pytest.mark.parametrize("cohort", COHORTS, ids=str)
def test_any_cohort_has_a_report_and_none_of_its_words_is_code(cohort):
    made = content(*cohort)
    drawn = all_figures(made)
    said = [words for one in made.sections for words in (one.title, *one.paragraphs)]
    said += [words for one in drawn.values() for words in (one.title, one.caption)]
    for one in made.sections:
        for table in one.sheets:
            said += [table.caption, table.stub.header, *(field.header for field in table.fields)]
            said += [str(row[table.stub.name]) for row in table.records if table.key != "printed"]
    assert not [words for words in said if CODE_NAME.search(words)]
    assert not [words for words in said if re.search(r"\bnan\b|\binf\b", words)]


@pytest.mark.parametrize("cohort", COHORTS, ids=str)
def test_every_id_of_table_and_figure_is_an_estimate(cohort):
    made = content(*cohort)
    known = {row.id for row in made.estimates.rows}
    ids = {row["id"] for one in made.sections for table in one.sheets for row in table.records if "id" in row}
    lines = [line for one in made.sections for plot in one.charts for line in getattr(plot, "lines", ())]
    assert ids | {line.id for line in lines} <= known
    assert len(ids) > 90


def test_the_first_table_has_every_characteristic_and_flags_what_is_definitional():
    for definition in ("broad", "strict"):
        rows = {row["id"].partition("[")[2].partition("]")[0]: row for row in sheet(f"table_{definition}").records}
        named = {of.partition("=")[0] for of in rows}
        assert named == set(CHARACTERISTICS)
        flagged = {of.partition("=")[0] for of, row in rows.items() if row["definitional"]}
        assert flagged == set(DEFINITIONAL[f"lofgren_{definition}"])
        for of, row in rows.items():
            if row["definitional"]:
                assert isnan(row["holm"]), of


def test_a_row_of_the_first_table_is_the_estimates_of_its_terms():
    told = Told(content().estimates)
    (row,) = (row for row in sheet("table_broad").records if row["what"] == "Fever")
    one, apart = told("broad_contrasts", "share_with", "fever"), told("broad_contrasts", "risk_difference", "fever")
    assert row["with_text"].replace("\u00a0", " ") == f"{one.events:.0f} ({percent(one.estimate)})"
    assert (row["value"], row["low"], row["high"]) == (apart.estimate, apart.conf_low, apart.conf_high)
    assert row["holm"] == told("broad_contrasts", "p_holm", "fever").estimate


def test_the_title_of_the_forest_counts_what_its_limits_show():
    forest = chart("forest_odds")
    broad = [line.marks[0] for line in forest.lines]
    above, below = sum(mark.low > 1 for mark in broad), sum(mark.high < 1 for mark in broad)
    assert forest.title.startswith(f"Of {len(broad)} odds ratios {above} lie above 1 and {below} below")
    assert forest.null == 1
    assert not [line for line in forest.lines if "rythema nodosum" in line.label]


def test_definitional_differences_are_a_series_of_their_own():
    lines = chart("standardised").lines
    own = {line.label for line in lines if line.marks[0].series == "definitional"}
    assert {"Erythema nodosum", "Periarticular ankle inflammation", "Scadding stage"} <= own
    assert "Fever" not in own
    sizes = [abs(line.marks[0].value) for line in lines]
    assert sizes == sorted(sizes, reverse=True)
    assert min(sizes) >= 0.1


def test_a_statement_of_the_review_is_found_only_where_the_limits_are_on_its_side():
    told = Told(content().estimates)
    rows = {row["what"]: row for row in sheet("review").records}
    assert len(rows) == 6
    fever = told("broad_contrasts", "risk_difference", "fever")
    assert rows["more fever"]["holds"] == (side(fever, 0) == 1)
    assert rows["earlier stage"]["definitional"] == "yes"
    few = {row["what"]: row["holds"] for row in sheet("review", "incident_clinic", 12, 2).records}
    assert not any(few[what] for what in ("younger", "fewer men", "less medication"))


def test_a_handful_of_patients_does_not_find_one_sixth():
    for size, seed in ((40, 1), (40, 2), (3, 1)):
        (row,) = (row for row in sheet("review", "incident_clinic", size, seed).records if "ankles" in row["what"])
        assert not row["holds"]
    (row,) = (row for row in sheet("review").records if "ankles" in row["what"])
    assert row["holds"]


def test_nothing_is_said_to_last_where_nothing_was_there():
    assert "all of them" not in section("table", "incident_clinic", 40, 1).paragraphs[0]


def test_the_parts_of_the_syndrome_make_a_whole():
    (bar,) = chart("signs").bars
    assert sum(value for _, value in bar.parts) == pytest.approx(1)
    for bar in chart("stages").bars:
        assert sum(value for _, value in bar.parts) == pytest.approx(1)


def test_the_wave_of_the_season_has_the_height_and_the_mean_it_should():
    told = Told(content().estimates)
    wave = next(curve for curve in chart("season").curves if "wave" in curve.label)
    peak = told("onset_season", "peak_to_trough", "onset_date").estimate
    assert max(wave.y) / min(wave.y) == pytest.approx(peak, rel=0.01)  # drawn at 97 places of the year
    assert sum(wave.y[:-1]) / 96 == pytest.approx(1)


def test_the_same_cohort_gives_the_same_bytes(tmp_path):
    pages = []
    for name in ("one", "other"):
        made = lofgren("Title", "Question?", "incident_clinic", 200, 3)
        pages.append(build(made, tmp_path / name).read_bytes())
    assert pages[0] == pages[1]

"""Replicates as counts, as rows, and made one by one: each road tells the same, of one truth."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2_contingency, chisquare
from threadpoolctl import threadpool_limits

from sarcoid_epi.cohort import calibrate
from sarcoid_epi.cohort import replicates as made_one_by_one
from sarcoid_epi.scenario import load_design, load_world
from sarcoid_epi.simulation.counted import CountedStrata, RowStrata, distinct
from sarcoid_epi.simulation.making import NUMBERS, Unit, packed, replicates
from sarcoid_epi.simulation.population import counted, drawn, made, patterns_of, population
from sarcoid_epi.simulation.stated import state
from sarcoid_epi.simulation.varied import POINTS, spot
from sarcoid_epi.strata import whole
from sarcoid_epi.vocabulary import PATIENT
from small_study import study

ROADS = {
    "estimators": ["recorded_osseous", "corrected_prevalence", "two_sources", "organs", "unadjusted"],
    "models": ["osseous_and_pernio"],
    "beliefs": ["clinical"],
    "population": 2**15,
    "sizes": [400],
    "replicates": 300,
}


@pytest.fixture(scope="module")
def roads():
    """The rows of 300 replicates of either road."""
    return [replicates(state(study(**ROADS, chance=chance)), Unit(0, 0, 300)) for chance in ("population", "patients")]


def test_patients_one_by_one_or_from_a_population_tell_the_same(roads):
    """Means, spreads and coverages of every term differ by no more than 4 standard errors (2.0 seen; mean square 1.1).

    The population is itself drawn: its shares have the variance of 2^15 patients, n/N of a replicate's; and a coverage
    of its truth may move by 0.03.
    """
    drawn_rows = roads[0]
    again = 1 / 300 + 1 / 300 + 400 / 2**15
    seen = []
    for key in dict.fromkeys(zip(drawn_rows["run"], drawn_rows["term"], strict=True)):
        first, second = (
            {name: rows[name][(rows["run"] == key[0]) & (rows["term"] == key[1])] for name in (*NUMBERS, "truth")}
            for rows in roads
        )
        np.testing.assert_array_equal(first["truth"], second["truth"])
        known = [one["estimate"][np.isfinite(one["estimate"])] for one in (first, second)]
        assert abs(len(known[0]) - len(known[1])) <= 4 * np.sqrt(2 * 300 * 0.25)
        if min(map(len, known)) < 200 or key[0] == "unadjusted":  # ratios of few events have no variance
            continue
        if known[0].var() == 0:
            continue
        spread = np.sqrt((known[0].var() + known[1].var()) / 2)
        seen.append((known[0].mean() - known[1].mean()) / (spread * np.sqrt(again)))
        fourth = np.mean([((one - one.mean()) ** 4).mean() / one.var() ** 2 for one in known])
        seen.append(np.log(known[0].var() / known[1].var()) / np.sqrt((fourth - 1) * 2 / 300))
        held = [((o["low"] <= o["truth"]) & (o["truth"] <= o["high"])).mean() for o in (first, second)]
        middle = np.mean(held)
        if 0 < middle < 1:
            seen.append((held[0] - held[1]) / np.sqrt(middle * (1 - middle) * 2 / 300 + 0.03**2))
    assert len(seen) > 30
    assert np.abs(seen).max() < 4
    assert np.mean(np.square(seen)) < 2


@pytest.fixture(scope="module")
def stated():
    return state(study(**ROADS))


@pytest.fixture(scope="module")
def people(stated):
    return population(stated, spot(stated.study, stated.study.all_cases()[0]), stated.asked)


WIDE = ("bone_pain", "eye", "in_radiology_text", "liver", "lung", "on_clinic_list", "skin", "spleen", "upper_airway")


def test_hundreds_of_patterns_occur_as_often_on_both_roads(stated, people):
    """Chi-square over every pattern of nine flags: drawn from the population, and made one by one."""
    assert people.columns.keys() >= set(WIDE)
    patterns = patterns_of(WIDE, people.columns, people.axes, people.size)
    shares = np.bincount(patterns.of) / people.size
    rows = drawn(people, 1, 0, 200, 400).rows
    counts = counted(patterns, rows).sum(axis=0)
    often = shares * counts.sum() >= 5
    assert often.sum() > 100
    pooled = [np.append(each[often], each[~often].sum()) for each in (counts, shares * counts.sum())]
    assert chisquare(*pooled).pvalue > 0.001
    fresh = made(people, 1, 0, 200, 400)
    index = {tuple(code): at for at, code in enumerate(patterns.codes.tolist())}
    codes = np.stack([fresh.made[name].ravel().astype(int) for name in WIDE], axis=-1)
    kinds, many = np.unique(codes, axis=0, return_counts=True)
    found = np.zeros(len(patterns.codes) + 1)
    for code, n in zip(kinds.tolist(), many, strict=True):
        found[index.get(tuple(code), -1)] += n
    # Against the population's own patients, who are a sample like them.
    table = np.stack([found, np.append(np.bincount(patterns.of), 0)])
    rare = table.sum(axis=0) < 10
    table = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    assert table.shape[1] > 100
    assert chi2_contingency(table).pvalue > 0.001


def test_counts_are_those_of_the_very_patients_that_are_rows(people):
    rows = drawn(people, 5, 3, 20, 70)
    run_name = "two_sources"
    as_counts = rows.strata(run_name)
    as_rows = replace(rows, population=replace(people, patterns={})).strata(run_name)
    assert isinstance(as_counts, CountedStrata)
    assert isinstance(as_rows, RowStrata)
    for columns in (("bone_pain",), ("on_clinic_list", "in_radiology_text"), ("bone_pain", "on_clinic_list"), ()):
        np.testing.assert_array_equal(as_counts.table(*columns), as_rows.table(*columns))
    np.testing.assert_array_equal(as_counts.n(), as_rows.n())
    for one, other in zip(as_counts.events("bone_pain"), as_rows.events("bone_pain"), strict=True):
        np.testing.assert_array_equal(one, other)
    mine, theirs = (each.patterns("bone_pain", "on_clinic_list") for each in (as_counts, as_rows))
    order = np.lexsort(theirs.values.T[::-1])
    np.testing.assert_array_equal(mine.values, theirs.values[order])
    np.testing.assert_array_equal(mine.counts, theirs.counts[:, order])


def test_any_replicate_can_be_had_alone_and_other_columns_change_nobody(stated, people):
    many, alone = drawn(people, 1, 0, 30, 50), drawn(people, 1, 17, 1, 50)
    np.testing.assert_array_equal(many.rows[17], alone.rows[0])
    one = state(study(**{**ROADS, "estimators": ["recorded_osseous"], "models": [], "beliefs": []}))
    narrow = population(one, spot(one.study, one.study.all_cases()[0]), one.asked)
    strata = [drawn(each, 1, 0, 30, 50).strata("recorded_osseous") for each in (narrow, people)]
    got, had = (each.events("osseous_recorded")[0] for each in strata)
    np.testing.assert_array_equal(got, had)


def test_replicates_alike_are_asked_once_and_all_are_told(people):
    strata = drawn(people, 1, 0, 200, 50).strata("recorded_osseous")
    once, like = distinct(strata, ["osseous_recorded"])
    assert len(once.labels) < 15
    np.testing.assert_array_equal(once.table("osseous_recorded")[like], strata.table("osseous_recorded"))


def test_columns_of_a_population_are_as_those_made_one_by_one():
    """Codes, numbers and dates of every variable: the first patients are the same people on both roads."""
    names = [variable.name for variable in PATIENT if variable.name != "patient_id"]
    one = state(study(estimators=["shares", "means"], population=1000, sizes=[300], chance="patients"))
    asked = tuple(each.more(names, by_counts=False) for each in one.asked)
    people = population(one, spot(one.study, one.study.all_cases()[0]), asked)
    fresh = made(people, one.study.seed, 0, 1, 300)
    for name in names:
        here_, there = people.columns[name][:300], fresh.made[name][0]
        np.testing.assert_array_equal(here_, there.astype(here_.dtype), err_msg=name)
    frame = next(fresh.strata("shares").frames())
    other = next(drawn(people, 1, 0, 1, 300).strata("shares").frames())
    assert {name: kind.kind for name, kind in frame.dtypes.items()} == {n: k.kind for n, k in other.dtypes.items()}
    assert whole(frame).levels("centre") == whole(other).levels("centre") == people.axes["centre"]


def test_what_an_estimator_never_asked_for_before_is_fetched(monkeypatch):
    """A column that only some replicates make it read: the same rows as if it had been known."""
    one = state(study(estimators=["two_sources", "means"], sizes=[60]))
    known = replicates(one, Unit(0, 0, 20))
    sources, means = one.asked
    forgetful = replace(one, asked=(replace(sources, columns=frozenset()), replace(means, by_counts=True)))
    found = replicates(forgetful, Unit(0, 0, 20))
    for name, values in known.items():
        np.testing.assert_array_equal(values, found[name], err_msg=name)


def test_the_truth_is_that_of_the_population_exactly(people, stated):
    truth = people.truth
    assert truth["recorded_osseous"]["osseous_recorded"] == people.columns["osseous_recorded"].mean()
    assert truth["organs"]["skin"] == people.columns["skin"].mean()
    everybody = state(study(**{**ROADS, "truth": "everybody"}))
    all_met = population(everybody, spot(everybody.study, everybody.study.all_cases()[0]), everybody.asked)
    assert all_met.truth["corrected_prevalence"]["osseous"] != truth["corrected_prevalence"]["osseous"]
    np.testing.assert_array_equal(all_met.columns["skin"], people.columns["skin"])


def test_times_are_terms_of_their_own():
    one = state(study(estimators=["event_free"], models=["death"], sizes=[200], terms=["survival[lofgren_broad=no]"]))
    columns = replicates(one, Unit(0, 0, 5))
    terms = list(dict.fromkeys(columns["term"]))
    assert len(terms) > 3
    assert all(term.startswith("survival[lofgren_broad=no@") and term.endswith(" years]") for term in terms)
    truths = [columns["truth"][columns["term"] == term][0] for term in terms]
    assert truths == sorted(truths, reverse=True)
    assert len(set(truths)) > 3


def test_what_depends_on_how_many_patients_there_are_has_no_truth():
    one = state(study(estimators=["event_free", "event_tests"], models=["death"], sizes=[200], population=2000))
    columns = replicates(one, Unit(0, 0, 3))
    measures = np.array([term.partition("[")[0] for term in columns["term"]])
    for name in ("at_risk", "p_log_rank"):
        assert np.isfinite(columns["estimate"][measures == name]).any()
        assert np.isnan(columns["truth"][measures == name]).all()
    assert np.isfinite(columns["truth"][measures == "survival"]).all()


def test_threads_of_linear_algebra_change_no_byte():
    """With a second thread sums over many patterns are added up in another order: left alone, these differ."""
    asked = {"estimators": ["adjusted"], "models": ["osseous_and_calcium"], "designs": ["pet_substudy"]}
    one = state(study(**asked, population=20000, sizes=[1500]))
    made_with = []
    for threads in (1, 2):
        population.cache_clear()
        with threadpool_limits(threads):
            made_with.append(packed(replicates(one, Unit(0, 0, 40)), "a name"))
    assert made_with[0] == made_with[1]


def test_replicates_made_one_by_one_are_the_cohorts_of_the_generator():
    world, design = load_world("evidence"), load_design("tertiary_records")
    one = state(study(chance="patients", sizes=[50]))
    people = population(one, spot(one.study, one.study.all_cases()[0]), one.asked)
    ours = made(people, 1, 2, 3, 50).strata("recorded_osseous").codes("osseous_recorded")
    solved = calibrate(world, design, POINTS)
    (theirs,) = made_one_by_one(world, design, 50, 3, 1, ["osseous_recorded"], 2, solved).values()
    np.testing.assert_array_equal(ours, theirs)

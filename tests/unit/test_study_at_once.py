"""Replicates that are answered at once: numbers as counts, rows in blocks, one design for all, limits that are kept."""

from dataclasses import replace

import numpy as np
import pytest

from sarcoid_epi.errors import DataError
from sarcoid_epi.estimators.association import adjusted, unadjusted
from sarcoid_epi.estimators.sources import _plain
from sarcoid_epi.scenario import Model, Study
from sarcoid_epi.simulation.counted import CountedStrata, RowStrata
from sarcoid_epi.simulation.making import Unit, blocks, replicates
from sarcoid_epi.simulation.population import drawn, population
from sarcoid_epi.simulation.stated import state
from sarcoid_epi.simulation.varied import spot
from sarcoid_epi.stats.believed import believed_share
from sarcoid_epi.stats.capture import chapman, lincoln_petersen
from sarcoid_epi.stats.logistic import logistic
from sarcoid_epi.stats.rows import merged_rows


def study(**keys):
    return Study(name="at_once", label="x", aims="x", population=4000, **keys)


BY_AGE = Model(
    name="by_age", label="x", outcome="systemic_therapy", exposures=("lofgren_broad",), adjust=("age_at_diagnosis",)
)


def test_numbers_of_few_values_are_counted_and_give_the_answers_of_rows():
    one = state(study(estimators=("adjusted", "unadjusted"), models=("therapy",)))
    one = replace(one, models={"therapy": BY_AGE})
    asked = tuple(replace(each, columns=frozenset(BY_AGE.columns)) for each in one.asked)
    people = population(one, spot(one.study, one.study.all_cases()[0]), asked)
    run_name = asked[0].run
    counts = drawn(people, 1, 0, 30, 400)
    rows = replace(counts, population=replace(people, patterns={}), made={})
    as_counts, as_rows = counts.strata(run_name), rows.strata(run_name)
    assert isinstance(as_counts, CountedStrata)
    assert isinstance(as_rows, RowStrata)
    with pytest.raises(DataError, match="no levels"):
        as_counts.levels("age_at_diagnosis")
    for estimator in (adjusted, unadjusted):
        mine, theirs = (estimator(each, BY_AGE) for each in (as_counts, as_rows))
        assert mine.note.tolist() == theirs.note.tolist()
        # Newton's steps end below 1e-10; the two roads add up patients in another order.
        np.testing.assert_allclose(mine.estimate, theirs.estimate, rtol=1e-9)
        np.testing.assert_allclose(mine.high, theirs.high, rtol=1e-9)


def test_a_missing_number_is_left_out_of_patterns_unless_it_may_lack():
    kinds = np.array([[0, 0], [1, 1], [1, -1]])
    counts = np.array([[2, 3, 4]])
    strata = CountedStrata(("a",), {"eye": ("no", "yes"), "age": ()}, kinds, counts, {"age": np.array([40.0, 50.0])})
    known = strata.patterns("eye", "age")
    assert known.values.tolist() == [[0, 40], [1, 50]]
    assert known.counts.tolist() == [[2, 3]]
    every = strata.patterns("eye", "age", lacking=["age"])
    assert np.isnan(every.values).sum() == 1
    assert every.counts.sum() == 9


def test_rows_are_answered_in_blocks_and_told_term_by_term():
    one = state(study(estimators=("means",), replicates=70))
    unit = Unit(0, 0, 70)
    assert [part.many for part in blocks(unit, 1500)] == [43, 27]
    told = replicates(one, unit)
    runs = [(run_, term) for run_, term in zip(told["run"], told["term"], strict=True)]
    assert runs == [pair for pair in dict.fromkeys(runs) for _ in range(70)]
    assert told["replicate"].tolist() == [*range(70)] * (len(runs) // 70)


def cohort():
    """Thirty groups with one design; the first is nobody, the second separated, the third lacks a level."""
    rng = np.random.default_rng(1)
    rows = np.array([[1.0, a, b, b == 3] for a in (0, 1) for b in range(5)])
    n = rng.integers(5, 40, (30, 10)).astype(float)
    n[0], n[2, 5:] = 0, 0
    events = rng.binomial(n.astype(int), 0.3).astype(float)
    events[1] = n[1] * rows[:, 1]
    return rows, events, n


@pytest.mark.parametrize("weight", [None, 0.5])
def test_groups_that_share_a_design_are_fitted_as_each_alone(weight):
    rows, events, n = cohort()
    weights = None if weight is None else np.full(n.shape, weight)
    together = logistic(rows, events, n, weights=weights)
    own = logistic(np.repeat(rows[None], len(n), axis=0), events, n, weights=weights)
    assert together.note.tolist() == own.note.tolist()
    assert (together.note != "").sum() == 3
    for name in ("estimate", "std_error", "covariance", "log_likelihood"):
        # Newton's last step is below 1e-10 in either basis.
        np.testing.assert_allclose(getattr(together, name), getattr(own, name), rtol=1e-9, atol=1e-10)


def test_rows_that_are_alike_are_added_up():
    rows, events, n = merged_rows(np.array([[2.0], [1.0], [2.0], [2.0]]), np.array([[1.0, 2, 3, 4]]), np.ones((1, 4)))
    assert (rows.tolist(), events.tolist(), n.tolist()) == ([[1.0], [2.0]], [[2.0, 8.0]], [[1.0, 3.0]])


def test_limits_do_not_depend_on_the_company_to_the_last_bit():
    belief = (0.2, 20.0, 0.998, 1000.0)
    many = believed_share(np.arange(40), 1500, *belief)
    alone = [believed_share(at, 1500, *belief) for at in (3, 17, 39)]
    assert [each.high for each in alone] == many.high[[3, 17, 39]].tolist()
    assert [each.low for each in alone] == many.low[[3, 17, 39]].tolist()


def test_the_plain_number_from_chapmans_is_that_of_its_own():
    lists = np.array([[16.0, 19, 19], [0, 3, 4], [0, 0, 4], [0, 0, 0], [5, 0, 7], [16, 19, 19]]).T
    for mine, theirs in zip(_plain(chapman(*lists), *lists), lincoln_petersen(*lists), strict=True):
        np.testing.assert_array_equal(mine, theirs)

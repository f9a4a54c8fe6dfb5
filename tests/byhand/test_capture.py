"""Two lists and frequencies of listing, worked out on paper; and what must be refused."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import gammaln

from sarcoid_epi.stats import capture, listings
from sarcoid_epi.stats.capture import (
    by_dependence,
    chapman,
    lincoln_petersen,
    stratified,
    without_false_records,
)
from sarcoid_epi.stats.listings import chao, zelterman

TWO_LISTS = [lincoln_petersen, chapman, lambda m, a, b, level=0.95: by_dependence(m, a, b, 2.0, level)]


def test_lincoln_petersen_is_the_product_of_the_lists_over_the_overlap():
    """20 on both, 30 and 40 on one only: 50 * 60 / 20 = 150, of whom 60 unseen; 50*60*30*40/20^3 = 450."""
    answer = lincoln_petersen(20, 30, 40)
    assert answer.cases == pytest.approx(150, rel=1e-15)
    assert answer.unseen == pytest.approx(60, rel=1e-15)
    assert answer.std_error == pytest.approx(450**0.5, rel=1e-14)
    assert answer.note == ""


def test_chapman_adds_one_to_each():
    """51 * 61 / 21 - 1 = 147.142857; 51*61*30*40 / (21^2 * 22) = 384.787."""
    answer = chapman(20, 30, 40)
    assert answer.cases == pytest.approx(51 * 61 / 21 - 1, rel=1e-14)
    assert answer.std_error**2 == pytest.approx(51 * 61 * 30 * 40 / (21**2 * 22), rel=1e-14)


def test_the_limits_are_where_the_profile_likelihood_has_fallen():
    """n1 and n2 binomial of N, independent: l(N) = log N!/(N-r)! + both binomial parts at p = n/N, by another road."""

    def likelihood(cases):
        parts = sum(n * np.log(n / cases) + (cases - n) * np.log1p(-n / cases) for n in (50, 60))
        return gammaln(cases + 1) - gammaln(cases - 90 + 1) + parts

    grid = np.linspace(91, 400, 2_000_001)
    top = likelihood(grid)
    fall = 3.841458820694124 / 2
    for end, limit in zip((91, 1000), lincoln_petersen(20, 30, 40)[2:4], strict=True):
        wanted = brentq(lambda n: likelihood(n) - top.max() + fall, end, grid[top.argmax()], xtol=1e-12)
        assert limit == pytest.approx(wanted, rel=1e-9)


def test_ten_unshared_false_records_on_each_list_lift_77_to_127():
    """Truth 100: lists of 35 and 35 that share 16, for they share more than independent lists (12) would. 35^2/16 is
    77; ten false records more on each make it 45^2/16 = 127. Predictive values 35/45 take them off again."""
    assert lincoln_petersen(16, 19, 19).cases == pytest.approx(76.5625, rel=1e-15)
    assert lincoln_petersen(16, 29, 29).cases == pytest.approx(126.5625, rel=1e-15)
    counts = without_false_records(16, 29, 29, 35 / 45, 35 / 45)
    assert (counts.both, counts.first_only, counts.second_only) == pytest.approx((16, 19, 19), rel=1e-14)
    assert lincoln_petersen(*counts[:3]).cases == pytest.approx(76.5625, rel=1e-13)


def test_shared_false_records_come_off_the_overlap_too():
    """20 on both of whom 0.9 are true: 18. List of 50, 0.8 true: 40, of whom 22 on it alone; of 60, 0.7: 42, 24."""
    assert without_false_records(20, 30, 40, 0.8, 0.7, 0.9)[:3] == pytest.approx((18, 22, 24), rel=1e-14)


def test_more_false_records_than_there_is_room_for_are_refused():
    """All 20 shared patients true, but only half of a list of 30: 15 true of at least 20."""
    counts = without_false_records([20, 20], 10, 40, [0.5, 20 / 30], 1.0)
    assert np.isnan(counts.both[0])
    assert counts.note.tolist() == [capture.TOO_MANY_FALSE, ""]
    assert counts.first_only[1] == 0


@pytest.mark.parametrize("odds_ratio", [0.25, 0.5, 1.0, 3.0, 8.0])
def test_the_true_odds_ratio_gives_the_true_number(odds_ratio):
    """A table of 12, 18, 24 and psi * 18 * 24 / 12 unseen has that odds ratio."""
    answer = by_dependence(12, 18, 24, odds_ratio)
    assert answer.unseen == pytest.approx(odds_ratio * 36, rel=1e-14)
    assert answer.std_error**2 == pytest.approx(
        answer.unseen + answer.unseen**2 * (1 / 12 + 1 / 18 + 1 / 24), rel=1e-13
    )
    assert answer.low < answer.cases < answer.high


def test_one_call_gives_the_curve_over_the_odds_ratios():
    curve = by_dependence(16, 19, 19, 2.0 ** np.arange(-2, 4))
    assert curve.cases.shape == (6,)
    assert (np.diff(curve.cases) > 0).all()
    assert (np.diff(curve.low) > 0).all()
    assert (np.diff(curve.high) > 0).all()
    middle = lincoln_petersen(16, 19, 19)
    assert [field[2] for field in curve] == list(middle)


def test_strata_add_numbers_and_variances():
    parts = chapman([30, 4], [20, 36], [15, 16])
    answer = stratified([30, 4], [20, 36], [15, 16])
    assert answer.cases == pytest.approx(parts.cases.sum(), rel=1e-15)
    assert answer.std_error**2 == pytest.approx((parts.std_error**2).sum(), rel=1e-14)
    assert answer.low > 121
    assert (answer.low - 121) * (answer.high - 121) == pytest.approx(answer.unseen**2, rel=1e-12)


def test_a_stratum_without_patients_adds_nothing():
    assert stratified([30, 4, 0], [20, 36, 0], [15, 16, 0]) == stratified([30, 4], [20, 36], [15, 16])


def test_chao_and_zelterman_by_arithmetic():
    """f1 = 40, f2 = 10, 60 seen: 60 + 1600/20 = 140; with four lists 3/4 of the 80; q = 4: 10 (64 + 64 + 8) = 1360.
    Zelterman: rate 1/2, 60 / (1 - e^-0.5) = 152.49."""
    answer = chao(40, 10, 60)
    assert answer.cases == pytest.approx(140, rel=1e-15)
    assert answer.std_error**2 == pytest.approx(1360, rel=1e-13)
    assert chao(40, 10, 60, 4).cases == pytest.approx(120, rel=1e-15)
    assert chao(40, 10, 60, 4).std_error ** 2 == pytest.approx(10 * (36 + 36 + 6), rel=1e-13)
    answer = zelterman(40, 10, 60)
    share = 1 - np.exp(-0.5)
    assert answer.cases == pytest.approx(60 / share, rel=1e-14)
    g = np.exp(-0.5) / share**2
    assert answer.std_error**2 == pytest.approx(60 * g * (1 + 60 * g * 0.25 * (1 / 40 + 1 / 10)), rel=1e-13)


def test_without_overlap_there_is_no_number_and_chapman_says_how_little_it_means():
    """Chapman 11 * 13 / 1 - 1 = 142. The lower limit comes from how unlikely no overlap is in a small population."""
    for refused in (lincoln_petersen(0, 10, 12), by_dependence(0, 10, 12, 2.0)):
        assert np.isnan(refused[:5]).all()
        assert refused.note == capture.NO_OVERLAP
    answer = chapman(0, 10, 12)
    assert answer.cases == 142
    assert answer.note == capture.NO_OVERLAP_CHAPMAN
    assert 22 < answer.low < 142
    assert answer.high == np.inf


@pytest.mark.parametrize("estimator", TWO_LISTS)
def test_an_empty_list_and_no_patients_are_refused(estimator):
    answer = estimator([0, 0, 0], [10, 0, 0], [0, 10, 0])
    assert np.isnan(np.array(answer[:5])).all()
    assert answer.note.tolist() == [capture.EMPTY_LIST, capture.EMPTY_LIST, capture.NO_PATIENT]


@pytest.mark.parametrize("estimator", TWO_LISTS)
def test_a_list_within_the_other_still_has_an_upper_limit(estimator):
    answer = estimator(20, 0, 7)
    assert answer.cases == answer.low == 27
    assert answer.std_error == 0
    assert 27 < answer.high < 35
    assert answer.note == capture.NESTED


def test_what_frequencies_cannot_tell_is_refused():
    for estimator in (chao, zelterman):
        answer = estimator([10, 0, 0, 40], [0, 5, 0, 10], [12, 9, 0, 60])
        assert answer.note.tolist() == [listings.NO_TWICE, listings.NO_ONCE, capture.NO_PATIENT, ""]
        assert np.isnan(answer.cases).tolist() == [True, False, True, False]
        assert answer.cases[1] == 9
        assert answer.std_error[1] == 0
        assert np.isnan(answer.low).tolist() == [True, True, True, False]


def test_strata_that_cannot_be_estimated_are_named():
    answer = stratified(
        [[5, 0], [5, 0], [5, 3], [0, 0]], [[9, 4], [9, 4], [0, 0], [0, 0]], [[8, 0], [8, 2], [8, 2], [0, 0]]
    )
    assert answer.note.tolist() == [
        capture.EMPTY_IN_STRATUM,
        capture.NO_OVERLAP_IN_STRATUM,
        capture.NESTED,
        capture.NO_PATIENT,
    ]
    assert np.isnan(answer.cases).tolist() == [True, False, False, True]
    assert np.isnan(answer.low).tolist() == [True, False, True, True]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lincoln_petersen(-1, 2, 3), "both must not be negative; got -1"),
        (lambda: chapman(1, np.nan, 3), "first_only must be numbers"),
        (lambda: chapman(1, 2, 3, level=1.0), "level must lie between"),
        (lambda: by_dependence(1, 2, 3, 0.0), "odds_ratio must be above 0 and finite; got 0"),
        (lambda: by_dependence(1, 2, 3, [1.0, np.inf]), "odds_ratio must be above 0 and finite; got inf"),
        (lambda: stratified(1, 2, 3), "strata need an axis"),
        (lambda: chao(4, 3, 6), r"once \+ twice must not exceed seen; got 7 of 6"),
        (lambda: chao(4, 3, 9, lists=1), "lists must be at least 2; got 1"),
        (lambda: zelterman(4, 2.5, 9), "twice must be whole numbers; got 2.5"),
        (lambda: without_false_records(4, 2, 1, 1.2, 1.0), "predictive_first must lie between 0 and 1"),
    ],
)
def test_broken_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_thousand_tables_at_once_are_the_tables_one_by_one():
    """Worst: none, each element goes its own way to the last digit."""
    rng = np.random.default_rng(3)
    tables = rng.poisson([4, 9, 7], size=(1000, 3))
    tables[:3] = [[0, 3, 4], [0, 0, 5], [6, 0, 2]]
    for estimator in (*TWO_LISTS, lambda m, a, b: stratified(np.stack([m, m + 1], -1), a[..., None], b[..., None])):
        at_once = estimator(*tables.T)
        for row, table in enumerate(tables[:60]):
            one = estimator(*table)
            assert one.note == at_once.note[row]
            np.testing.assert_allclose([field[row] for field in at_once[:5]], one[:5], rtol=1e-9)

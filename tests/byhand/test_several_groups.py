"""Tests of several groups: exact on paper, and as R and scipy have them."""

import numpy as np
import pytest
from scipy.stats import chi2_contingency, kruskal

from sarcoid_epi.stats.contrast import score_test
from sarcoid_epi.stats.several_groups import ONE_GROUP, homogeneity_test, kruskal_wallis

RNG = np.random.default_rng(5)
#: Twenty tables of three groups and four categories, some cells without patients.
TABLES = RNG.poisson(4.0, (20, 3, 4)) * (RNG.random((20, 3, 4)) < 0.9)


def test_two_groups_and_two_categories_are_the_score_test():
    """Sums of a few terms in another order: rounding, 1e-15 seen."""
    for corrected in (True, False):
        answer = homogeneity_test([[7, 3], [2, 11]], corrected)
        z = score_test(7, 10, 2, 13, corrected)
        assert answer.statistic == pytest.approx(z.statistic**2, rel=1e-12)
        assert answer.p_value == pytest.approx(z.p_value, rel=1e-12)


def test_ranks_of_yes_and_no_give_the_same_test():
    counts = TABLES[:, :, :2] + 1
    assert kruskal_wallis(counts).statistic == pytest.approx(homogeneity_test(counts).statistic, rel=1e-12)


def test_pearsons_statistic_is_that_of_scipy():
    tables = TABLES + 1
    expected = [chi2_contingency(table, correction=False) for table in tables]
    found = homogeneity_test(tables, corrected=False)
    assert found.statistic == pytest.approx([one.statistic for one in expected], rel=1e-12)
    assert found.p_value == pytest.approx([one.pvalue for one in expected], rel=1e-10)


def test_kruskal_wallis_is_that_of_scipy_with_ties():
    found = kruskal_wallis(TABLES)
    for table, statistic, p in zip(TABLES, found.statistic, found.p_value, strict=True):
        expected = kruskal(*(np.repeat(np.arange(4), row) for row in table))
        assert (statistic, p) == pytest.approx(tuple(expected), rel=1e-10)


def test_kruskal_wallis_is_that_of_r():
    """kruskal.test(Ozone ~ Month, data = airquality): 29.267 on 4, p-value 6.901e-06 (R's own example)."""
    ozone = {
        5: [41, 36, 12, 18, 28, 23, 19, 8, 7, 16, 11, 14, 18, 14, 34, 6, 30, 11, 1, 11, 4, 32, 23, 45, 115, 37],
        6: [29, 71, 39, 23, 21, 37, 20, 12, 13],
        7: [135, 49, 32, 64, 40, 77, 97, 97, 85, 10, 27, 7, 48, 35, 61, 79, 63, 16, 80, 108, 20, 52, 82, 50, 64, 59],
        8: [39, 9, 16, 78, 35, 66, 122, 89, 110, 44, 28, 65, 22, 59, 23, 31, 44, 21, 9, 45, 168, 73, 76, 118, 84, 85],
        9: [96, 78, 73, 91, 47, 32, 20, 23, 21, 24, 44, 21, 28, 9, 13, 46, 18, 13, 24, 16, 13, 23, 36, 7, 14, 30, 14,
            18, 20],
    }  # fmt: skip
    values = sorted({value for month in ozone.values() for value in month})
    answer = kruskal_wallis([[month.count(value) for value in values] for month in ozone.values()])
    assert f"{answer.statistic:.3f} {answer.df:.0f} {answer.p_value:.3e}" == "29.267 4 6.901e-06"


def test_a_million_patients_lose_no_digits():
    """Counts a hundred thousand times as large: H grows by (kN - 1) / (N - 1) times k / k, as the formula has it."""
    table = TABLES[0]
    n, k = table.sum(), 100_000
    expected = kruskal_wallis(table).statistic * (k * n - 1) / (n - 1)
    assert kruskal_wallis(k * table).statistic == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("test", [homogeneity_test, kruskal_wallis])
def test_groups_without_patients_and_categories_without_any_are_left_out(test):
    padded = np.insert(np.insert(TABLES + 1, 1, 0, axis=1), 2, 0, axis=2)
    for one, other in zip(test(TABLES + 1)[:3], test(padded)[:3], strict=True):
        assert one == pytest.approx(other, rel=1e-12)


@pytest.mark.parametrize("test", [homogeneity_test, kruskal_wallis])
def test_one_group_has_no_answer_and_patients_all_alike_no_difference(test):
    assert np.isnan(test([[3, 4], [0, 0]]).p_value)
    assert test([[3, 4], [0, 0]]).note == ONE_GROUP
    assert test(np.zeros((3, 2))).note == ONE_GROUP
    alike = test([[0, 4], [0, 6]])
    assert (alike.statistic, alike.df, alike.p_value, alike.note) == (0, 0, 1, "")
    with pytest.raises(ValueError, match="axis of groups"):
        test([1, 2])
    with pytest.raises(ValueError, match="whole numbers from 0"):
        test([[1, -2], [3, 4]])

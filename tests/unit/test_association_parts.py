"""Parts of the models of association: quantiles and splines of many groups, and the words of pairs and places."""

import numpy as np

from sarcoid_epi.estimators.terms import quantiles, spline
from sarcoid_epi.results import shown
from sarcoid_epi.stats.splines import knots, restricted_cubic
from sarcoid_epi.vocabulary import label


def test_quantiles_of_counted_values_are_those_of_the_values_written_out():
    rng = np.random.default_rng(4)
    values, n = rng.integers(0, 9, (3, 12)).astype(float), rng.integers(0, 4, (3, 12)).astype(float)
    n[2] = 0
    shares = (0.0, 0.05, 0.3, 0.5, 0.95, 1.0)
    found = quantiles(values, n, shares)
    for group in range(2):
        expected = np.quantile(np.repeat(values[group], n[group].astype(int)), shares)
        np.testing.assert_allclose(found[group], expected, rtol=1e-12)
    assert np.isnan(found[2]).all()


def test_splines_of_groups_have_the_knots_of_each():
    rng = np.random.default_rng(5)
    values, n = rng.normal(50, 15, (3, 40)), np.ones((3, 40))
    values[2] = np.repeat([30.0, 60.0], 20)
    found = spline(values, n, 4, values)
    for group in range(2):
        np.testing.assert_array_equal(found[group], restricted_cubic(values[group], knots(values[group], 4)))
    assert (found[2, :, 1:] == 0).all()


def test_labels_of_pairs_and_places_read_as_words():
    assert label("product[skin=yes+sex=male]") == "Interaction on the scale of ratios: Skin with Sex: male"
    assert label("odds_ratio[skin=yes@sex=male]") == "Odds ratio: Skin, given Sex: male"
    assert label("odds_ratio[age_at_diagnosis@25%]") == "Odds ratio: Age at diagnosis, 25 % quantile"
    assert label("odds_ratio[age_group=65+]") == "Odds ratio: age group: 65+"
    assert shown(33.0, "quantile[age_at_diagnosis@25%]") == "33 years"

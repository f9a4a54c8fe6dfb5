"""The nine acceptance tests on 200 000 patients of each design, K Monte Carlo standard errors inside what is asked."""

import pytest

from sarcoid_epi.agreement.acceptance import TESTS, acceptance
from sarcoid_epi.agreement.looking import Looks


@pytest.fixture(scope="module")
def checks():
    return acceptance(Looks())


@pytest.mark.parametrize("test", TESTS, ids=lambda test: f"{test} {TESTS[test]}")
def test_every_figure_of_an_acceptance_test_holds(checks, test):
    mine = [check for check in checks if check.test == test]
    assert mine
    for check in mine:
        said = f"{check.what}, {check.design}: {check.measure.value:.4g} (MCSE {check.measure.error:.2g})"
        assert check.holds, f"{said}, asked {check.low:g} to {check.high:g}"


def test_they_are_measured_on_two_hundred_thousand_patients():
    assert Looks().size == 200_000

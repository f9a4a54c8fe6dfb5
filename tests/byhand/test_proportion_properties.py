"""What must hold for every method at any counts, and Blaker's interval against its definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from sarcoid_epi.stats import proportion

METHODS = [
    proportion.wilson,
    proportion.clopper_pearson,
    proportion.mid_p,
    proportion.jeffreys,
    proportion.agresti_coull,
    proportion.blaker,
    proportion.likelihood_ratio,
]
SLACK = 1e-11  # scipy's betainccinv is good to 1e-11 of the value, root finding to 1e-15

every_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)
sizes = st.integers(1, 2000)
levels = st.floats(0.5, 0.999)
same_every_run = settings(deadline=None, derandomize=True)
counts = sizes.flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@every_method
@same_every_run
@given(counts=counts, level=levels)
def test_the_estimate_lies_inside(method, counts, level):
    events, n = counts
    low, high = method(events, n, level)
    assert 0 <= low <= events / n <= high <= 1


@every_method
@same_every_run
@given(counts=counts, level=levels)
def test_counting_the_others_mirrors_the_limits(method, counts, level):
    events, n = counts
    low, high = method(events, n, level)
    other_low, other_high = method(n - events, n, level)
    assert low == pytest.approx(1 - other_high, abs=SLACK)
    assert high == pytest.approx(1 - other_low, abs=SLACK)


@every_method
@same_every_run
@given(n=st.integers(1, 300), level=levels)
def test_limits_rise_with_events(method, n, level):
    low, high = method(np.arange(n + 1), n, level)
    assert (np.diff(low) >= -SLACK).all()
    assert (np.diff(high) >= -SLACK).all()


@every_method
@same_every_run
@given(counts=counts, level=levels, more=st.floats(0.05, 0.95))
def test_a_higher_level_contains_a_lower_one(method, counts, level, more):
    inner, outer = method(*counts, level), method(*counts, level + (1 - level) * more)
    assert outer.low <= inner.low + SLACK
    assert outer.high >= inner.high - SLACK


@every_method
@same_every_run
@given(pairs=st.lists(counts, min_size=1, max_size=6), level=levels)
def test_a_batch_equals_its_elements(method, pairs, level):
    events, n = np.array(pairs).T
    batch = method(events, n, level)
    for i, pair in enumerate(pairs):
        np.testing.assert_array_equal([batch.low[i], batch.high[i]], method(*pair, level))


@every_method
def test_axes_broadcast(method):
    low, high = method(np.arange(3)[:, None], np.array([5, 9]))
    assert low.shape == high.shape == (3, 2)
    assert low[2, 1] == method(2, 9).low


@same_every_run
@given(counts=counts, level=levels)
def test_blaker_lies_inside_clopper_pearson(counts, level):
    inner, outer = proportion.blaker(*counts, level), proportion.clopper_pearson(*counts, level)
    assert outer.low - SLACK <= inner.low
    assert inner.high <= outer.high + SLACK


@same_every_run
@given(counts=counts, level=levels)
def test_agresti_coull_contains_wilson(counts, level):
    inner, outer = proportion.wilson(*counts, level), proportion.agresti_coull(*counts, level)
    assert outer.low <= inner.low + SLACK
    assert inner.high <= outer.high + SLACK


def acceptability(n, p):
    """Blaker's function for all counts 0..n (rows) at many p (columns), by summing over the counts as it is defined."""
    counts = np.arange(n + 1)[:, None]
    rareness = np.minimum(binom.cdf(counts, n, p), binom.sf(counts - 1, n, p))
    as_rare = rareness[None] <= rareness[:, None] * (1 + 1e-10)  # equal tails count as equal despite rounding
    return (binom.pmf(counts, n, p)[None] * as_rare).sum(axis=1)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95, 0.99])
def test_blaker_is_the_hull_of_what_its_test_accepts(level):
    """All counts of all n up to 30: no accepted grid point outside the limits, an accepted one within a step inside."""
    grid = np.linspace(0, 1, 2001)
    step = grid[1]
    for n in range(1, 31):
        accepted = acceptability(n, grid) > 1 - level + 1e-12
        first, last = grid[accepted.argmax(axis=1)], grid[-1 - accepted[:, ::-1].argmax(axis=1)]
        low, high = proportion.blaker(np.arange(n + 1), n, level)
        assert (low <= first + 1e-12).all()
        assert (first <= low + step + 1e-12).all()
        assert (high >= last - 1e-12).all()
        assert (last >= high - step - 1e-12).all()


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_blaker_turns_at_its_limits(level):
    """Just outside a limit the test refuses, just inside it accepts (a rise through alpha, or a jump over it)."""
    for n in range(1, 31):
        low, high = proportion.blaker(np.arange(n + 1), n, level)
        some, spared = np.arange(1, n + 1), np.arange(n)
        for rows, edge, sign in ((some, low[1:], 1), (spared, high[:-1], -1)):
            inside = np.diag(acceptability(n, edge + sign * 1e-9)[rows])
            outside = np.diag(acceptability(n, edge - sign * 1e-9)[rows])
            assert (inside > 1 - level).all()
            assert (outside <= 1 - level).all()

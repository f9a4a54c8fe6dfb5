"""Which belief drives the answer: functions whose parts are known on paper."""

import numpy as np
import pytest

from sarcoid_epi.stats import sensitivity
from sarcoid_epi.stats.sensitivity import sobol_indices, tornado

UNIFORM = [lambda u: u]


def test_a_tornado_moves_one_input_at_a_time():
    answer = tornado(lambda x: x[0] + 2 * x[1] * x[2], low=[0, 0, 1], value=[1, 1, 1], high=[4, 2, 1])
    assert answer.base == 3
    np.testing.assert_array_equal(answer.at_low, [2, 1, 3])
    np.testing.assert_array_equal(answer.at_high, [6, 5, 3])
    np.testing.assert_array_equal(answer.swing, [4, 4, 0])
    np.testing.assert_array_equal(answer.order, [0, 1, 2])


def test_a_tornado_of_many_outputs_keeps_their_axis_and_puts_nan_last():
    def function(x):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.stack([x[0] + 3 * x[1], (x[0] - 1) / (x[0] - 1) + x[1]])

    answer = tornado(function, [0, 0], [0.5, 0.5], [1, 1])
    assert answer.swing.shape == (2, 2)
    np.testing.assert_array_equal(answer.order, [[1, 0], [1, 0]])


def test_a_function_is_called_once():
    seen = []
    tornado(lambda x: seen.append(x.shape) or x[0], [0] * 3, [1] * 3, [2] * 3)
    sobol_indices(lambda x: seen.append(x.shape) or x[0], UNIFORM * 3, points=8)
    assert seen == [(3, 7), (3, 8 * 16 * 5)]


def test_an_additive_function_has_first_and_total_indices_in_proportion_to_the_variances():
    """1, 4 and 9 times 1/12. Tolerance: five of the standard errors told, themselves below 0.002."""
    answer = sobol_indices(lambda x: x[0] + 2 * x[1] + 3 * x[2], UNIFORM * 3)
    for found, error in ((answer.first, answer.first_error), (answer.total, answer.total_error)):
        assert (error < 0.002).all()
        assert (np.abs(found - np.array([1, 4, 9]) / 14) < 5 * error).all()


def test_a_product_acts_only_together():
    """(u - 1/2)(v - 1/2): first indices 0, total indices 1."""
    answer = sobol_indices(lambda x: (x[0] - 0.5) * (x[1] - 0.5), UNIFORM * 2)
    assert (np.abs(answer.first) < 5 * answer.first_error + 1e-3).all()
    assert (np.abs(answer.total - 1) < 5 * answer.total_error + 1e-3).all()


def test_an_input_that_does_nothing_has_a_total_index_of_exactly_0():
    answer = sobol_indices(lambda x: np.exp(x[0]), UNIFORM * 2, points=64)
    assert (answer.total[1], answer.first[1]) == (0, 0)


def test_what_does_not_vary_or_is_no_number_says_so():
    def function(x):
        with np.errstate(divide="ignore"):
            return np.stack([x[0], 0 * x[0], 1 / (x[0] * 0)])

    answer = sobol_indices(function, UNIFORM * 2, points=16)
    assert list(answer.note) == ["", sensitivity.CONSTANT, sensitivity.NOT_FINITE]
    assert np.isnan(answer.first[1:]).all()
    alone = sobol_indices(lambda x: x[0], UNIFORM * 2, points=16)
    np.testing.assert_allclose(answer.total[0], alone.total, rtol=1e-12)


def test_the_answer_is_the_same_every_time():
    first, second = (sobol_indices(lambda x: x[0] ** 2 + x[1], UNIFORM * 2, points=32) for _ in range(2))
    np.testing.assert_array_equal(first[:4], second[:4])


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: tornado(lambda x: x[0], [0, 0], [1], [2]), "one length"),
        (lambda: tornado(lambda x: x[0], [0], [3], [2]), "between its low and its high"),
        (lambda: sobol_indices(lambda x: x[0], UNIFORM, points=100), "power of 2"),
        (lambda: sobol_indices(lambda x: x[0], []), "at least one input"),
    ],
)
def test_broken_input_is_refused_by_name(call, named):
    with pytest.raises(ValueError, match=named):
        call()

"""Uniforms by address: whoever asks, in whatever order, gets the same number."""

import numpy as np
import pytest
from numpy.random import Philox
from scipy.stats import kstest

from sarcoid_epi.streams import uniforms


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 1000, 4096])
@pytest.mark.parametrize("first", [0, 1, 7, 8, 1001, 65_535])
def test_any_slice_of_the_rows_is_the_same(first, size):
    whole = uniforms(11, "sex", 0, first + size)
    assert (uniforms(11, "sex", first, size) == whole[first:]).all()


def test_another_variable_seed_or_replicate_is_another_stream():
    one = uniforms(1, "sex", 0, 1000)
    for other in (uniforms(1, "lung", 0, 1000), uniforms(2, "sex", 0, 1000), uniforms(1, "sex", 0, 1000, replicate=1)):
        assert abs(np.corrcoef(one, other)[0, 1]) < 4 / np.sqrt(1000)  # four standard errors of a correlation


def test_uniforms_are_uniform_and_never_at_the_ends():
    u = uniforms(5, "burden", 0, 200_000)
    assert 0 < u.min() < u.max() < 1
    assert kstest(u, "uniform").pvalue > 1e-3


def test_neighbouring_rows_and_replicates_are_unrelated():
    u = np.stack([uniforms(5, "burden", 0, 10_000, replicate) for replicate in range(10)])
    assert abs(np.corrcoef(u[:, :-1].ravel(), u[:, 1:].ravel())[0, 1]) < 4 / np.sqrt(u.size)
    assert abs(np.corrcoef(u[:-1].ravel(), u[1:].ravel())[0, 1]) < 4 / np.sqrt(u.size)


def test_the_bits_are_those_of_philox_at_the_address():
    """Row 17 is the second 32-bit number of the third counter block (17 = 2 * 8 + 1)."""
    from hashlib import blake2b

    key = np.frombuffer(blake2b(b"3:sex", digest_size=16).digest(), dtype="<u8")
    word = int(Philox(key=key, counter=[2, 0, 0, 0]).random_raw(1)[0])
    assert uniforms(3, "sex", 17, 1)[0] == ((word >> 32) + 0.5) / 2**32


def test_published_numbers_of_philox_are_met():
    """The known-answer vector of Philox 4x64-10 for counter 0 and key 0 (Random123, salmon2011).

    NumPy steps the counter before it draws, so the vector belongs to the counter of all ones.
    """
    ones = 2**64 - 1
    raw = Philox(key=[0, 0], counter=[ones, ones, ones, ones]).random_raw(4)
    assert [f"{int(word):016x}" for word in raw] == [
        "16554d9eca36314c",
        "db20fe9d672d0fdc",
        "d7e772cee186176b",
        "7e68b68aec7ba23b",
    ]

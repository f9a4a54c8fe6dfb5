"""The example study of R's rsimsum, whose results its documentation prints in full (gasparini2018, "Simulating a
simulation study"): every measure and its Monte Carlo error, to the four decimals printed.

The replicates were made again from the printed recipe and seed (reference/R/relhaz.R). Of its three methods two are
here: Cox's model and the exponential one; the third needs a package that could not be had. Its other example, MIsim, is
data that cannot be made again: what can be checked of its printed results is how they hang together."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from sarcoid_epi.stats.paired import paired
from sarcoid_epi.stats.performance import performance

MADE = json.loads((Path(__file__).parents[1] / "reference" / "relhaz.json").read_text(encoding="utf-8"))
TRUE = -0.5
CASES = ("exponential_50", "weibull_50", "exponential_250", "weibull_250")

#: As printed: of each case Cox's model and its Monte Carlo error, then the exponential model and its error.
PRINTED = {
    "bias": ((0.0215, 0.0328, 0.0239, 0.0326), (-0.0282, 0.0311, 0.1509, 0.0204),
             (-0.0215, 0.0149, -0.0214, 0.0151), (-0.0120, 0.0133, 0.1482, 0.0093)),
    "relative_bias": ((-0.0430, 0.0657, -0.0478, 0.0652), (0.0564, 0.0623, -0.3018, 0.0408),
                      (0.0430, 0.0298, 0.0427, 0.0301), (0.0241, 0.0267, -0.2963, 0.0186)),
    "empirical_error": ((0.3285, 0.0233, 0.3258, 0.0232), (0.3115, 0.0221, 0.2041, 0.0145),
                        (0.1488, 0.0106, 0.1506, 0.0107), (0.1333, 0.0095, 0.0929, 0.0066)),
    "mean_squared_error": ((0.1073, 0.0149, 0.1056, 0.0146), (0.0968, 0.0117, 0.0640, 0.0083),
                           (0.0224, 0.0028, 0.0229, 0.0028), (0.0177, 0.0027, 0.0305, 0.0033)),
    "model_error": ((0.3185, 0.0013, 0.3127, 0.0010), (0.3052, 0.0014, 0.2888, 0.0005),
                    (0.1396, 0.0002, 0.1381, 0.0002), (0.1320, 0.0002, 0.1281, 0.0001)),
    "coverage": ((0.95, 0.0218, 0.94, 0.0237), (0.97, 0.0171, 0.99, 0.0099),
                 (0.93, 0.0255, 0.92, 0.0271), (0.94, 0.0237, 0.85, 0.0357)),
    "bias_eliminated_coverage": ((0.95, 0.0218, 0.95, 0.0218), (0.95, 0.0218, 1.0, 0.0),
                                 (0.94, 0.0237, 0.94, 0.0237), (0.95, 0.0218, 0.99, 0.0099)),
    "power": ((0.36, 0.0480, 0.38, 0.0485), (0.43, 0.0495, 0.09, 0.0286),
              (0.98, 0.0140, 0.99, 0.0099), (0.97, 0.0171, 0.86, 0.0347)),
}  # fmt: skip

#: In per cent, as printed.
RELATIVE_ERROR = ((-3.0493, 6.9011, -4.0156, 6.8286), (-2.0115, 6.9776, 41.4993, 10.0594),
                  (-6.2002, 6.6679, -8.3339, 6.5160), (-0.9728, 7.0397, 37.7762, 9.7917))  # fmt: skip

#: Gain in precision of the exponential model against Cox's, in per cent, and its error.
PRECISION = ((1.6773, 3.2902), (132.7958, 16.4433), (-2.3839, 3.0501), (105.8426, 12.4932))


def replicates(model: str, case: str) -> tuple[np.ndarray, ...]:
    estimate, error = (np.array(MADE[f"{model}_{case}_{what}"]) for what in ("estimate", "error"))
    reach = norm.ppf(0.975) * error
    return estimate, error, estimate - reach, estimate + reach


def measured(case: str, name: str) -> list[float]:
    found = [getattr(performance(*replicates(model, case), TRUE), name) for model in ("cox", "exponential")]
    return [float(part) for one in found for part in (one.value, one.mcse)]


@pytest.mark.parametrize("name", PRINTED)
@pytest.mark.parametrize("case", CASES)
def test_a_measure_and_its_error_are_as_printed(name, case):
    """Tolerance: half of the last digit printed."""
    assert measured(case, name) == pytest.approx(PRINTED[name][CASES.index(case)], abs=0.500001e-4)


@pytest.mark.parametrize("case", CASES)
def test_the_relative_error_of_the_standard_error_is_as_printed(case):
    assert [100 * one for one in measured(case, "relative_error")] == pytest.approx(
        RELATIVE_ERROR[CASES.index(case)], abs=0.500001e-4
    )


@pytest.mark.parametrize("case", CASES)
def test_the_gain_in_precision_of_paired_methods_is_as_printed(case):
    cox, exponential = ((b, low, high) for b, _, low, high in (replicates(m, case) for m in ("cox", "exponential")))
    got = paired(exponential, cox, TRUE).relative_precision
    in_percent = [100 * float(got.value), 100 * float(got.mcse)]
    assert in_percent == pytest.approx(PRECISION[CASES.index(case)], abs=0.500001e-4)


def test_a_difference_of_paired_biases_is_that_of_the_printed_biases_and_known_better_than_either():
    cox, exponential = ((b, low, high) for b, _, low, high in (replicates(m, CASES[0]) for m in ("cox", "exponential")))
    got = paired(exponential, cox, TRUE).bias
    assert float(got.value) == pytest.approx(0.0239 - 0.0215, abs=1e-4)
    assert float(got.mcse) < 0.0328 / 3


#: MIsim, 1000 replicates, as printed: bias, empirical error, model error, coverage, power, each with its error.
MISIM = {
    "CC": ((0.0168, 0.0048), (0.1511, 0.0034), (-2.6594, 2.2055), (0.9430, 0.0073), (0.9460, 0.0071)),
    "MI_LOGT": ((0.0009, 0.0042), (0.1320, 0.0030), (2.2233, 2.3323), (0.9490, 0.0070), (0.9690, 0.0055)),
    "MI_T": ((-0.0012, 0.0043), (0.1344, 0.0030), (-0.4412, 2.2695), (0.9430, 0.0073), (0.9630, 0.0060)),
}


@pytest.mark.parametrize("method", MISIM)
def test_replicates_with_the_printed_moments_and_shares_have_the_printed_errors(method):
    """Replicates made to have exactly the printed mean, spread, coverage and power: their errors are as printed."""
    (bias, bias_error), (spread, spread_error), _, (covers, covers_error), (powers, powers_error) = MISIM[method]
    z = norm.ppf((np.arange(1000) + 0.5) / 1000)
    b = 0.5 + bias + spread * (z - z.mean()) / z.std(ddof=1)
    low = np.where(np.arange(1000) < round(1000 * covers), 0.4, 0.6)
    got = performance(b, 0.1, low, 1.0, 0.5)
    assert (got.bias.mcse, got.empirical_error.mcse, got.coverage.mcse) == pytest.approx(
        (bias_error, spread_error, covers_error), abs=1e-4
    )
    low = np.where(np.arange(1000) < round(1000 * powers), 0.1, -0.1)
    assert performance(b, 0.1, low, 1.0, 0.5).power.mcse == pytest.approx(powers_error, abs=0.500001e-4)

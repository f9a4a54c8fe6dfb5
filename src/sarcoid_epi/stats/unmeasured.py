"""Selection, misclassification and unmeasured confounding of an association.

A 2 x 2 table is written a, b, c, d: exposed and unexposed with the outcome, exposed and unexposed without it. All
arguments broadcast: with arrays of drawn bias parameters the simple analysis is the probabilistic one, whose draws
`bias_analysis.with_random_error` and `bias_analysis.error_limits` turn into limits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array, check_share
from sarcoid_epi.stats.misclassification import rogan_gladen

IMPOSSIBLE = "the sensitivities and specificities cannot have led to this table: a corrected count is negative"
CHANCE = "sensitivity plus specificity is 1 or less: nothing can be corrected"
EMPTY_CELL = "a count of 0: not every measure is a finite number"
NEVER_SELECTED = "a selection probability of 0: that part of the population is not seen at all"


class AdjustedTable(NamedTuple):
    """A table without the bias, each field of the broadcast shape.

    Attributes
    ----------
    a, b, c, d
        Corrected counts: exposed and unexposed with the outcome, exposed and unexposed without it.
    odds_ratio, risk_ratio, risk_difference
        Of these counts. In a case-control study only the first is of use.
    note
        Empty; or why there is no table, all else being NaN; or that with a count of 0 a measure is infinite or NaN.
    """

    a: Array
    b: Array
    c: Array
    d: Array
    odds_ratio: Array
    risk_ratio: Array
    risk_difference: Array
    note: NDArray[np.str_]


def selection_adjusted(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    selected_a: ArrayLike,
    selected_b: ArrayLike,
    selected_c: ArrayLike,
    selected_d: ArrayLike,
) -> AdjustedTable:
    r"""Table of all who could have taken part, from those who did and their chances of it.

    .. math:: A = a/s_a, \; \dots, \; D = d/s_d, \qquad OR = \frac{ad}{bc} \cdot \frac{s_b s_c}{s_a s_d}

    Parameters
    ----------
    a, b, c, d
        Exposed and unexposed with the outcome, exposed and unexposed without it.
    selected_a, selected_b, selected_c, selected_d
        Chance of being selected in each of the four cells, in [0, 1].

    Returns
    -------
    AdjustedTable; NaN where a chance is 0. Only ratios of the chances matter to the odds ratio.

    Raises
    ------
    ValueError
        If a count is negative or a chance outside [0, 1].

    Assumes
    -------
    Within a cell those selected are like those not selected, and the chances are right.

    References
    ----------
    fox2021, lash2014

    Examples
    --------
    Mobile phones and uveal melanoma, the worked example of fox2021: the odds ratio goes from 0.71 to 1.63.

    >>> answer = selection_adjusted(136, 107, 297, 165, 0.94, 0.85, 0.64, 0.25)
    >>> print(f"{answer.odds_ratio:.4f}")
    1.6346
    """
    cells = check_table(a, b, c, d)
    chances = [
        check_share(each, "a selection probability") for each in (selected_a, selected_b, selected_c, selected_d)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        corrected = np.broadcast_arrays(*(cell / chance for cell, chance in zip(cells, chances, strict=True)))
    unseen = np.logical_or.reduce(np.broadcast_arrays(*(chance == 0 for chance in chances)))
    return _adjusted(corrected, np.where(unseen, NEVER_SELECTED, ""))


def misclassified_outcome(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    sensitivity: ArrayLike,
    specificity: ArrayLike,
    sensitivity_unexposed: ArrayLike | None = None,
    specificity_unexposed: ArrayLike | None = None,
) -> AdjustedTable:
    r"""Table with the true outcome, from one whose outcome is misclassified.

    .. math:: A = \frac{a - (1 - Sp)(a + c)}{Se + Sp - 1}, \qquad C = a + c - A

    among the exposed, and likewise B, D among the unexposed.

    Parameters
    ----------
    a, b, c, d
        Exposed and unexposed with the outcome, exposed and unexposed without it, as recorded.
    sensitivity, specificity
        Of the record of the outcome among the exposed, in [0, 1].
    sensitivity_unexposed, specificity_unexposed
        Among the unexposed; the same (non-differential) where left out.

    Returns
    -------
    AdjustedTable; NaN where a count would be negative or Se + Sp <= 1.

    Raises
    ------
    ValueError
        If a count is negative or a sensitivity or specificity outside [0, 1].

    Assumes
    -------
    Sensitivity and specificity are right, and alike for all exposed and for all unexposed.

    References
    ----------
    rogan1978, fox2021

    Examples
    --------
    Half of the cases are missed, nobody is falsely recorded: 20 of 100 are 40, 10 of 100 are 20.

    >>> answer = misclassified_outcome(20, 10, 80, 90, 0.5, 1)
    >>> print(f"{answer.a:.0f} {answer.b:.0f} {answer.c:.0f} {answer.d:.0f}; {answer.risk_ratio:.0f}")
    40 20 60 80; 2
    """
    cells = check_table(a, b, c, d)
    of_unexposed = (
        sensitivity if sensitivity_unexposed is None else sensitivity_unexposed,
        specificity if specificity_unexposed is None else specificity_unexposed,
    )
    true_a, true_c, first = _divided(cells[0], cells[2], sensitivity, specificity)
    true_b, true_d, second = _divided(cells[1], cells[3], *of_unexposed)
    return _adjusted([true_a, true_b, true_c, true_d], np.where(first == "", second, first))


def misclassified_exposure(
    a: ArrayLike,
    b: ArrayLike,
    c: ArrayLike,
    d: ArrayLike,
    sensitivity: ArrayLike,
    specificity: ArrayLike,
    sensitivity_noncases: ArrayLike | None = None,
    specificity_noncases: ArrayLike | None = None,
) -> AdjustedTable:
    r"""Table with the true exposure, from one whose exposure is misclassified.

    .. math:: A = \frac{a - (1 - Sp)(a + b)}{Se + Sp - 1}, \qquad B = a + b - A

    among those with the outcome, and likewise C, D among those without it.

    Parameters
    ----------
    a, b, c, d
        Exposed and unexposed with the outcome, exposed and unexposed without it, as recorded.
    sensitivity, specificity
        Of the record of the exposure among those with the outcome, in [0, 1].
    sensitivity_noncases, specificity_noncases
        Among those without the outcome; the same (non-differential) where left out.

    Returns
    -------
    AdjustedTable; NaN where a count would be negative or Se + Sp <= 1.

    Raises
    ------
    ValueError
        If a count is negative or a sensitivity or specificity outside [0, 1].

    Assumes
    -------
    Sensitivity and specificity are right, and alike for all with and for all without the outcome.

    References
    ----------
    rogan1978, fox2021

    Examples
    --------
    Smoking and invasive pneumococcal disease, 126, 92, 71, 224 with Se = 0.94 and Sp = 0.97: 4.32 becomes 5.02.

    >>> print(f"{misclassified_exposure(126, 92, 71, 224, 0.94, 0.97).odds_ratio:.4f}")
    5.0245
    """
    cells = check_table(a, b, c, d)
    of_noncases = (
        sensitivity if sensitivity_noncases is None else sensitivity_noncases,
        specificity if specificity_noncases is None else specificity_noncases,
    )
    true_a, true_b, first = _divided(cells[0], cells[1], sensitivity, specificity)
    true_c, true_d, second = _divided(cells[2], cells[3], *of_noncases)
    return _adjusted([true_a, true_b, true_c, true_d], np.where(first == "", second, first))


def confounding_adjusted(
    ratio: ArrayLike, confounder_ratio: ArrayLike, prevalence_exposed: ArrayLike, prevalence_unexposed: ArrayLike
) -> Array:
    r"""Risk or odds ratio without the part that a binary unmeasured confounder makes.

    .. math:: RR = RR_{obs} \cdot \frac{1 + p_0 (g - 1)}{1 + p_1 (g - 1)}

    Parameters
    ----------
    ratio
        Observed risk ratio, or a limit of it, above 0. For an odds ratio all four are those of odds, the prevalences
        those among patients without the outcome.
    confounder_ratio
        Ratio g of the outcome with and without the confounder, above 0.
    prevalence_exposed, prevalence_unexposed
        Shares p1, p0 with the confounder, in [0, 1].

    Returns
    -------
    Adjusted ratio, of the broadcast shape.

    Raises
    ------
    ValueError
        If a ratio is not above 0 or a prevalence outside [0, 1].

    Assumes
    -------
    The confounder multiplies the outcome alike in exposed and unexposed, and is independent of measured confounders.

    References
    ----------
    schlesselman1978, fox2021

    Examples
    --------
    Circumcision and HIV, religion unmeasured, the worked example of fox2021: 0.35 becomes 0.49.

    >>> print(f"{confounding_adjusted((105 / 632) / (85 / 178), 0.63, 0.8, 0.05):.4f}")
    0.4851
    """
    observed, g = check_ratio(ratio, "ratio"), check_ratio(confounder_ratio, "confounder_ratio")
    p1, p0 = (
        check_share(prevalence_exposed, "prevalence_exposed"),
        check_share(prevalence_unexposed, "prevalence_unexposed"),
    )
    with np.errstate(divide="ignore"):
        return np.asarray(observed * (1 + p0 * (g - 1)) / (1 + p1 * (g - 1)))[()]


def confounding_adjusted_difference(
    difference: ArrayLike,
    confounder_difference: ArrayLike,
    prevalence_exposed: ArrayLike,
    prevalence_unexposed: ArrayLike,
) -> Array:
    r"""Risk difference without the part that a binary unmeasured confounder makes.

    .. math:: RD = RD_{obs} - g\,(p_1 - p_0)

    Parameters
    ----------
    difference
        Observed risk difference, or a limit of it.
    confounder_difference
        Difference g of the risk with and without the confounder.
    prevalence_exposed, prevalence_unexposed
        Shares p1, p0 with the confounder, in [0, 1].

    Returns
    -------
    Adjusted difference, of the broadcast shape.

    Raises
    ------
    ValueError
        If a prevalence lies outside [0, 1].

    Assumes
    -------
    The confounder adds to the risk alike in exposed and unexposed, and is independent of measured confounders.

    References
    ----------
    schlesselman1978, fox2021

    Examples
    --------
    >>> print(f"{confounding_adjusted_difference(105 / 632 - 85 / 178, -0.37, 0.8, 0.05):.4f}")
    -0.0339
    """
    p1, p0 = (
        check_share(prevalence_exposed, "prevalence_exposed"),
        check_share(prevalence_unexposed, "prevalence_unexposed"),
    )
    observed, g = np.asarray(difference, dtype=np.float64), np.asarray(confounder_difference, dtype=np.float64)
    return np.asarray(observed - g * (p1 - p0))[()]


def _divided(
    recorded: Array, rest: Array, sensitivity: ArrayLike, specificity: ArrayLike
) -> tuple[Array, Array, NDArray[np.str_]]:
    """True counts with and without, and why there are none; an empty group stays empty."""
    se, sp = check_share(sensitivity, "a sensitivity"), check_share(specificity, "a specificity")
    size = recorded + rest
    with np.errstate(divide="ignore", invalid="ignore"):
        true = np.where(size == 0, 0.0, rogan_gladen(recorded / size, se, sp) * size)
        note = np.select([se + sp <= 1, (true < 0) | (true > size)], [CHANCE, IMPOSSIBLE], "")
    return true, np.asarray(size - true), note


def _adjusted(cells: list[Array] | tuple[Array, ...], note: NDArray[np.str_]) -> AdjustedTable:
    a, b, c, d = (np.where(note == "", each, np.nan) for each in cells)
    with np.errstate(divide="ignore", invalid="ignore"):
        exposed, unexposed = a / (a + c), b / (b + d)
        measures = (a * d / (b * c), exposed / unexposed, exposed - unexposed)
    unfinished = (note == "") & ~np.isfinite(measures).all(axis=0)
    note = np.where(unfinished, EMPTY_CELL, note)
    return AdjustedTable(*(each[()] for each in np.broadcast_arrays(a, b, c, d, *measures, note)))


def check_table(*cells: ArrayLike) -> list[Array]:
    """Counts of a table as float64; refuse one that is negative or not a number."""
    table = [np.asarray(cell, dtype=np.float64) for cell in cells]
    if not all((np.isfinite(cell) & (cell >= 0)).all() for cell in table):
        raise ValueError("the counts of a table must be numbers that are not negative")
    return table


def check_ratio(value: ArrayLike, name: str) -> Array:
    """A ratio as float64; NaN (not known) passes."""
    ratio = np.asarray(value, dtype=np.float64)
    if (ratio <= 0).any():
        raise ValueError(f"{name} must be above 0; got {ratio[ratio <= 0].flat[0]:g}")
    return ratio

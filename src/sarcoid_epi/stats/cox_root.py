"""Where the score of a Cox model is 0, and which of its effects have no such place (monotone likelihood).

A fit elsewhere (lifelines) starts here: its own steps are slow with late entry, and stop short of the root.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.risk_sums import CoxRows, RiskSums, cox_rows, risk_sums

NO_EVENT = "no event"
ALIASED = "what explains the event says the same twice: its effects cannot be told apart"
NOTHING_SAID = "the data say nothing of it: whenever an event happens, all at risk are alike"
MONOTONE = "the ratio is 0 or without end: of patients alike in it all, or none, have the event (monotone likelihood)"

_STEPS = 40
_CLOSE = 1e-12
_VANISHED = 1e-6
_DARK = 1e-8
_RANK = 1e-10


class CoxRoot(NamedTuple):
    """Coefficients (P,), the inverse of their information (P, P), and a note on each (P,).

    Of an effect with a note neither coefficient nor variance is known (NaN); the others are those of the limit.
    `reached` is where the steps ended, all numbers finite.
    """

    coefficients: Array
    reached: Array
    covariance: Array
    note: NDArray[np.str_]


def cox_root(
    covariates: ArrayLike,
    exit: ArrayLike,
    event: ArrayLike,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
) -> CoxRoot:
    r"""Root of the score of Cox's partial likelihood with Efron's ties, by Newton's steps, halved where they overshoot.

    .. math:: U(b) = \sum_{events} (x - \bar x(t)) = 0, \qquad I(b) = \sum_{events} V(t)

    Where the likelihood has no maximum, since an effect grows without end, the information about it vanishes as the
    steps go on; an effect whose information, counted in squares of the covariate's range, is below a millionth is
    called monotone (one event of a level keeps it near 1). The other effects then are those of the limit.

    Parameters
    ----------
    covariates, exit, event, entry, strata
        As for `cox_rows`.

    Returns
    -------
    CoxRoot; NaN with a note where an effect is monotone or the data say nothing of it, and everywhere without an event
    or where columns say the same twice.

    Raises
    ------
    ValueError
        As `cox_rows`.

    Assumes
    -------
    The model: hazards proportional.

    References
    ----------
    cox1972, efron1977, heinze2001

    Examples
    --------
    Three patients, x = 0, 1, 0, have the event in turn; r / ((2 + r) (1 + r)) is greatest where r r = 2:

    >>> root = cox_root([[0.0], [1.0], [0.0]], [1, 2, 3], [1, 1, 1])
    >>> print(f"{np.exp(root.coefficients[0]) ** 2:.6f}")
    2.000000
    """
    x = np.asarray(covariates, dtype=np.float64)
    size = x.shape[-1]
    beta = np.zeros(size)
    cox = cox_rows(x, exit, event, beta, entry, strata)
    sums = risk_sums(cox)
    if not sums.time.size:
        return _nothing(size, NO_EVENT)
    spread = np.ptp(x, axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    if _aliased(x / spread):
        return _nothing(size, ALIASED)
    blind = _vanished(sums.variance.sum(0) / np.outer(spread, spread))
    likelihood = _likelihood(cox, sums)
    for _ in range(_STEPS):
        score, information = (x[sums.patient] - sums.mean).sum(0), sums.variance.sum(0)
        step = _step(information / np.outer(spread, spread), score / spread) / spread
        cox, sums, likelihood = _uphill(cox, step, likelihood)
        if (np.abs(step) * spread < _CLOSE).all():
            break
    scaled = sums.variance.sum(0) / np.outer(spread, spread)
    vanished = _vanished(scaled) | blind
    covariance = np.full((size, size), np.nan)
    kept = np.flatnonzero(~vanished)
    covariance[np.ix_(kept, kept)] = np.linalg.inv(scaled[np.ix_(kept, kept)]) / np.outer(spread[kept], spread[kept])
    note = np.select([blind, vanished], [NOTHING_SAID, MONOTONE], "")
    return CoxRoot(np.where(vanished, np.nan, cox.coefficients), cox.coefficients, covariance, note)


def _uphill(cox: CoxRows, step: Array, likelihood: float) -> tuple[CoxRows, RiskSums, float]:
    """The next place, nearer by halves as long as the likelihood would fall."""
    for half in range(20):
        there = cox._replace(coefficients=cox.coefficients + step / 2**half)
        with np.errstate(all="ignore"):
            sums = risk_sums(there)
            found = _likelihood(there, sums)
        if found >= likelihood - 1e-9 * abs(likelihood):
            return there, sums, found
    return cox, risk_sums(cox), likelihood


def _step(information: Array, score: Array) -> Array:
    """Newton's step, but for directions of which nothing is left to know: there it stands still."""
    values, vectors = np.linalg.eigh(information)
    bright = values > _DARK
    return np.asarray(vectors[:, bright] @ (vectors[:, bright].T @ score / values[bright]))


def _likelihood(cox: CoxRows, sums: RiskSums) -> float:
    """Logarithm of the partial likelihood."""
    return float((cox.covariates[sums.patient] @ cox.coefficients - np.log(sums.total)).sum())


def _aliased(x: Array) -> bool:
    """Whether some sum of columns is the same for all patients, so that no event of theirs could tell them apart."""
    sizes = np.linalg.svd(x - x.mean(0), compute_uv=False)
    return bool((sizes < _RANK * sizes.max(initial=0.0)).any() or (sizes == 0).any() or sizes.size < x.shape[1])


def _vanished(information: Array) -> NDArray[np.bool_]:
    """Columns that have a part in a direction of which nothing is known any more."""
    values, vectors = np.linalg.eigh(information)
    dark = vectors[:, values < _VANISHED]
    return np.asarray((np.abs(dark) > 1e-3).any(axis=1))


def _nothing(size: int, note: str) -> CoxRoot:
    blank = np.full(size, np.nan)
    return CoxRoot(blank, np.zeros(size), np.full((size, size), np.nan), np.full(size, note))

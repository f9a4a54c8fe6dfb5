r"""Multiple imputation by chained equations: each incomplete variable in turn, given all others. Nothing is drawn here.

Notation: M completed data sets of N patients; z the variable to be completed, x its predictors (a constant first),
standardised over the patients in whom z is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri, ndtri

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.newton import Groups, ascend

#: Rounds through all incomplete variables; one round is all there is to do where only one of them is incomplete.
CYCLES = 10

#: Patients with a known value among whom a number is drawn.
DONORS = 5

#: What little a column that follows from others is held back by, relative to its own sum of squares.
_RIDGE = 1e-5

#: Predictors of a variable in every data set, shape (M, N, P), from the completed values (M, N, C) and its number.
Predictors = Callable[[Array, int], Array]

#: So many uniforms in each data set, shape (M, count), by the number of the variable and of the round (0 to begin).
Uniforms = Callable[[int, int, int], Array]


class _Scaled(NamedTuple):
    """Predictors (M, n, P) of those in whom a variable is known, and of the others, on one scale."""

    known: Array
    missing: Array


def chained(
    values: ArrayLike,
    levels: Sequence[int],
    predictors: Predictors,
    uniforms: Uniforms,
    imputations: int,
    cycles: int = CYCLES,
) -> Array:
    r"""Data sets in which each missing value is drawn from what the other variables say of it.

    Categories and flags by (multinomial) logistic regression, drawn from the normal approximation of its posterior,

    .. math:: \beta^* \sim N(\hat\beta, \hat V), \qquad z_i \sim \mathrm{softmax}(x_i^T \beta^*)

    fitted to the patients in whom z is known and to P pseudo-patients, spread evenly over points one standard deviation
    to either side along each predictor and over the levels as these are seen, so that no coefficient is infinite.
    Numbers by predictive mean matching,

    .. math:: \sigma^{*2} = \frac{\sum (z_i - x_i^T \hat\beta)^2}{\chi^2_{n - P}}, \qquad
              \beta^* \sim N(\hat\beta, \sigma^{*2} (X^T X)^{-1})

    and the value of one of the five patients whose :math:`x^T \hat\beta` is nearest to :math:`x_i^T \beta^*`, by lot.
    Variables take their turn from the least to the most incomplete; at first each missing value is one of those seen.

    Parameters
    ----------
    values
        Numbers, or codes of levels, NaN where missing, shape (N, C); each column is known in somebody.
    levels
        How many levels each column has, 0 for a number.
    predictors
        Called with completed values (M, N, C) and the number of a column; gives the design (M, N, P), a constant first.
        Whatever is made of columns (bends of splines, products) is made anew from the completed ones.
    uniforms
        Called with the number of a column, of a cycle, and a count; gives uniforms (M, count).
    imputations
        M.
    cycles
        Rounds; one is made where a single column is incomplete.

    Returns
    -------
    Completed values, shape (M, N, C); known values as they are. A level that nobody has is never drawn.

    Raises
    ------
    ValueError
        If a column is known in nobody.

    Assumes
    -------
    Missing at random: given the predictors, whether a value is missing tells nothing of it. The regressions are right,
    and fit the analysis: outcome, covariates and the products of the analysis stand among the predictors.

    References
    ----------
    vanbuuren2011, whiteroyston2011, white2010, clogg1991, little1988, rubin1987

    Examples
    --------
    >>> from sarcoid_epi.streams import uniforms as stream
    >>> def numbers(column, cycle, count):
    ...     return np.stack([stream(1, f"{column} {cycle}", 0, count, replicate) for replicate in range(3)])
    >>> table = [[0.0, 1.0], [1.0, 2.0], [2.0, np.nan], [3.0, 4.0], [4.0, 5.0], [5.0, 6.0]]
    >>> made = chained(table, [0, 0], lambda z, at: np.stack([np.ones(z.shape[:2]), z[..., 1 - at]], -1), numbers, 3)
    >>> made.shape, bool(np.isin(made[:, 2, 1], [1, 2, 4, 5, 6]).all())
    ((3, 6, 2), True)
    """
    given = np.asarray(values, dtype=np.float64)
    missing = np.isnan(given)
    if missing.all(axis=0).any() and len(given):
        raise ValueError("a column is known in nobody")
    turns = [int(at) for at in np.argsort(missing.sum(axis=0), kind="stable") if missing[:, at].any()]
    completed = np.repeat(given[None], imputations, axis=0)
    for at in turns:
        seen = given[~missing[:, at], at]
        lot = uniforms(at, 0, int(missing[:, at].sum()))
        completed[:, missing[:, at], at] = seen[(lot * seen.size).astype(np.intp)]
    for cycle in range(1, (cycles if len(turns) > 1 else 1) + 1):
        for at in turns:
            lost = missing[:, at]
            # Where this column alone is incomplete the design is the same in every data set.
            design = predictors(completed if len(turns) > 1 else completed[:1], at)
            scaled = _scaled(design, lost)
            draw = _numbers if levels[at] == 0 else _levels
            size = scaled.known.shape[-1]
            lots = uniforms(at, cycle, (size if levels[at] == 0 else size * levels[at]) + 1 + 2 * int(lost.sum()))
            completed[:, lost, at] = draw(scaled, given[~lost, at], lots)
    return completed


def _scaled(design: Array, lost: NDArray[np.bool_]) -> _Scaled:
    """Columns after the constant with mean 0 and deviation 1 in those who are known; one that stands still is 0."""
    known, missing = design[:, ~lost], design[:, lost]
    mean, spread = known.mean(axis=1, keepdims=True), known.std(axis=1, keepdims=True)
    mean[..., 0], spread[..., 0] = 0.0, 1.0
    still = spread <= 1e-12 * (1.0 + np.abs(mean))
    scale = np.where(still, 1.0, spread)
    parts = (np.where(still, 0.0, (part - mean) / scale) for part in (known, missing))
    return _Scaled(*parts)


def _normal(centre: Array, covariance: Array, scores: Array) -> Array:
    """Draws of a normal distribution (M, K) from standard scores."""
    return np.asarray(centre + (np.linalg.cholesky(covariance) @ scores[..., None])[..., 0])


def _levels(scaled: _Scaled, seen: Array, lots: Array) -> Array:
    """Levels drawn by a logistic or multinomial regression with drawn coefficients."""
    there, code = np.unique(seen, return_inverse=True)
    size, many = scaled.known.shape[-1], there.size
    if many == 1:
        return np.full((len(lots), scaled.missing.shape[1]), there[0])
    at, inverse = _multinomial(scaled.known, np.eye(many)[code])
    scores = ndtri(lots[:, : size * (many - 1)])
    beta = _normal(at, inverse, scores).reshape(len(lots), many - 1, size)
    chance = _chances(scaled.missing, beta)[0]
    lot = lots[:, -scaled.missing.shape[1] :]
    chosen = (lot >= np.cumsum(chance, axis=0)[:-1]).sum(axis=0)
    return np.asarray(there[chosen])


def _multinomial(known: Array, seen: Array) -> tuple[Array, Array]:
    """Coefficients (M, (K - 1) P) and their covariance, with P pseudo-patients at one standard deviation."""
    sets, patients, size = known.shape
    share = seen.mean(axis=0)
    along = np.concatenate([np.eye(size)[1:], -np.eye(size)[1:]])
    along[:, 0] = 1.0
    weight = np.concatenate([np.ones(patients), np.full(len(along), size / max(len(along), 1))])
    x = np.concatenate([known, np.broadcast_to(along, (sets, *along.shape))], axis=1)
    y = np.concatenate([seen, np.broadcast_to(share, (len(along), share.size))]).T
    free = share.size - 1

    def function(groups: Groups, at: Array) -> tuple[Array, Array, Array]:
        own = x if groups.size == sets else x[groups]
        chance, eta, total = _chances(own, at.reshape(len(at), free, size))
        value = ((y[:, None] * eta).sum(axis=0) - total) @ weight
        pull = weight * (y[1:, None] - chance[1:])
        gradient = np.stack([(one[:, None] @ own)[:, 0] for one in pull], axis=1).reshape(len(at), -1)
        information = np.empty((len(at), free, size, free, size))
        for a in range(free):
            for b in range(a, free):
                part = chance[a + 1] * ((a == b) - chance[b + 1]) * weight
                block = own.swapaxes(1, 2) @ (part[..., None] * own)
                information[:, a, :, b], information[:, b, :, a] = block, block.swapaxes(1, 2)
        return value, gradient, information.reshape(len(at), free * size, free * size)

    start = np.zeros((sets, free, size))
    start[..., 0] = np.log(share[1:] / share[0])
    end = ascend(function, start.reshape(sets, -1))
    return end.at, end.inverse


def _chances(x: Array, beta: Array) -> tuple[Array, Array, Array]:
    """Chance of each level (K, M, n), its linear predictor, and the logarithm of the sum over levels (M, n)."""
    free = [(x @ beta[:, level, :, None])[..., 0] for level in range(beta.shape[1])]
    eta = np.stack([np.zeros(free[0].shape), *free])
    top = eta.max(axis=0)
    powers = np.exp(eta - top)
    total = powers.sum(axis=0)
    return powers / total, eta, top + np.log(total)


def _numbers(scaled: _Scaled, seen: Array, lots: Array) -> Array:
    """Numbers drawn from the donors whose predicted mean is nearest, by a linear regression with drawn coefficients."""
    known, missing = scaled.known, scaled.missing
    sets, lost, size = len(lots), missing.shape[1], known.shape[-1]
    square = known.swapaxes(1, 2) @ known
    held = square + _RIDGE * np.eye(size) * np.maximum(np.diagonal(square, axis1=1, axis2=2), 1.0)[:, None]
    inverse = np.linalg.inv(held)
    beta = (inverse @ (known.swapaxes(1, 2) @ seen[:, None]))[..., 0]
    fitted = (known @ beta[..., None])[..., 0]
    degrees = max(seen.size - size, 1)
    variance = ((seen - fitted) ** 2).sum(axis=-1, keepdims=True) / chdtri(degrees, lots[:, size : size + 1])
    spread = variance[..., None] * inverse + 1e-300 * np.eye(size)
    drawn = _normal(beta, spread, ndtri(lots[:, :size]))
    aim = (missing @ drawn[..., None])[..., 0]
    fitted = np.broadcast_to(fitted, (sets, seen.size))
    return np.stack([_matched(fitted[m], aim[m], seen, lots[m, -2 * lost :].reshape(2, lost)) for m in range(sets)])


def _matched(fitted: Array, aim: Array, seen: Array, lots: Array) -> Array:
    """The value of one of the nearest donors, by lot; where more of them are equally near, of one of these."""
    # Equal predictors must give equal predictions, to the last digit, wherever they stand in a product of matrices.
    digits = 12 - int(np.floor(np.log10(max(np.abs(fitted).max(), 1e-300))))
    fitted, aim = np.round(fitted, digits), np.round(aim, digits)
    order = np.argsort(fitted, kind="stable")
    ranked, values = fitted[order], seen[order]
    near = min(DONORS, seen.size)
    # The nearest donors stand side by side: the block of them that begins latest and still is not nearer one step on.
    first = np.clip(np.searchsorted(ranked, aim) - near, 0, seen.size - near)
    for _ in range(near):
        onward = np.minimum(first + near, seen.size - 1)
        first = np.where((first + near < seen.size) & (ranked[onward] - aim < aim - ranked[first]), first + 1, first)
    place = first + (lots[0] * near).astype(np.intp)
    # Patients with the same predictors have the same prediction, and no order among themselves.
    low, high = (np.searchsorted(ranked, ranked[place], side=side) for side in ("left", "right"))
    return np.asarray(values[low + (lots[1] * (high - low)).astype(np.intp)])

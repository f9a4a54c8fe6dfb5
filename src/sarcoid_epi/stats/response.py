"""A smooth surface through the outputs of a design that is no grid, and what each input makes of its variance."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.polynomial.legendre import legval
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array

CONSTANT = "the output does not vary with these inputs"
TOO_FEW = "too few points for a surface"

#: The highest degree that is tried, and points for each coefficient, at least.
DEGREE, POINTS = 4, 3


class Response(NamedTuple):
    """A polynomial surface over the unit cube: its coefficients and their degrees, and how well it foretells.

    `foretold` is the share of the variance that the surface foretells of points left out. `first` and `total` are
    Sobol's indices of the surface, with standard errors.
    """

    coefficients: Array
    degrees: NDArray[np.int64]
    foretold: float
    first: Array
    first_error: Array
    total: Array
    total_error: Array
    note: str

    def at(self, places: ArrayLike) -> Array:
        """The surface at places of the unit cube, shape (n, K)."""
        return _basis(np.asarray(places, dtype=np.float64), self.degrees) @ self.coefficients


def response_surface(places: ArrayLike, output: ArrayLike) -> Response:
    r"""Fit a polynomial to a latin hypercube or a Sobol design, and read Sobol's indices from its coefficients.

    .. math:: f(x) = \sum_\alpha c_\alpha \prod_k \tilde P_{\alpha_k}(2 x_k - 1), \qquad
        S_k = \frac{\sum_{\alpha:\, only\ \alpha_k > 0} c_\alpha^2}{\sum_{\alpha \ne 0} c_\alpha^2}, \qquad
        S_{Tk} = \frac{\sum_{\alpha:\, \alpha_k > 0} c_\alpha^2}{\sum_{\alpha \ne 0} c_\alpha^2}

    in Legendre polynomials of unit variance (polynomial chaos), by least squares. Of the degrees 1 to 4 that leave
    three points a coefficient, that one is taken which foretells points left out best. Standard errors by the
    jackknife.

    Parameters
    ----------
    places
        Where in its range each input lies, from 0 to 1, shape (n, K).
    output
        Shape (n,); points with NaN are left out.

    Returns
    -------
    Response; NaN with a note where the output does not vary or points are too few.

    Raises
    ------
    ValueError
        If the two are not of one length, or a place lies outside the unit cube.

    Assumes
    -------
    Independent inputs, each even over its range (of its logarithm, where it is laid out so). Indices speak of the
    surface: believe them as far as `foretold` is near 1.

    References
    ----------
    sudret2008, sobol2001, efron1981

    Examples
    --------
    x + 2 y over the unit square: variances 1 and 4 in 5.

    >>> places = (np.arange(20)[:, None] * [0.618, 0.414] + 0.05) % 1
    >>> got = response_surface(places, places @ [1, 2])
    >>> print(got.first.round(3), got.total.round(3), round(got.foretold, 3))
    [0.2 0.8] [0.2 0.8] 1.0
    """
    x, y = np.asarray(places, dtype=np.float64), np.asarray(output, dtype=np.float64)
    if x.ndim != 2 or y.shape != x.shape[:1]:
        raise ValueError("places must have shape (n, K) and output shape (n,)")
    if ((x < 0) | (x > 1)).any():
        raise ValueError("places must lie between 0 and 1")
    known = np.isfinite(y)
    x, y, inputs = x[known], y[known], x.shape[1]
    degrees = [degree for degree in range(1, DEGREE + 1) if POINTS * comb(inputs + degree, degree) <= len(y)]
    if not degrees:
        return _silent(inputs, TOO_FEW)
    if np.ptp(y) <= 1e-12 * float(np.abs(y).max()):
        return _silent(inputs, CONSTANT)
    return max((_fitted(x, y, _degrees(inputs, degree)) for degree in degrees), key=lambda fit: fit.foretold)


def _silent(inputs: int, note: str) -> Response:
    blank = np.full(inputs, np.nan)
    nothing = np.zeros((1, inputs), dtype=np.int64)
    return Response(np.full(1, np.nan), nothing, float("nan"), blank, blank, blank, blank, note)


def _fitted(x: Array, y: Array, degrees: NDArray[np.int64]) -> Response:
    """Least squares, what it foretells of each point without it, and the indices with their jackknife errors."""
    design = _basis(x, degrees)
    inverse = np.linalg.pinv(design)
    coefficients = inverse @ y
    left = np.maximum(1 - np.einsum("ij,ji->i", design, inverse), 1e-9)
    off = (y - design @ coefficients) / left
    foretold = 1 - float((off**2).mean() / y.var())
    first, total = _indices(coefficients[None, :], degrees)
    without = _indices(coefficients - inverse.T * off[:, None], degrees)
    n = len(y)
    errors = [np.sqrt((n - 1) * one.var(axis=0)) for one in without]
    return Response(coefficients, degrees, foretold, first[0], errors[0], total[0], errors[1], "")


def _indices(coefficients: Array, degrees: NDArray[np.int64]) -> tuple[Array, Array]:
    """First-order and total indices of rows of coefficients."""
    squares = coefficients[:, 1:] ** 2
    acts = degrees[1:] > 0
    alone = acts & (acts.sum(1, keepdims=True) == 1)
    whole = squares.sum(1, keepdims=True)
    return squares @ alone / whole, squares @ acts / whole


def _degrees(inputs: int, most: int) -> NDArray[np.int64]:
    """The degrees of each term, all together at most `most`; the constant first."""

    def terms() -> Iterator[list[int]]:
        for size in range(most + 1):
            for chosen in combinations_with_replacement(range(inputs), size):
                yield [chosen.count(k) for k in range(inputs)]

    return np.array(list(terms()), dtype=np.int64)


def _basis(x: Array, degrees: NDArray[np.int64]) -> Array:
    """Products of Legendre polynomials of unit variance, shape (n, terms)."""
    most = int(degrees.max(initial=0))
    each = [legval(2 * x - 1, [0.0] * d + [(2 * d + 1) ** 0.5]) for d in range(most + 1)]
    table = np.stack([np.broadcast_to(one, x.shape) for one in each])  # (degree, n, K)
    inputs = np.arange(x.shape[1])
    return np.asarray(np.prod(table[degrees.T, :, inputs[:, None]], axis=0).T)

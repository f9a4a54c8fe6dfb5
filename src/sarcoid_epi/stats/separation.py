r"""Separation, told before anything is fitted: coefficients that no finite number would do for.

Covariates separate an outcome when some mixture of the columns is never negative where all patients have the event,
never positive where none has, and 0 where some have: along it the likelihood rises for ever. Which counts there are
does not matter, only whether a row has none, some, or all of its patients with the event.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.likelihood_search import climbed, logistic_function
from sarcoid_epi.stats.rows import Basis, Rows, check_rows, design_note, orthonormal

NONE = "none"
QUASI = "quasi-complete"
COMPLETE = "complete"

_TOLERANCE = 1e-7
_ABSENT = 2.0  # code of a row without patients, beside -1 (none with the event), 1 (all), 0 (some)


class Separation(NamedTuple):
    """What the covariates do to the outcome.

    Attributes
    ----------
    kind
        "none", "quasi-complete" (the outcome of some patients follows from the covariates), "complete" (of all), (...).
    direction
        Of each coefficient (..., P): 0 where it has a finite estimate, 1 where that is infinite, -1 where it is minus
        infinite, NaN where it runs away with others and could go either way.
    note
        Empty, or which columns are infinite, or why nothing can be said, (...).
    """

    kind: NDArray[np.str_]
    direction: Array
    note: NDArray[np.str_]


def separation(rows: ArrayLike, events: ArrayLike, n: ArrayLike) -> Separation:
    r"""Whether, and in which coefficients, covariates separate an outcome of yes or no in a logistic regression.

    The directions along which the likelihood never falls are the cone

    .. math:: C = \{ \delta : x_r^T \delta \ge 0 \;(y_r = n_r), \quad x_r^T \delta \le 0 \;(y_r = 0), \quad
              x_r^T \delta = 0 \;(0 < y_r < n_r) \}

    There is a finite maximum if and only if C holds nothing but 0. A few Newton steps settle that in most cases (see
    `newton.ascend`); what they leave open linear programmes decide: one for the rows that can be strictly separated,
    complete if these are all, and two for each coefficient, the greatest and the least :math:`\delta_j` in C. A
    coefficient has a finite estimate where both are 0, however infinite others are.

    Parameters
    ----------
    rows
        Design matrices, shape (..., R, P), the constant among the columns.
    events, n
        Patients with the event, and all patients, of each row; whole numbers, shape (..., R).

    Returns
    -------
    Separation. Where a column follows from those before it, or there are no patients, `kind` is empty and `direction`
    NaN.

    Raises
    ------
    ValueError
        If rows are not finite, counts are not whole numbers with 0 <= events <= n, or shapes do not fit.

    Assumes
    -------
    Nothing: it is a property of the data.

    References
    ----------
    albert1984, konis2007

    Examples
    --------
    No event among the unexposed, some among the exposed:

    >>> answer = separation([[1, 0], [1, 1]], [0, 3], [5, 10])
    >>> print(answer.kind, answer.direction)
    quasi-complete [-1.  1.]
    >>> print(answer.note)
    quasi-complete separation: infinite are columns 0 (-), 1 (+)
    """
    given = check_rows(rows, events, n)
    code = np.select([given.n == 0, given.events == 0, given.events == given.n], [_ABSENT, -1.0, 1.0], 0.0)
    return _separated(given, code)


def poisson_separation(rows: ArrayLike, events: ArrayLike, n: ArrayLike) -> Separation:
    r"""The same for a Poisson regression with log link, where only rows without an event can run away.

    .. math:: C = \{ \delta : x_r^T \delta \le 0 \;(y_r = 0), \quad x_r^T \delta = 0 \;(y_r > 0) \}

    Parameters
    ----------
    rows, events, n
        As in `separation`.

    Returns
    -------
    Separation; "complete" here means that nobody has an event.

    Raises
    ------
    ValueError
        As in `separation`.

    Assumes
    -------
    Nothing: it is a property of the data.

    References
    ----------
    albert1984, konis2007

    Examples
    --------
    Everybody has the event in one group, which is no trouble for a risk ratio; nobody in another, which is:

    >>> print(poisson_separation([[1, 0], [1, 1]], [2, 10], [5, 10]).kind)
    none
    >>> print(poisson_separation([[1, 0], [1, 1]], [0, 10], [5, 10]).note)
    quasi-complete separation: infinite are columns 0 (-), 1 (+)
    """
    given = check_rows(rows, events, n)
    return _separated(given, np.select([given.n == 0, given.events == 0], [_ABSENT, -1.0], 0.0))


def _separated(given: Rows, code: Array) -> Separation:
    """The answer of each group; groups of equal rows and equal codes share the work."""
    groups, _, size = given.design.shape
    design = np.where((code == _ABSENT)[..., None], 0.0, given.design)
    if groups > 1:
        alike = np.concatenate([design.reshape(groups, -1), code], axis=1)
        _, first, back = np.unique(alike, axis=0, return_index=True, return_inverse=True)
    else:
        first, back = np.arange(groups), np.arange(groups)
    design, code = design[first], code[first]
    n = np.select([code == _ABSENT, code == 0.0], [0.0, 2.0], 1.0)
    basis = orthonormal(design, n)
    note = design_note(basis.aliased, n)
    direction = np.where((note == "")[:, None], np.zeros((len(first), size)), np.nan)
    kind = np.where(note == "", NONE, "").astype("<U14")
    notes = note.astype(object)
    with_event = ((code == 0.0) | (code == 1.0)).astype(np.float64)
    search = climbed(logistic_function(basis.columns, with_event, n), np.zeros((len(first), size)), note)
    for group in np.flatnonzero((note == "") & ~search.converged):
        one = Basis(*(field[group] for field in basis))
        kind[group], direction[group] = _programmes(one, code[group])
        notes[group] = _told(str(kind[group]), direction[group])
    back = back.reshape(-1)
    answers = (kind[back], direction[back], notes[back].astype(str))
    return Separation._make(field.reshape(given.lead + field.shape[1:])[()] for field in answers)


def _programmes(basis: Basis, code: Array) -> tuple[str, Array]:
    """Kind and direction of one group, by linear programmes in the coordinates of the basis."""
    size = len(basis.back)
    level = basis.columns[:, code == 0.0].T
    signed = (basis.columns * code)[:, np.abs(code) == 1.0].T
    signed = signed[signed.any(1)]
    signed = signed / np.abs(signed).max(1, keepdims=True)
    # how far each row, up to 1, can be pushed to its own side: 1 or 0, since the directions are a cone
    pushed = _greatest(
        np.concatenate([np.zeros(size), np.ones(len(signed))]),
        np.hstack([signed, -np.eye(len(signed))]),
        np.hstack([level, np.zeros((len(level), len(signed)))]),
        [(None, None)] * size + [(0.0, 1.0)] * len(signed),
    )[size:]
    if not (pushed > 0.5).any():
        return NONE, np.zeros(size)
    back = basis.back / np.abs(basis.back).max(1, keepdims=True)
    up, down = (
        np.array([way * row @ _greatest(way * row, signed, level, [(-1.0, 1.0)] * size) > _TOLERANCE for row in back])
        for way in (1.0, -1.0)
    )
    whole = (pushed > 0.5).sum() == (code != _ABSENT).sum()
    return COMPLETE if whole else QUASI, np.select([up & down, up, down], [np.nan, 1.0, -1.0], 0.0)


def _greatest(
    objective: Array, positive: Array, level: Array, bounds: list[tuple[float, float] | tuple[None, None]]
) -> Array:
    """Where the objective is greatest, no row of `positive` being negative and each of `level` 0."""
    answer = linprog(
        -objective,
        A_ub=-positive,
        b_ub=np.zeros(len(positive)),
        A_eq=level if len(level) else None,
        b_eq=np.zeros(len(level)) if len(level) else None,
        bounds=bounds,
    )
    return np.asarray(answer.x)


def _told(kind: str, direction: Array) -> str:
    """The note: nothing, or the columns with their signs."""
    if kind == NONE:
        return ""
    signs = {1.0: "+", -1.0: "-"}
    named = [f"{place} ({signs.get(way, '+ or -')})" for place, way in enumerate(direction) if way != 0]
    return f"{kind} separation: infinite {'is column' if len(named) == 1 else 'are columns'} {', '.join(named)}"

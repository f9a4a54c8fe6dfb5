"""Grouped rows of a regression for an outcome of yes or no: what is given, checked, counted and made orthonormal.

A row is a pattern of covariates (a line of the design matrix, its constant included) with the number of patients who
have it and the number of those with the event. The likelihood of a million patients depends on nothing else.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array, check_counts

NO_PATIENTS = "no patients"
_ALIASED = "{0} {1} from the columns before {2} (counted from 0): leave {2} out"
_ALIASED_BELOW = 1e-9  # what is left of a column once the columns before it are taken away, relative to its size
_BLOCK = 2**18  # numbers in the design of the groups handled at once: what stays in the processor's cache


class Rows(NamedTuple):
    """Checked rows, all groups on one axis: design (G, R, P), the others (G, R); `lead` is the shape of the groups."""

    design: Array
    events: Array
    n: Array
    weights: Array
    lead: tuple[int, ...]


class Basis(NamedTuple):
    """Orthonormal columns (G, P, R) of designs, the way back to the coefficients (G, P, P), and columns to leave out.

    In the new coordinates a coefficient is ``back[g, j] @ gamma[g]``; columns are orthonormal under the weights given,
    so that their scale and origin cannot spoil a search.
    """

    columns: Array
    back: Array
    aliased: NDArray[np.bool_]


class Grouped(NamedTuple):
    """Patterns of covariates that occur (R, P), and how many patients have them, with the event and in all (R,)."""

    rows: Array
    events: Array
    n: Array


def grouped(rows: ArrayLike, outcome: ArrayLike) -> Grouped:
    """Patients counted by their pattern of covariates: the same likelihood with far fewer rows.

    Parameters
    ----------
    rows
        A line of the design matrix for each patient, shape (N, P).
    outcome
        1 for a patient with the event, else 0, shape (N,); True and False are taken as 1 and 0.

    Returns
    -------
    Grouped.

    Raises
    ------
    ValueError
        If rows are not finite numbers on two axes, or an outcome is other than 0 or 1.

    Examples
    --------
    >>> patterns = grouped([[1, 0], [1, 1], [1, 0], [1, 1], [1, 1]], [0, 1, 1, 0, 1])
    >>> print(patterns.rows.tolist(), patterns.events, patterns.n)
    [[1.0, 0.0], [1.0, 1.0]] [1. 2.] [2. 3.]
    """
    design, y = np.asarray(rows, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    if design.ndim != 2 or y.shape != design.shape[:1]:
        raise ValueError(f"rows need shape (N, P) and outcome (N,); got {design.shape} and {y.shape}")
    if not np.isfinite(design).all():
        raise ValueError("rows must be finite numbers")
    if not np.isin(y, (0.0, 1.0)).all():
        raise ValueError("outcome must be 0 or 1")
    # One number for each row, equal for equal rows; that unequal rows got unequal numbers is made sure of.
    mark = np.zeros(len(design))
    for place, column in enumerate(design.T):
        mark += column * np.sqrt(2.0 + place) * np.pi ** (place % 5)
    _, first, back = np.unique(mark, return_index=True, return_inverse=True)
    if not all(np.array_equal(column[first][back], column) for column in design.T):
        _, first, back = np.unique(design, axis=0, return_index=True, return_inverse=True)
    with_event = np.asarray(np.bincount(back, weights=y), dtype=np.float64)
    return Grouped(design[first], with_event, np.bincount(back).astype(np.float64))


def merged_rows(design: Array, events: Array, n: Array) -> tuple[Array, Array, Array]:
    """Rows (R, P) of a design that are alike as one, and the counts (..., R) of groups that share it added up."""
    rows, back = np.unique(design, axis=0, return_inverse=True)
    if len(rows) == len(design):
        return design, events, n
    cell = back.ravel()
    order = np.argsort(cell, kind="stable")
    first = np.searchsorted(cell[order], np.arange(len(rows)))
    again = np.arange(len(design)) - first[cell[order]]  # how many rows before it are alike
    with_event, everybody = events[..., order[first]], n[..., order[first]]
    for time in range(1, int(again.max()) + 1):
        those = order[again == time]
        with_event[..., cell[those]] += events[..., those]
        everybody[..., cell[those]] += n[..., those]
    return rows, with_event, everybody


def check_rows(
    rows: ArrayLike, events: ArrayLike, n: ArrayLike, weights: ArrayLike | None = None, whole: bool = True
) -> Rows:
    """Rows of any leading shape as Rows; refuse what is no design, no count or no weight."""
    design = np.asarray(rows, dtype=np.float64)
    if design.ndim < 2:
        raise ValueError("rows need an axis of rows and an axis of columns")
    if not np.isfinite(design).all():
        raise ValueError("rows must be finite numbers")
    some, all_of_them = check_counts(events, n, whole=whole)
    if some.ndim == 0 or some.shape[-1] != design.shape[-2]:
        raise ValueError(f"events and n need one number for each of {design.shape[-2]} rows; got shape {some.shape}")
    weight = np.asarray(1.0 if weights is None else weights, dtype=np.float64)
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise ValueError("weights must be numbers of 0 and above")
    shape = np.broadcast_shapes(design.shape[:-1], some.shape, weight.shape)
    flat = (int(np.prod(shape[:-1])), shape[-1])
    counts = [np.broadcast_to(part, shape).reshape(flat) for part in (some, all_of_them, weight)]
    columns = design.shape[-1]
    wide = np.broadcast_to(design, (*shape, columns)).reshape(*flat, columns)
    return Rows(wide, counts[0], counts[1], counts[2], shape[:-1])


def summed_within(scores: Array, cluster: NDArray[np.intp], clusters: int) -> Array:
    """Scores (G, R, K) summed over the rows of each cluster, (G, clusters, K)."""
    groups, _, size = scores.shape
    place = (np.arange(groups)[:, None] * clusters + cluster).ravel()
    sums = [
        np.asarray(np.bincount(place, scores[..., k].ravel(), groups * clusters), dtype=np.float64) for k in range(size)
    ]
    return np.stack(sums, axis=-1).reshape(groups, clusters, size)


def check_cluster(cluster: ArrayLike, given: Rows) -> tuple[NDArray[np.intp], int]:
    """Cluster labels as numbers (G, R) from 0, and how many there are."""
    labels = np.asarray(cluster)
    shape = (*given.lead, given.n.shape[1])
    try:
        wide = np.broadcast_to(labels, shape)
    except ValueError:
        raise ValueError(f"cluster needs a label for each of {shape[-1]} rows; got shape {labels.shape}") from None
    names, number = np.unique(wide, return_inverse=True)
    return number.reshape(given.n.shape), names.size


def blocks(groups: int, size: int) -> list[slice]:
    """Slices of groups that are handled together, `size` numbers being in each group's design."""
    many = max(1, _BLOCK // max(size, 1))
    return [slice(start, start + many) for start in range(0, groups, many)]


def orthonormal(design: Array, weights: Array) -> Basis:
    """Gram-Schmidt, each column twice, in the order of the columns; rows of no weight count for nothing."""
    groups, _, size = design.shape
    total = weights.sum(-1)
    share = (weights / np.where(total > 0, total, 1.0)[:, None])[:, None]
    columns = np.where((weights > 0)[:, None], design.swapaxes(1, 2), 0.0)
    triangle = np.broadcast_to(np.eye(size), (groups, size, size)).copy()
    aliased = np.zeros((groups, size), dtype=bool)
    for place in range(size):
        column, before = columns[:, place], columns[:, :place]
        length = np.sqrt((share[:, 0] * column**2).sum(-1))
        for _ in range(2):
            part = (before * share) @ column[..., None]
            column = column - (part.swapaxes(1, 2) @ before)[:, 0]
            triangle[:, :place, place] += part[..., 0]
        left = np.sqrt((share[:, 0] * column**2).sum(-1))
        aliased[:, place] = ~(left > _ALIASED_BELOW * length)
        triangle[:, place, place] = np.where(aliased[:, place], 1.0, left)
        columns[:, place] = np.where(aliased[:, place, None], 0.0, column / triangle[:, place, place, None])
    return Basis(columns, np.asarray(np.linalg.inv(triangle)), aliased)


def design_note(aliased: NDArray[np.bool_], n: Array) -> NDArray[np.str_]:
    """Empty, or why a design cannot be fitted, for each group."""
    patterns, back = np.unique(aliased, axis=0, return_inverse=True)
    notes = np.array([_aliased_note(np.flatnonzero(pattern)) for pattern in patterns])
    return np.where(n.sum(-1) == 0, NO_PATIENTS, notes[back.reshape(-1)])


def check_columns(columns: ArrayLike, size: int) -> NDArray[np.intp]:
    """Numbers of columns, one or more, as an array; refuse what is not among them."""
    chosen = np.atleast_1d(np.asarray(columns))
    if not np.issubdtype(chosen.dtype, np.integer) or ((chosen < 0) | (chosen >= size)).any():
        raise ValueError(f"columns must be whole numbers from 0 to {size - 1}; got {chosen.tolist()}")
    if np.unique(chosen).size != chosen.size or chosen.size == 0:
        raise ValueError("columns must name at least one column, and each once")
    return chosen.astype(np.intp)


def _aliased_note(columns: NDArray[np.intp]) -> str:
    if not columns.size:
        return ""
    one = columns.size == 1
    name = ("column " if one else "columns ") + ", ".join(map(str, columns))
    return _ALIASED.format(name, "follows" if one else "follow", "it" if one else "them")

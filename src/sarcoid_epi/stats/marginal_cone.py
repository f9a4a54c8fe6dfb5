"""Which log-linear models of several lists can be fitted at all: the cone of a model's margins, and its faces.

Lists are A, B, C ...; a set of lists is a number whose bit i says whether the i-th list belongs to it (A = 1, B = 2,
AB = 3, C = 4, ...). A cell is the set of lists that a patient is on; a term of a model is a set of lists too. Cell T
has log mean :math:`\\sum_{S \\subseteq T} \\theta_S` over the terms S of the model, so its row of the design holds 1
where S is a part of T. The cell 0, on no list, is never seen, and its log mean is :math:`\\theta_0`.

A table has maximum-likelihood means that are positive exactly in the cells of the smallest **face** of the cone spanned
by those rows in which all cells with patients lie (fienberg2012). Facets, the largest faces, are worked out once for
each model; the smallest face of a table is then the intersection of the facets that contain its patients.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations, permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.stats.interval import Array

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

FEWEST_LISTS = 2
MOST_LISTS = 5
_ALL_ORDERS_UP_TO = 4


class Model(NamedTuple):
    """A hierarchical log-linear model: its name in bracket notation, and all its terms as numbers, 0 first."""

    name: str
    terms: tuple[int, ...]


def hierarchical_models(lists: int) -> tuple[Model, ...]:
    """All hierarchical models of so many lists: every main effect in, the interaction of all lists out.

    Two lists have 1 model, three 8, four 113. Five have 6 893; only the 1 024 without terms of three and more lists
    are given. Small models first.

    Parameters
    ----------
    lists
        Number of lists, 2 to 5.

    Returns
    -------
    Models, named by their largest terms: ``[AB][C]`` lets A and B depend on each other, and C on neither.

    Raises
    ------
    ValueError
        If the number of lists is not 2, 3, 4 or 5.

    References
    ----------
    fienberg1972

    Examples
    --------
    >>> print(*(model.name for model in hierarchical_models(3)))
    [A][B][C] [AB][C] [AC][B] [BC][A] [AB][AC] [AB][BC] [AC][BC] [AB][AC][BC]
    """
    if lists not in range(FEWEST_LISTS, MOST_LISTS + 1):
        raise ValueError(f"two to five lists can be modelled; got {lists}")
    return _models(lists)


@cache
def _models(lists: int) -> tuple[Model, ...]:
    """`hierarchical_models`, worked out once: upwards by order, a term being possible where all its parts are in."""
    whole = 2**lists - 1
    highest = lists - 1 if lists <= _ALL_ORDERS_UP_TO else 2
    found = [frozenset([0, *(1 << i for i in range(lists))])]
    for order in range(2, highest + 1):
        terms = [sum(1 << i for i in chosen) for chosen in combinations(range(lists), order)]
        found = [
            model.union(more)
            for model in found
            for possible in [[t for t in terms if t != whole and all(t & ~(1 << i) in model for i in _members(t))]]
            for size in range(len(possible) + 1)
            for more in combinations(possible, size)
        ]
    ordered = sorted(found, key=lambda model: (len(model), [sorted(map(_members, model))]))
    return tuple(Model(_name(model), tuple(sorted(model))) for model in ordered)


def design(model: Model, lists: int) -> Array:
    """Rows for the cells 1 ... 2^k - 1, a column for each term: 1 where the term is a part of the cell."""
    cells, terms = np.arange(1, 2**lists)[:, None], np.array(model.terms)
    return np.asarray((cells & terms) == terms, dtype=np.float64)


def smallest_faces(positive: Flags, lists: int) -> Flags:
    """Cells with a positive mean, shape (..., M, 2^k - 1), where the cells flagged in (..., 2^k - 1) have patients."""
    bits = 1 << np.arange(1, 2**lists, dtype=np.int64)
    patterns, back = np.unique((positive * bits).sum(-1), return_inverse=True)
    masks = _facets(lists)
    faces = np.full((patterns.size, len(masks)), bits.sum())
    for facet in masks.T:
        inside = (patterns[:, None] & ~facet) == 0
        faces &= np.where(inside, facet, bits.sum())
    flags = (faces[..., None] & bits) != 0
    return np.asarray(flags[back.reshape(positive.shape[:-1])])


def estimable(designs: Array, faces: Flags) -> tuple[Flags, Flags]:
    """Columns to keep, (Q, P), and whether the never-seen cell's mean follows from the cells of the face, (Q,).

    Gauss-Jordan elimination of the rows in the face. Columns without a pivot are not needed to fit these cells. The
    log mean of the never-seen cell is the first parameter; it follows from the others' if its row of the reduced form
    holds nothing but the pivot.
    """
    reduced = np.where(faces[:, :, None], designs, 0.0)
    problems, rows, columns = reduced.shape
    every, free = np.arange(problems), np.ones((problems, rows), dtype=bool)
    kept = np.zeros((problems, columns), dtype=bool)
    first = np.zeros(problems, dtype=np.intp)
    for column in range(columns):
        size = np.where(free, np.abs(reduced[:, :, column]), 0.0)
        row = size.argmax(1)
        found = size[every, row] > 1e-9
        kept[:, column] = found
        first = row if column == 0 else first
        free[every, row] &= ~found
        pivot_row = reduced[every, row] / np.where(found, reduced[every, row, column], 1.0)[:, None]
        cleared = reduced - reduced[:, :, column, None] * pivot_row[:, None, :]
        cleared[every, row] = pivot_row
        reduced = np.where(found[:, None, None], cleared, reduced)
    alone = (np.abs(reduced[every, first, 1:]) < 1e-9).all(1)
    return kept, kept[:, 0] & alone


@cache
def _facets(lists: int) -> Ints:
    """Facets of every model, (M, L), each a number whose bit T stands for cell T; rows filled up with the whole cone.

    Models that differ only in the names of the lists share one computation.
    """
    shared: dict[tuple[int, ...], list[list[int]]] = {}
    rows = []
    for model in hierarchical_models(lists):
        order, key = min(
            ((p, tuple(sorted(_renamed(t, p) for t in model.terms))) for p in permutations(range(lists))),
            key=lambda pair: pair[1],
        )
        if key not in shared:
            values = _extreme_rays(design(Model("", key), lists).astype(np.int64))
            shared[key] = [[int(cell) + 1 for cell in np.flatnonzero(value == 0)] for value in values]
        back = {_renamed(cell, order): cell for cell in range(1, 2**lists)}
        rows.append([sum(1 << back[cell] for cell in facet) for facet in shared[key]])
    longest = max(map(len, rows))
    return np.array([row + [2 ** (2**lists) - 2] * (longest - len(row)) for row in rows], dtype=np.int64)


def _extreme_rays(rows: Ints) -> Ints:
    """Extreme rays d of the cone {d: rows d >= 0} as the values (rows d), by the double description method."""
    start: list[int] = []
    for row in range(len(rows)):
        if np.linalg.matrix_rank(rows[[*start, row]]) > len(start):
            start.append(row)
    rays = np.rint(rows @ np.linalg.inv(rows[start]) * 12).astype(np.int64).T
    used = list(start)
    for row in sorted(set(range(len(rows))) - set(start)):
        side = rays[:, row]
        zero = rays[:, used] == 0
        above, below = np.flatnonzero(side > 0), np.flatnonzero(side < 0)
        new = [rays[side >= 0]]
        for i in above:
            common = zero[i] & zero[below]
            # two rays are neighbours if no third one is zero wherever both are
            holders = (common.astype(np.int32) @ (~zero).T.astype(np.int32) == 0).sum(1)
            near = below[holders == 2]
            new.append(side[i] * rays[near] - side[near, None] * rays[i])
        rays = np.concatenate(new)
        rays //= np.gcd.reduce(rays, axis=1)[:, None]
        used.append(row)
    return rays


def _members(term: int) -> list[int]:
    return [i for i in range(term.bit_length()) if term >> i & 1]


def _renamed(term: int, order: tuple[int, ...]) -> int:
    return sum(1 << order[i] for i in _members(term))


def _name(model: frozenset[int]) -> str:
    largest = [t for t in model if t and not any(t != u and t & u == t for u in model)]
    words = ["".join("ABCDE"[i] for i in _members(t)) for t in largest]
    return "".join(f"[{word}]" for word in sorted(words, key=lambda word: (-len(word), word)))

r"""Risks from Firth's regression whose mean is the observed share: its constant corrected (FLIC), or its data (FLAC).

Firth's penalty draws risks towards one half, and their mean with them, most where events are rare. Notation as in
`firth`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from sarcoid_epi.stats.firth_likelihood import firth_penalty, firth_search
from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.likelihood_search import climbed, coefficients, joined, logistic_function, logistic_search, split
from sarcoid_epi.stats.rows import Rows, check_rows

NO_RISK = "nobody or everybody has the event: there is no average risk to correct to"


class Recalibrated(NamedTuple):
    """Coefficients (..., P) and risks (..., R) whose mean is the observed share, and a note (...)."""

    estimate: Array
    risk: Array
    note: NDArray[np.str_]


def flic(rows: ArrayLike, events: ArrayLike, n: ArrayLike) -> Recalibrated:
    r"""Risks from Firth's regression with the constant estimated anew (FLIC), so that their mean is right.

    .. math:: \sum_r n_r \, \mathrm{expit}(a + x_r^T \hat\beta) = \sum_r y_r

    with :math:`\hat\beta` Firth's; a is added to the first column's coefficient, which must be the constant. Log odds
    ratios are Firth's.

    Parameters
    ----------
    rows, events, n
        As in `firth`, the first column being 1.

    Returns
    -------
    Recalibrated; NaN where nobody or everybody has the event, and where `firth` is.

    Raises
    ------
    ValueError
        As in `firth`, or if the first column is not 1.

    Assumes
    -------
    As in `firth`.

    References
    ----------
    puhr2017

    Examples
    --------
    >>> answer = flic([[1, 0], [1, 1]], [0, 3], [5, 10])
    >>> print(answer.risk.round(4), f"{answer.risk @ [5, 10]:.6f}")
    [0.0662 0.2669] 3.000000
    """
    given = check_rows(rows, events, n)
    if not (given.design[..., 0] == 1.0).all():
        raise ValueError("the first column of rows must be the constant 1")
    parts = [_flic(part) for part in split(given, 2)]
    return Recalibrated._make(joined(field, given.lead) for field in zip(*parts, strict=True))


def flac(rows: ArrayLike, events: ArrayLike, n: ArrayLike) -> Recalibrated:
    r"""Risks from Firth's regression with an added covariate (FLAC), so that their mean is right.

    To the patients h_r/2 pseudo-patients with the event and as many without are added in each row, h_r being those of
    Firth's fit; then maximum likelihood, with a further column that is 1 for the pseudo-patients and is left out of
    the answer. Log odds ratios are **not** Firth's.

    Parameters
    ----------
    rows, events, n
        As in `firth`, the constant among the columns.

    Returns
    -------
    Recalibrated; NaN where nobody or everybody has the event, and where `firth` is.

    Raises
    ------
    ValueError
        As in `firth`.

    Assumes
    -------
    As in `firth`.

    References
    ----------
    puhr2017

    Examples
    --------
    >>> answer = flac([[1, 0], [1, 1]], [0, 3], [5, 10])
    >>> print(answer.risk.round(4), f"{answer.risk @ [5, 10]:.6f}")
    [0.0471 0.2765] 3.000000
    """
    given = check_rows(rows, events, n)
    parts = [_flac(part) for part in split(given, 4)]
    return Recalibrated._make(joined(field, given.lead) for field in zip(*parts, strict=True))


def _no_risk(given: Rows, note: NDArray[np.str_]) -> NDArray[np.str_]:
    with_event = given.events.sum(-1)
    return np.where((note == "") & ((with_event == 0) | (with_event == given.n.sum(-1))), NO_RISK, note)


def _flic(given: Rows) -> Recalibrated:
    found = firth_search(given)
    note = _no_risk(given, found.note)
    estimate = np.where((note == "")[:, None], coefficients(found)[0], np.nan)
    eta = (given.design @ estimate[..., None])[..., 0]
    one = np.ones((len(note), 1, given.n.shape[1]))
    top = climbed(logistic_function(one, given.events, given.n, eta), np.zeros((len(note), 1)), note)
    estimate[:, 0] += top.at[:, 0]
    return Recalibrated(estimate, expit(eta + top.at), note)


def _flac(given: Rows) -> Recalibrated:
    found = firth_search(given)
    note = _no_risk(given, found.note)
    leverage = np.zeros_like(given.n)
    some = np.flatnonzero(note == "")
    leverage[some] = firth_penalty(found, given, some).leverage
    pseudo = np.repeat([0.0, 1.0], given.n.shape[1])
    twice = np.concatenate([given.design, given.design], axis=1)
    design = np.concatenate([twice, np.broadcast_to(pseudo[:, None], (*twice.shape[:2], 1))], axis=2)
    events, n = np.hstack([given.events, leverage / 2.0]), np.hstack([given.n, leverage])
    again = logistic_search(Rows(design, events, n, np.ones_like(n), given.lead))
    note = np.where(note == "", again.note, note)
    estimate = np.where((note == "")[:, None], coefficients(again)[0], np.nan)[:, :-1]
    return Recalibrated(estimate, expit((given.design @ estimate[..., None])[..., 0]), note)

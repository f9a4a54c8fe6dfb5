"""A declared model fitted in every group: coefficients, their spread, the share foretold, and what the model explains.

What diagnostics look at; the ratios themselves are `association.solved`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, xlogy

from sarcoid_epi.estimators.association import penalty
from sarcoid_epi.estimators.declare import Floats
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.firth import firth, firth_ratio_test
from sarcoid_epi.stats.firth_risk import flic
from sarcoid_epi.stats.influence import Kind
from sarcoid_epi.stats.logistic import logistic, logistic_ratio_test
from sarcoid_epi.stats.poisson import log_binomial, modified_poisson

#: The scores of each family's fit.
KINDS: dict[str, Kind] = {
    "logistic": "logistic", "firth": "logistic", "prevalence_ratio": "poisson", "log_binomial": "log_binomial",
}  # fmt: skip


#: Decimals of the shares foretold: patients whose shares differ by rounding alone are foretold the same.
DECIMALS = 9


class Fitted(NamedTuple):
    """Coefficients (G, p) and covariance (G, p, p), shares foretold (G, P), what the model explains (G,), and notes.

    `statistic` is twice the rise of the (penalised) log-likelihood over that of the constant alone; for
    `prevalence_ratio`, whose likelihood is not that of the outcome, the robust Wald statistic. `how` says where Firth's
    penalty was called for; `note` why there is no number.
    """

    estimate: Floats
    covariance: Floats
    share: Floats
    statistic: Floats
    how: NDArray[Any]
    note: NDArray[Any]


def fitted(rows: Floats, events: Floats, n: Floats, model: Model) -> Fitted:
    """Groups whose columns all vary, by the family of a model."""
    by_family = {"firth": _firth, "prevalence_ratio": _modified_poisson, "log_binomial": _log_binomial}
    found = by_family.get(model.family, _logistic)(rows, events, n)
    return found._replace(share=np.round(found.share, DECIMALS))


def _logistic(rows: Floats, events: Floats, n: Floats) -> Fitted:
    """By maximum likelihood, or by Firth's where the rule of the ratios asks for it."""
    fit = logistic(rows, events, n)
    statistic = logistic_ratio_test(rows, events, n, columns=_but_constant(rows)).statistic
    how = penalty(rows, events, n, fit.note)
    share, note = expit(_predictor(rows, fit.estimate)), np.array(fit.note, dtype=object)
    whole = Fitted(fit.estimate.copy(), fit.covariance.copy(), share, np.array(statistic), how, note)
    if (asked := np.flatnonzero(how != "")).size:
        part = _firth(rows if rows.ndim == 2 else rows[asked], events[asked], n[asked])
        for name in ("estimate", "covariance", "share", "statistic", "note"):
            getattr(whole, name)[asked] = getattr(part, name)
    return whole


def _firth(rows: Floats, events: Floats, n: Floats) -> Fitted:
    """Shares with the constant corrected (FLIC); none where nobody, or everybody, has the outcome."""
    fit, corrected = firth(rows, events, n), flic(rows, events, n)
    statistic = firth_ratio_test(rows, events, n, columns=_but_constant(rows)).statistic
    return Fitted(fit.estimate, fit.covariance, corrected.risk, statistic, np.full(len(n), ""), fit.note)


def _modified_poisson(rows: Floats, events: Floats, n: Floats) -> Fitted:
    fit = modified_poisson(rows, events, n)
    slopes, spread = fit.estimate[:, 1:, None], fit.covariance[:, 1:, 1:]
    usable = np.isfinite(spread).all((1, 2)) & (np.linalg.matrix_rank(np.nan_to_num(spread)) == spread.shape[-1])
    weighed = np.linalg.solve(np.where(usable[:, None, None], spread, np.eye(spread.shape[-1])), slopes)
    statistic = np.where(usable, (slopes * weighed).sum((1, 2)), np.nan)
    share = np.exp(_predictor(rows, fit.estimate))
    return Fitted(fit.estimate, fit.covariance, share, statistic, np.full(len(n), ""), fit.note)


def _log_binomial(rows: Floats, events: Floats, n: Floats) -> Fitted:
    fit = log_binomial(rows, events, n)
    yes, everybody = events.sum(axis=-1), n.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        alone = xlogy(yes, yes / everybody) + xlogy(everybody - yes, 1.0 - yes / everybody)
    statistic = np.maximum(2.0 * (fit.log_likelihood - alone), 0.0)
    share = np.exp(_predictor(rows, fit.estimate))
    return Fitted(fit.estimate, fit.covariance, share, statistic, np.full(len(n), ""), fit.note)


def _but_constant(rows: Floats) -> NDArray[np.intp]:
    return np.arange(1, rows.shape[-1])


def _predictor(rows: Floats, estimate: Floats) -> Floats:
    return np.asarray((rows @ estimate[..., None])[..., 0])

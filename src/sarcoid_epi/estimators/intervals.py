"""One share with every interval for a share: what the choice of the interval alone does."""

from __future__ import annotations

from collections.abc import Callable

from sarcoid_epi.estimands import RECORDED_PREVALENCE
from sarcoid_epi.estimators.declare import Answers, Estimator, estimator
from sarcoid_epi.estimators.prevalence import share
from sarcoid_epi.stats import proportion
from sarcoid_epi.stats.interval import Interval
from sarcoid_epi.strata import Strata

_DOC = """Prevalence of osseous sarcoidosis on record with {label} limits.

events / n with limits by `stats.proportion.{name}`, where the formula stands.

Parameters
----------
strata : Strata
    With the flag `osseous_recorded`.

Returns
-------
Answers
    Proportions, shape (groups, 1).

Assumes
-------
Patients are independent. This is the share on record, whatever is true.

References
----------
{references}
"""


def _with_limits(limits: Callable[..., Interval], name: str, label: str, references: tuple[str, ...]) -> Estimator:
    """The estimator of the share on record with one kind of limits."""

    def answer(strata: Strata) -> Answers:
        return share("osseous_recorded", *strata.events("osseous_recorded"), limits=limits)

    answer.__name__ = answer.__qualname__ = f"recorded_{name}"
    answer.__doc__ = _DOC.format(label=label, name=name, references=", ".join(references))
    declare = estimator(
        question="intervals", estimand=RECORDED_PREVALENCE, needs=("osseous_recorded",), references=references
    )
    return declare(answer)


recorded_wilson = _with_limits(proportion.wilson, "wilson", "Wilson", ("wilson1927", "newcombe1998"))
recorded_clopper_pearson = _with_limits(
    proportion.clopper_pearson, "clopper_pearson", "Clopper-Pearson", ("clopper1934", "newcombe1998")
)
recorded_mid_p = _with_limits(proportion.mid_p, "mid_p", "mid-P exact", ("lancaster1961", "newcombe1998"))
recorded_jeffreys = _with_limits(proportion.jeffreys, "jeffreys", "Jeffreys", ("brown2001",))
recorded_agresti_coull = _with_limits(
    proportion.agresti_coull, "agresti_coull", "Agresti-Coull", ("agresti1998", "brown2001")
)
recorded_blaker = _with_limits(proportion.blaker, "blaker", "Blaker", ("blaker2000", "klaschka2010"))
recorded_likelihood_ratio = _with_limits(
    proportion.likelihood_ratio, "likelihood_ratio", "likelihood-ratio", ("newcombe1998", "brown2001")
)

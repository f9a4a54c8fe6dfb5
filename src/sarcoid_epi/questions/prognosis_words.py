"""The outcomes of prognosis in words, and rows of answers by what they are of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sarcoid_epi.estimators.courses import ABSENT
from sarcoid_epi.report.markup import NOTHING
from sarcoid_epi.results import Estimate, Estimates
from sarcoid_epi.scenario import Model

#: The levels that are compared.
WITH, WITHOUT = "lofgren_broad=yes", "lofgren_broad=no"


class Outcome(NamedTuple):
    """Its name, what patients without it are (`free`) and who come to it (`had`), the axis, and where time begins."""

    name: str
    free: str
    had: str
    axis: str
    origin: str


OUTCOMES = {
    "remission": Outcome(
        "remission", "were not yet in remission", "were in remission", "not yet in remission", "diagnosis"
    ),
    "relapse": Outcome("relapse", "had no relapse", "had a relapse", "without relapse", "remission"),
    "new_osseous_record": Outcome(
        "a new osseous record", "had no new osseous record", "had a new osseous record", "without a new osseous record",
        "diagnosis",
    ),
    "death": Outcome("death", "were alive", "had died", "alive", "diagnosis"),
}  # fmt: skip


def levels(arm: str) -> str:
    """A level of Löfgren syndrome in words."""
    return "with Löfgren syndrome" if arm.endswith("=yes") else "without Löfgren syndrome"


def one(answers: Estimates, estimator: str, model: Model, measure: str, of: str, time: float | None = None) -> Estimate:
    """The row of a measure of something, at a time where it has one."""
    at = "" if time is None else f":{time:g}"
    return answers.one(f"{estimator}-{model.name}:{measure}[{of}]:all{at}")


def status(row: Estimate, fine: str = "fitted") -> str:
    """What a row's note says, without who was left out; `fine` where it says nothing."""
    parts = [part for part in row.note.split("; ") if not ABSENT.match(part)]
    return "; ".join(filter(None, parts)) or fine


def ratio(row: Estimate) -> str:
    """A ratio with its limits; a reference without."""
    if np.isnan(row.estimate):
        return NOTHING
    if np.isnan(row.conf_low):
        return f"{row.estimate:.0f} (reference)"
    return f"{row.estimate:.2f} ({row.conf_low:.2f} to {row.conf_high:.2f})"


def years(row: Estimate) -> str:
    """A time with its limits."""
    if np.isnan(row.estimate):
        return NOTHING
    limits = "no limits" if np.isnan(row.conf_low) else f"{row.conf_low:.2f} to {row.conf_high:.2f}"
    return f"{row.estimate:.2f} ({limits})"

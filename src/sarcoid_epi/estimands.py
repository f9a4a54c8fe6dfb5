"""What is being asked, and its true value in a population whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import nan
from typing import Any

import pandas as pd

from sarcoid_epi.vocabulary import ORGANS, PATIENT

Values = Mapping[str, float]


@dataclass(frozen=True)
class Estimand:
    """A quantity: its name, unit and label, and its true value for each term, given patients and their truth."""

    name: str
    unit: str
    label: str
    value: Callable[[pd.DataFrame, pd.DataFrame], Values]

    @property
    def own(self) -> bool:
        """Whether it is what its method finds in a population without end, and nothing besides."""
        return self.value is _of_a_model


def _mean(values: pd.Series[Any]) -> float:
    """The mean of what is known; NaN where nothing is."""
    return float(values.astype("Float64").mean()) if values.notna().any() else nan


def _organs(patients: pd.DataFrame, truth: pd.DataFrame) -> Values:
    return {organ: float(patients[organ].mean()) for organ in ORGANS}


def _recorded(patients: pd.DataFrame, truth: pd.DataFrame) -> Values:
    return {"osseous_recorded": float(patients["osseous_recorded"].mean())}


def _hypercalcaemia(patients: pd.DataFrame, truth: pd.DataFrame) -> Values:
    return {"hypercalcaemia": float(truth["hypercalcaemia_true"].mean())}


def _osseous(patients: pd.DataFrame, truth: pd.DataFrame) -> Values:
    """The true share, and what the record makes of it."""
    true, recorded = truth["osseous"].to_numpy(bool), patients["osseous_recorded"].to_numpy(bool)
    found, wrong, missed = (float(both.mean()) for both in (true & recorded, ~true & recorded, true & ~recorded))
    share, on_record = found + missed, found + wrong
    return {
        "osseous": share,
        "underdiagnosis": _ratio(missed, share),
        "missed": missed,
        "record_true": _ratio(found, on_record),
        "record_sensitivity": _ratio(found, share),
        "record_specificity": 1.0 - _ratio(wrong, 1.0 - share),
        "true_per_record": _ratio(share, on_record),
    }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else nan


def _met(patients: pd.DataFrame, truth: pd.DataFrame) -> Values:
    """The share that sources could hold, which all ways of counting the unlisted are after."""
    share = float((patients["osseous_grade"] != "none").mean())
    return dict.fromkeys(("met", "met_lincoln_petersen", "met_by_pain"), share)


def _lofgren_odds_ratio(patients: pd.DataFrame, truth: pd.DataFrame) -> Values:
    odds = truth["osseous"].groupby(patients["lofgren_broad"]).mean()
    odds = odds / (1 - odds)
    return {"odds_ratio_corrected": float(odds[True] / odds[False])}


def _definitions(patients: pd.DataFrame, truth: pd.DataFrame) -> Values:
    broad, strict = patients["lofgren_broad"], patients["lofgren_strict"]
    alone = patients["ankle_periarthritis"] & ~patients["erythema_nodosum"] & ~patients["arthritis"]
    signs = ("lofgren_strict", "erythema_nodosum", "ankle_periarthritis", "arthritis")
    return {
        "lofgren_broad": float(broad.mean()),
        "lofgren_strict": float(strict.mean()),
        **{f"of_broad[{name}]": float(patients.loc[broad, name].mean()) for name in signs},
        "of_broad[isolated_ankle]": float(alone[broad].mean()),
        "of_strict[isolated_ankle]": float(alone[strict].mean()),
    }


def _of_a_population(patients: pd.DataFrame, truth: pd.DataFrame) -> Values:
    """No cohort holds it: it belongs to the population that patients come from."""
    return {}


def _of_a_model(patients: pd.DataFrame, truth: pd.DataFrame) -> Values:
    """It belongs to a method or a declared model: what that finds in a population without end."""
    return {}


def _levels(patients: pd.DataFrame, truth: pd.DataFrame) -> Values:
    values: dict[str, float] = {}
    for variable in PATIENT:
        if variable.kind == "flag":
            values[variable.name] = _mean(patients[variable.name])
        elif variable.kind == "category":
            shares = patients[variable.name].value_counts(normalize=True)
            values |= {f"{variable.name}={level}": float(share) for level, share in shares.items()}
    return values


def _means(patients: pd.DataFrame, truth: pd.DataFrame) -> Values:
    measured = (variable.name for variable in PATIENT if variable.kind in ("integer", "number"))
    return {name: _mean(patients[name]) for name in measured}


ORGAN_PREVALENCE = Estimand("organ_prevalence", "proportion", "Share of patients with an organ involved", _organs)
RECORDED_PREVALENCE = Estimand(
    "recorded_prevalence", "proportion", "Share of patients with osseous sarcoidosis on record", _recorded
)
HYPERCALCAEMIA_PREVALENCE = Estimand(
    "hypercalcaemia_prevalence", "proportion", "Share of patients with hypercalcaemia", _hypercalcaemia
)
TRUE_PREVALENCE = Estimand(
    "true_prevalence",
    "proportion",
    "Share of patients with osseous sarcoidosis, whether or not anyone looked",
    _osseous,
)
UNDERDIAGNOSIS = Estimand("underdiagnosis", "proportion", "Share of the true cases that are not on record", _osseous)
DETECTION = Estimand("detection", "proportion", "Sensitivity that the record would have to have", _of_a_population)
MET = Estimand("met", "proportion", "Share of patients in whom imaging was read as osseous sarcoidosis", _met)
LOFGREN_ODDS_RATIO = Estimand(
    "lofgren_odds_ratio",
    "ratio",
    "Odds ratio of osseous sarcoidosis, Löfgren syndrome against no Löfgren syndrome",
    _lofgren_odds_ratio,
)
DEFINITIONS = Estimand(
    "definitions", "proportion", "Share with Löfgren syndrome, and of those with it the share with a sign", _definitions
)
CONTRAST = Estimand("contrast", "as the term", "How patients with Löfgren syndrome differ from the others", _of_a_model)
STAGE_CONTRAST = Estimand("stage_contrast", "ratio", "How stages differ with Löfgren syndrome", _of_a_model)
CENTRE_RATIO = Estimand(
    "centre_ratio", "ratio", "Odds ratio of a characteristic with Löfgren syndrome, within centres", _of_a_model
)
SEASON = Estimand("season", "ratio", "When in the year Löfgren syndrome begins", _of_a_model)
EVENT_FREE = Estimand("event_free", "proportion", "Share still free of an event, were nothing to compete", _of_a_model)
CUMULATIVE_INCIDENCE = Estimand("cumulative_incidence", "proportion", "Share who have come to an event", _of_a_model)
RESTRICTED_MEAN = Estimand("restricted_mean", "years", "Mean time free of an event over five years", _of_a_model)
INCIDENCE_RATE = Estimand("incidence_rate", "per person-year", "Events for each year of follow-up", _of_a_model)
STANDARDISED_SURVIVAL = Estimand(
    "standardised_survival",
    "proportion",
    "Share free of an event, were everybody alike in the exposure and otherwise as they are",
    _of_a_model,
)
PROPORTIONALITY = Estimand(
    "proportionality", "p", "Chance of effects that change as much over time, were they constant", _of_a_model
)
CRUDE_HAZARD_RATIO = Estimand(
    "crude_hazard_ratio", "ratio", "Ratio of hazards with an exposure against without", _of_a_model
)
CHANGING_HAZARD_RATIO = Estimand(
    "changing_hazard_ratio",
    "ratio",
    "Ratio of hazards with an exposure against without, before and after declared times",
    _of_a_model,
)
EVENT_TEST = Estimand("event_test", "p", "Chance of courses as different, were there no difference", _of_a_model)
HAZARD_RATIO = Estimand(
    "hazard_ratio",
    "ratio",
    "Ratio of hazards with an exposure against without, in patients otherwise alike",
    _of_a_model,
)
CRUDE_RATIO = Estimand(
    "crude_ratio", "ratio", "Ratio of odds, or of shares, with an exposure against without", _of_a_model
)
CONDITIONAL_RATIO = Estimand(
    "conditional_ratio",
    "ratio",
    "Ratio of odds, or of shares, with an exposure against without, in patients alike in what is adjusted for",
    _of_a_model,
)
TRUE_CONDITIONAL_RATIO = Estimand(
    "true_conditional_ratio",
    "ratio",
    "Ratio of odds, or of shares, of the disease itself, with an exposure against without, in patients alike in what "
    "is adjusted for",
    _of_a_model,
)
MARGINAL_RISK = Estimand(
    "marginal_risk",
    "proportion",
    "Share with the outcome, were everybody alike in the exposure and otherwise as they are",
    _of_a_model,
)
INTERACTION = Estimand(
    "interaction", "number", "Departure of two exposures together from the sum, or the product, of each", _of_a_model
)
MODEL_TEST = Estimand("model_test", "p", "Chance of a fit so much better, were there no such association", _of_a_model)
RATIO_CURVE = Estimand(
    "ratio_curve", "ratio", "Ratio of odds at a value of a number against a value of reference", _of_a_model
)
FIT = Estimand("fit", "number", "How well a model fits, and what it hangs on", _of_a_model)
BURDEN = Estimand("burden", "people", "People with osseous sarcoidosis that is not on record", _of_a_population)
LOOKING = Estimand(
    "looking", "proportion", "Part of the spread between series that comes from looking", _of_a_population
)
SHARE = Estimand("share", "proportion", "Share of patients with a characteristic", _levels)
MEAN = Estimand("mean", "as the variable", "Mean of a characteristic", _means)

"""What an answer can be other than a share of patients: `odds_ratio[fever]` is a measure and what it is of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

#: How a number is printed; "own" is the unit of the variable that the measure is of.
Unit = Literal["ratio", "points", "share", "p", "number", "own", "years", "people", "month"]


@dataclass(frozen=True)
class Measure:
    """A label, a unit, and the value that says "no difference" (none where there is no such value)."""

    label: str
    unit: Unit
    null: float | None = None


MEASURES = {
    "odds_ratio": Measure("Odds ratio", "ratio", 1.0),
    "prevalence_ratio": Measure("Prevalence ratio", "ratio", 1.0),
    "recorded_ratio": Measure("As on record", "ratio", 1.0),
    "systematic_ratio": Measure("Corrected, doubt of the belief alone", "ratio", 1.0),
    "impossible": Measure("Draws of the belief that do not fit the records", "share"),
    "risk_ratio": Measure("Ratio of shares", "ratio", 1.0),
    "hazard_ratio": Measure("Hazard ratio", "ratio", 1.0),
    "hazard_ratio_change": Measure("Change of the hazard ratio", "ratio", 1.0),
    "rate_ratio": Measure("Rate ratio", "ratio", 1.0),
    "of_broad": Measure("Of those with Löfgren syndrome (broad)", "share"),
    "of_strict": Measure("Of those with Löfgren syndrome (strict)", "share"),
    "share_with": Measure("With Löfgren syndrome", "share"),
    "share_without": Measure("Without Löfgren syndrome", "share"),
    "share_lofgren": Measure("Löfgren syndrome", "share"),
    "share_symptomatic": Measure("Others with symptoms", "share"),
    "share_incidental": Measure("Others found by chance", "share"),
    "mean_lofgren": Measure("Mean, Löfgren syndrome", "own"),
    "mean_symptomatic": Measure("Mean, others with symptoms", "own"),
    "mean_incidental": Measure("Mean, others found by chance", "own"),
    "risk_difference": Measure("Difference of shares", "points", 0.0),
    "mean_with": Measure("Mean with Löfgren syndrome", "own"),
    "mean_without": Measure("Mean without Löfgren syndrome", "own"),
    "mean_difference": Measure("Difference of means", "own", 0.0),
    "shift": Measure("Hodges-Lehmann shift", "own", 0.0),
    "superiority": Measure("Chance to lie higher", "share", 0.5),
    "standardised_difference": Measure("Standardised difference", "number", 0.0),
    "p": Measure("p", "p"),
    "p_holm": Measure("p, Holm", "p"),
    "p_groups": Measure("p, three groups", "p"),
    "p_groups_holm": Measure("p, three groups, Holm", "p"),
    "p_groups_bh": Measure("p, three groups, Benjamini-Hochberg", "p"),
    "p_log_rank": Measure("p, log-rank", "p"),
    "p_gray": Measure("p, Gray", "p"),
    "p_proportional_hazards": Measure("p of proportional hazards", "p"),
    "p_bh": Measure("p, Benjamini-Hochberg", "p"),
    "p_proportional": Measure("p of one odds ratio for all cuts", "p"),
    "p_homogeneity": Measure("p of one odds ratio for all centres", "p"),
    "p_rayleigh": Measure("p, Rayleigh", "p"),
    "p_hewitt": Measure("p, Hewitt", "p"),
    "p_ratio_test": Measure("p as a whole", "p"),
    "p_linear": Measure("p of a straight line", "p"),
    "chi_squared": Measure("Chi-squared as a whole", "number"),
    "chi_squared_linear": Measure("Chi-squared against a straight line", "number"),
    "quantile": Measure("Value", "own"),
    "p_misfit": Measure("p of the shape of one wave a year", "p"),
    "p_others": Measure("p, Rayleigh, against other patients", "p"),
    "risk": Measure("Standardised risk, with", "share"),
    "reference_risk": Measure("Standardised risk, without", "share"),
    "survival": Measure("Free of it", "share"),
    "incidence": Measure("Cumulative incidence", "share"),
    "at_risk": Measure("At risk", "people"),
    "standardised_survival": Measure("Free of it, standardised", "share"),
    "survival_difference": Measure("Difference of shares free of it, standardised", "points", 0.0),
    "median_time": Measure("Median time", "years"),
    "time_lost": Measure("Mean time lost to it", "years"),
    "restricted_mean": Measure("Restricted mean time", "years"),
    "restricted_mean_difference": Measure("Difference of restricted mean times", "years", 0.0),
    "monthly_with": Measure("Onsets over those of an even year, with Löfgren syndrome", "ratio", 1.0),
    "monthly_without": Measure("Onsets over those of an even year, without Löfgren syndrome", "ratio", 1.0),
    "crude_difference": Measure("Difference of shares, not adjusted", "points", 0.0),
    "crude_ratio": Measure("Ratio of shares, not adjusted", "ratio", 1.0),
    "peak": Measure("Peak, in months from the beginning of the year", "month"),
    "peak_to_trough": Measure("Peak over trough", "ratio", 1.0),
    "peak_others": Measure("Peak against other patients, in months from the beginning of the year", "month"),
    "peak_to_trough_others": Measure("Peak over trough, against other patients", "ratio", 1.0),
    "attributable": Measure("Part of the joint risk due to interaction", "share", 0.0),
    "synergy": Measure("Synergy index", "ratio", 1.0),
    "product": Measure("Interaction on the scale of ratios", "ratio", 1.0),
    "c_statistic": Measure("Concordance", "share", 0.5),
    "missing_information": Measure("Missing information", "share"),
    "weights_error": Measure("Error over that with weights taken as known", "number"),
    "effective_size": Measure("Effective number of patients", "people"),
    "greatest_weight": Measure("Greatest weight", "number"),
    "cook": Measure("Greatest Cook's distance", "number"),
    "calibration_slope": Measure("Slope of calibration to expect in new patients", "number", 1.0),
    "working_correlation": Measure("Working correlation", "number", 0.0),
    "vif": Measure("Variance inflation", "number"),
    "events_per_coefficient": Measure("Events for each coefficient", "number"),
    "without_estimate": Measure("Coefficients without a finite estimate", "number"),
    "left_out": Measure("Left out, who lack a value", "people"),
    "share_seen": Measure("Share with it", "share"),
    "share_foretold": Measure("Share foretold", "share"),
    "excess": Measure("Excess risk of interaction (RERI)", "number", 0.0),
    "rate": Measure("Rate per person-year", "number"),
}
#: Units, and measures besides, of what depends on how many patients there are: there is no true value of them.
OF_SIZE_UNITS = frozenset({"p", "people"})
OF_SIZE = frozenset({
    "chi_squared", "chi_squared_linear", "greatest_weight", "cook", "calibration_slope", "events_per_coefficient",
    "without_estimate",
})  # fmt: skip


#: Between an exposure and the level of the outcome that its ratio is of.
ON = " on "


#: Between two things taken together, and between one and where it is looked at: `a+b`, `a@b`.
TOGETHER, WHERE = "+", "@"

#: How a time ends where an answer is at a time: `a@5 years`.
YEARS = " years"

#: Where the ratio of a number's curve is 1.
REFERENCE_VALUE = "reference"


def split(term: str) -> tuple[str, str]:
    """The measure that a term names, and what it is of; "" for a share of patients or a variable.

    >>> split("odds_ratio[sex=male]"), split("sex=male")
    (('odds_ratio', 'sex=male'), ('', 'sex=male'))
    """
    name, bracket, of = term.partition("[")
    return (name, of.removesuffix("]")) if bracket and name in MEASURES else ("", term)


def of_size(term: str) -> bool:
    """Whether a term depends on how many patients there are: a population without end has no such value.

    >>> of_size("at_risk[sex=male@5 years]"), of_size("p_log_rank[sex]"), of_size("odds_ratio[sex]")
    (True, True, False)
    """
    name = split(term)[0]
    return name in OF_SIZE or (name in MEASURES and MEASURES[name].unit in OF_SIZE_UNITS)


def at_time(term: str, years: float) -> str:
    """A term at a time, as one word; as it is where there is no time.

    >>> at_time("survival[sex=male]", 5.0), at_time("osseous", 0.5), at_time("osseous", float("nan"))
    ('survival[sex=male@5 years]', 'osseous@0.5 years', 'osseous')
    """
    if years != years:
        return term
    bracket = "]" if term.endswith("]") else ""
    return f"{term.removesuffix(bracket)}{WHERE}{years:g}{YEARS}{bracket}"


def timeless(term: str) -> str:
    """A term without its time.

    >>> timeless("survival[sex=male@5 years]"), timeless("osseous@0.5 years"), timeless("quantile[age@50%]")
    ('survival[sex=male]', 'osseous', 'quantile[age@50%]')
    """
    bracket = "]" if term.endswith("]") else ""
    stem, at, where = term.removesuffix(bracket).rpartition(WHERE)
    return f"{stem}{bracket}" if at and where.endswith(YEARS) else term


def term(measure: str, of: str) -> str:
    """The term of a measure of something."""
    return f"{measure}[{of}]"


def in_words(of: str, named: Callable[[str], str]) -> str:
    """What a measure is of, in words: one thing, two together, or one where another is so, at a quantile or a time.

    >>> in_words("skin+sex=male", str.upper), in_words("skin@sex=male", str.upper), in_words("age@25%", str.upper)
    ('SKIN with SEX=MALE', 'SKIN, given SEX=MALE', 'AGE, 25 % quantile')
    >>> in_words("sex=male@5 years", str.upper)
    'SEX=MALE, after 5 years'
    """
    first, _, where = of.partition(WHERE)
    if where == REFERENCE_VALUE:
        return f"{named(first)}, {where}"
    if where.endswith(YEARS):
        return f"{named(first)}, after {where}"
    if where:
        return f"{named(first)}, " + (f"{where[:-1]} % quantile" if where[-1] == "%" else f"given {named(where)}")
    first, _, second = of.partition(TOGETHER)
    return f"{named(first)} with {named(second)}" if second else named(of)

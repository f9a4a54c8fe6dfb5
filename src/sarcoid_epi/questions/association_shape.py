"""Beyond one ratio for each exposure: what it is in whom (interaction), and at which value (curves); and the tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sarcoid_epi.estimators.coefficients import coefficients
from sarcoid_epi.estimators.curves import SHARES, course, reference_value
from sarcoid_epi.estimators.terms import fitting, quantiles
from sarcoid_epi.measures import MEASURES, REFERENCE_VALUE, TOGETHER, WHERE, in_words, split, term
from sarcoid_epi.report.content import Chart, Field, Line, Mark, Plot, Section, Sheet
from sarcoid_epi.report.plots import Axis, Curve, Curves, Rule
from sarcoid_epi.results import Estimate, Estimates, shown
from sarcoid_epi.scenario import Model
from sarcoid_epi.strata import Strata
from sarcoid_epi.vocabulary import PATIENT_BY_NAME, label

#: A p below this counts as a departure.
ALPHA = 0.05

#: Places at which a curve is drawn.
GRID = 61

#: The measures of an interaction, in the order of the table.
MEASURED = ("product", "excess", "attributable", "synergy")

LOG_ODDS = Axis("Odds ratio (log scale)", scale="log")


def shape_section(answers: Estimates, patients: Strata, models: Sequence[Model]) -> Section:
    """Interactions and curves of the models that declare them, with the tests of every logistic model."""
    paired = [model for model in models if _rows(answers, "interactions", model)]
    bent = [model for model in models if any(name in model.splines for name in model.exposures)]
    bent = [model for model in bent if _rows(answers, "ratio_curve", model)]
    said = (
        "One ratio says that an exposure does the same in everybody. An interaction lets it differ: as a product (do "
        "the ratios differ?) and as a sum (do both together make more cases than each alone would add?). The two need "
        "not agree, and where both exposures have an effect, there is interaction on one scale at least. Excess, "
        "attributable part and synergy ask for the levels of least risk as references; a note says where they are not.",
        "A spline lets the ratio bend along a number. It is drawn against the median, between the 5 and 95 % quantile.",
        _powerless(answers, models),
    )
    charts: list[Plot] = [
        *_given_chart(answers, paired),
        *(_curve(answers, patients, m, n) for m in bent for n in _bent(m)),
    ]
    sheets = [
        *([_measures(answers, paired)] if paired else []),
        *([_values(answers, bent)] if bent else []),
        _tests(answers, models),
    ]
    return Section("shape", "In whom, and at which value", said, tuple(sheets), tuple(charts))


def _rows(answers: Estimates, estimator: str, model: Model) -> list[Estimate]:
    return [row for row in answers.rows if row.run == f"{estimator}-{model.name}"]


def _one(answers: Estimates, estimator: str, model: Model, measure: str, of: str) -> Estimate:
    return answers.one(f"{estimator}-{model.name}:{term(measure, of)}:all")


def _bent(model: Model) -> list[str]:
    return [name for name in model.exposures if name in model.splines]


def _small(name: str) -> str:
    """A label in the middle of a sentence, without what stands in brackets."""
    words = label(name).partition(" (")[0]
    return words if words.startswith("Löfgren") else words[:1].lower() + words[1:]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _p(value: float) -> str:
    return "p unknown" if np.isnan(value) else "p < 0.0001" if value < 0.0001 else f"p = {value:.2g}"


def _powerless(answers: Estimates, models: Sequence[Model]) -> str:
    """How many interactions and bends were tested and seen."""
    asked = [
        row
        for model in models
        for row in _rows(answers, "exposure_tests", model)
        if split(row.term)[0] == "p_linear" or (split(row.term)[0] == "p_ratio_test" and TOGETHER in row.term)
    ]
    seen = [row for row in asked if row.estimate < ALPHA]
    return (
        f"Of {len(asked)} interactions and bends that were asked about, {len(seen)} "
        f"{'has' if len(seen) == 1 else 'have'} p below {ALPHA:g}. That one is not seen is no proof that it is not "
        "there: an interaction needs several times the patients that an exposure of the same size needs."
    )


def _given_chart(answers: Estimates, models: Sequence[Model]) -> list[Chart]:
    """The ratio of each exposure in each level of its partner."""
    rows = [row for model in models for row in _rows(answers, "interactions", model) if WHERE in row.term]
    known = [row for row in rows if not np.isnan(row.estimate)]
    if not known:
        return []
    lines = tuple(
        Line(
            _capital(in_words(split(row.term)[1], _small)),
            row.id,
            (Mark("adjusted", row.estimate, row.conf_low, row.conf_high),),
            f"{row.estimate:.2f} ({row.events:.0f}/{row.n:.0f})",
        )
        for row in known
    )
    pairs = [
        _one(answers, "exposure_tests", model, "p_ratio_test", TOGETHER.join(pair))
        for model in models
        for pair in model.interactions
    ]
    caption = (
        "Dots: odds ratio of the exposure in each level of its partner, with 95 % limits, all else held. At the end: "
        "the ratio, and events of patients who have both."
    )
    return [Chart("given", _title(pairs, known), caption, LOG_ODDS, lines, null=1.0)]


def _title(pairs: Sequence[Estimate], rows: Sequence[Estimate]) -> str:
    """Of one pair the ratios and whether they differ; of several how many do."""
    if len(pairs) == 1 and len(rows) == 2:
        told = [(row.estimate, split(row.term)[1].split(WHERE)) for row in rows]
        where = ", ".join(f"{value:.2f} given {_small(given)}" for value, (_, given) in told)
        p = pairs[0].estimate
        verdict = "they differ by more than chance" if p < ALPHA else "chance alone could make them differ so"
        return f"Odds ratio of {_small(told[0][1][0])}: {where}; {verdict} ({_p(p)})"
    apart = sum(row.estimate < ALPHA for row in pairs)
    return f"In {apart} of {len(pairs)} pairs the odds ratio differs by more than chance (p below {ALPHA:g})"


def _measures(answers: Estimates, models: Sequence[Model]) -> Sheet:
    records = [
        _record(row, model, what=in_words(split(row.term)[1], label), measure=MEASURES[split(row.term)[0]].label)
        for model in models
        for row in _rows(answers, "interactions", model)
        if split(row.term)[0] in MEASURED
    ]
    fields = (
        Field("measure", "Measure"), Field("events", "Events", "whole", "in those with both"),
        Field("n", "Of", "whole", "in those with both"), Field("estimate", "Estimate", "decimal"),
        Field("low", "from", "decimal", "95 % limits"), Field("high", "to", "decimal", "95 % limits"),
        Field("note", "Note"), Field("id", ""),
    )  # fmt: skip
    caption = "Interaction as product and as sum"
    return Sheet("interactions", caption, Field("what", "Both"), fields, tuple(records), "model")


def _record(row: Estimate, model: Model, **more: Any) -> dict[str, Any]:
    return {
        "model": model.label, "estimate": row.estimate, "low": row.conf_low, "high": row.conf_high, "n": row.n,
        "events": row.events, "note": row.note, "id": row.id, **more,
    }  # fmt: skip


def _values(answers: Estimates, models: Sequence[Model]) -> Sheet:
    records = []
    for model in models:
        for number in _bent(model):
            for share in SHARES:
                at = f"{number}{WHERE}{100 * share:.0f}%"
                row = _one(answers, "ratio_curve", model, model.measure, at)
                value = _one(answers, "ratio_curve", model, "quantile", at).estimate
                records.append(_record(row, model, what=in_words(at, label), value=value))
    fields = (
        Field("value", "Value", "number"), Field("estimate", "Odds ratio", "decimal"),
        Field("low", "from", "decimal", "95 % limits"), Field("high", "to", "decimal", "95 % limits"),
        Field("note", "Note"), Field("id", ""),
    )  # fmt: skip
    caption = "Odds ratio along a number"
    return Sheet("curves", caption, Field("what", "Number"), fields, tuple(records), "model")


def _tests(answers: Estimates, models: Sequence[Model]) -> Sheet:
    records = []
    for model in models:
        rows = _rows(answers, "exposure_tests", model)
        for p, statistic in zip(rows[::2], rows[1::2], strict=True):
            measure, of = split(p.term)
            what = in_words(of, label) + (", against a straight line" if measure == "p_linear" else "")
            records.append(_record(p, model, what=what, statistic=statistic.estimate, note=statistic.note))
    fields = (
        Field("statistic", "Chi-squared", "decimal"), Field("estimate", "p", "chance"), Field("note", "Note"),
        Field("id", ""),
    )  # fmt: skip
    caption = "Exposures as a whole, interactions, and bends of splines"
    return Sheet("exposure_tests", caption, Field("what", "Tested"), fields, tuple(records), "model")


def _curve(answers: Estimates, patients: Strata, model: Model, number: str) -> Curves:
    """The curve of an exposure between its outer quantiles."""
    own = fitting(patients, model)
    values = np.broadcast_to(own.values[number], own.n.shape)
    ends = quantiles(values, own.n, (SHARES[0], SHARES[-1]))[0]
    places, reference = np.linspace(ends[0], ends[1], GRID), reference_value(own, model, number)
    told = course(own, model, coefficients(own, model), number, places[None], reference)
    at_reference = places == reference[0]
    lines = [tuple(map(float, np.where(at_reference, 1.0, part[0]))) for part in (told.estimate, told.low, told.high)]
    unit = PATIENT_BY_NAME[number].unit if number in PATIENT_BY_NAME else ""
    x = Axis(f"{label(number)}{f' ({unit})' if unit else ''}")
    middle = _one(answers, "ratio_curve", model, "quantile", f"{number}{WHERE}{REFERENCE_VALUE}")
    rules = (Rule(middle.estimate, f"reference: {shown(middle.estimate, middle.term)}"),)
    p = _one(answers, "exposure_tests", model, "p_ratio_test", number)
    caption = (
        f"Odds ratio of {_small(model.outcome)} against the reference, restricted cubic spline with "
        f"{model.splines[number]} knots, given {', '.join(map(_small, model.adjust)) or 'nothing'}; {p.events:.0f} "
        f"events in {p.n:.0f} patients. Band: 95 % limits of each place alone; at the reference it has no width."
    )
    curve = Curve("odds ratio", tuple(map(float, places)), *lines)
    return Curves(
        f"curve_{model.name}_{number}", _curved(answers, model, number), caption, x, LOG_ODDS, (curve,), rules=rules
    )


def _curved(answers: Estimates, model: Model, number: str) -> str:
    """What the curve says: nothing clear, or the ratios at its ends; and whether it bends."""
    whole = _one(answers, "exposure_tests", model, "p_ratio_test", number).estimate
    bends = _one(answers, "exposure_tests", model, "p_linear", number).estimate
    ends = [f"{number}{WHERE}{100 * share:.0f}%" for share in (SHARES[0], SHARES[-1])]
    ratios = [_one(answers, "ratio_curve", model, model.measure, end).estimate for end in ends]
    if np.isnan(whole) or np.isnan(ratios).any():
        return f"{_capital(_small(model.outcome))} along {_small(number)}: not estimable"
    if whole >= ALPHA:
        return f"The odds of {_small(model.outcome)} do not clearly change with {_small(number)} ({_p(whole)})"
    said = ", ".join(
        f"{ratio:.2f} at {shown(_one(answers, 'ratio_curve', model, 'quantile', end).estimate, term('quantile', end))}"
        for ratio, end in zip(ratios, ends, strict=True)
    )
    shape = "more than a straight line" if bends < ALPHA else "no clear departure from a straight line"
    shape = f"{shape} ({_p(bends)})" if not np.isnan(bends) else "whether it bends is unknown"
    return f"Odds ratio of {_small(model.outcome)} by {_small(number)}: {said}; {shape}"

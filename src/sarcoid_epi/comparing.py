"""The report on agreement: synthetic patients against acceptance tests, the source review and published series."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import nan
from typing import Any

from sarcoid_epi.agreement.acceptance import TESTS, Check, acceptance
from sarcoid_epi.agreement.directions import Pointed, review_directions
from sarcoid_epi.agreement.looking import SEED, SIZE, Looks
from sarcoid_epi.agreement.matching import Predicted, leave_one_out
from sarcoid_epi.agreement.measuring import K, Measure
from sarcoid_epi.agreement.mimics import Mimic, review_mimics
from sarcoid_epi.agreement.numbers import REVIEW, Met, review_numbers
from sarcoid_epi.agreement.series import SITES_OF_SERIES, Beside, side_by_side
from sarcoid_epi.agreement.unrepresented import CANNOT
from sarcoid_epi.evidence import Finding, finding
from sarcoid_epi.report.content import Chart, Content, Field, Line, Mark, Section, Sheet
from sarcoid_epi.results import Estimates, percent
from sarcoid_epi.scenario import load_design
from sarcoid_epi.vocabulary import readable

#: Papers of the methods that the tables use.
METHODS = ("clopper1934", "newcombe1998", "rogan1978", "wilson1927")

_MEASURE = (
    Field("value", "Measured", "unit"),
    Field("error", "MCSE", "unit"),
)


def agreement(title: str, question: str, size: int = SIZE, seed: int = SEED) -> Content:
    """The content of the report; everything is measured on `size` patients of each design."""
    looks = Looks(size, seed)
    checks, numbers = acceptance(looks), review_numbers(looks)
    directions, mimics = review_directions(looks), review_mimics(looks)
    frequencies, sites = side_by_side(looks), side_by_side(looks, SITES_OF_SERIES)
    predicted = leave_one_out(looks, max(size // 4, 1))
    cited = [one.finding for one in numbers] + [one.finding for one in directions]
    cited += [one.finding for one in (*frequencies, *sites)]
    cited += [_of_review(name) for name in (*CANNOT, *(one.finding for one in mimics))]
    return Content(
        title=title,
        question=question,
        data=f"{size} synthetic patients of each design, seed {seed}, worlds evidence and review; published figures",
        estimates=Estimates((), ()),
        findings=tuple(dict.fromkeys(cited)),
        sections=(
            _accepted(checks, size),
            _series(frequencies),
            _site_section(sites),
            _left_out(predicted),
            _numbers(numbers),
            _directions(directions),
            _mimics(mimics),
            _cannot(),
        ),
        methods=METHODS,
        configuration={
            "command": "agreement", "title": title, "question": question, "size": str(size), "seed": str(seed),
        },
    )  # fmt: skip


def _of_review(name: str) -> Finding:
    return finding(f"{REVIEW}.{name}")


def _called(design: str) -> str:
    """The first words of a design's label."""
    return load_design(design).label.partition(":")[0]


def _topic(one: Finding) -> str:
    return readable(one.topic).capitalize().replace("Lofgren", "Löfgren")


def _measured(measure: Measure) -> dict[str, Any]:
    return {
        "value": measure.value, "error": measure.error, "n": measure.n,
        "conf_low": measure.low, "conf_high": measure.high,
    }  # fmt: skip


def _in_words(vary: Mapping[str, float]) -> str:
    return ", ".join(f"{path} = {value:g}" for path, value in vary.items())


def _interval(low: float, high: float, unit: str) -> str:
    """What is asked, in words."""
    in_percent = unit in ("share", "difference")

    def said(end: float) -> str:
        return f"{100 * end:.3g} %" if in_percent else f"{end:.4g}"

    if low == high:
        return said(low)
    wide = -1.0 if unit == "difference" else 0.0 if unit in ("share", "ratio") else -float("inf")
    no_low, no_high = low <= wide, high >= (1.0 if in_percent else float("inf"))
    if no_low and no_high:
        return "shown only"
    if no_high:
        return f"above {said(low)}"
    return f"below {said(high)}" if no_low else f"{said(low).removesuffix(' %')} to {said(high)}"


def _accepted(checks: tuple[Check, ...], size: int) -> Section:
    asked = [check for check in checks if check.asked]
    kept = sum(check.holds for check in asked)
    records = tuple(
        {
            "test": f"{check.test} {TESTS[check.test]}", "what": check.what, "world": check.world,
            "design": check.design, **_measured(check.measure), "unit": check.unit,
            "asked": _interval(check.low, check.high, check.unit), "low": check.low, "high": check.high,
            "holds": check.holds if check.asked else None,
        }
        for check in checks
    )  # fmt: skip
    fields = (
        Field("world", "World"), Field("design", "Design"), *_MEASURE, Field("n", "Patients", "whole"),
        Field("asked", "Asked"), Field("holds", "Holds", "yes"), Field("unit", ""), Field("conf_low", ""),
        Field("conf_high", ""), Field("low", ""), Field("high", ""),
    )  # fmt: skip
    caption = f"Nine acceptance tests: what {size} patients of each design show"
    sheet = Sheet("acceptance", caption, Field("what", "Figure"), fields, records, "test")
    said = (
        f"{kept} of {len(asked)} figures of which something is asked hold. A figure holds where it lies inside the "
        f"interval asked for with {K:g} Monte Carlo standard errors (MCSE) to spare on both sides; where a single "
        f"value is asked, it holds within {K:g} of them. The people, the world and the seed are the same throughout: "
        "only the design differs.",
        "To be taken from it: one truth gives figures from below 1 % to a quarter of all patients, and hands or spine "
        "as the leading site, by who is met and how one looks. No recorded share alone says how common the disease of "
        "bone is.",
    )
    return Section("acceptance", "One truth, many designs: nine acceptance tests", said, (sheet,))


def _beside_sheet(key: str, caption: str, beside: tuple[Beside, ...]) -> Sheet:
    records = tuple(
        {
            "finding": one.finding.id, "what": one.series.what, "events": one.events, "n": one.n,
            "printed": one.events / one.n, "exact_low": one.limits[0], "exact_high": one.limits[1],
            "counts": f"{one.events}/{one.n}" + (" implied" if one.implied else ""),
            "design": one.series.design, "value": one.measure.value, "error": one.measure.error,
            "patients": one.measure.n, "tail": one.tail, "unit": "share",
        }
        for one in beside
    )  # fmt: skip
    fields = (
        Field("what", "What"), Field("counts", "Printed"), Field("printed", "Share", "share"),
        Field("exact_low", "from", "share", "Exact 95 % limits"),
        Field("exact_high", "to", "share", "Exact 95 % limits"),
        Field("design", "Design"), Field("value", "Shows", "share"), Field("error", "MCSE", "share"),
        Field("tail", "Tail probability", "chance"), Field("events", ""), Field("n", ""), Field("patients", ""),
    )  # fmt: skip
    return Sheet(key, caption, Field("finding", "Series", "finding"), fields, records)


def _chart(key: str, title: str, caption: str, beside: Iterable[Beside]) -> Chart:
    lines = tuple(
        Line(
            f"{one.series.what}, {_called(one.series.design)}",
            one.finding.id,
            (
                Mark("printed", one.events / one.n, *one.limits),
                Mark("design", one.measure.value, one.measure.low, one.measure.high),
            ),
            f"{one.events}/{one.n}; design {percent(one.measure.value)}",
        )
        for one in beside
    )
    return Chart(key, title, caption, "Share of patients (%, square-root scale)", lines)


_TAIL = (
    "The tail probability is two-sided (mid-p): twice the smaller tail of the binomial distribution of a count of that "
    "many patients, were the design's share the right one."
)


def _series(beside: tuple[Beside, ...]) -> Section:
    low, high = (pick(one.measure.value for one in beside) for pick in (min, max))
    far = [one.finding.id for one in beside if one.tail < 0.05]
    said = (
        f"The same synthetic patients show {percent(low)} to {percent(high)}, as each design looks at them. {_TAIL} "
        f"Below 0.05 it falls for {', '.join(far) or 'none'}.",
        "Two figures of Boston stand here, for its percentage and its counts disagree; its hospital records hold fewer "
        "than those of the other referral hospital, and one design cannot show both.",
    )
    title = f"One truth shows {percent(low)} to {percent(high)}, by how one looks"
    caption = (
        "Circles: printed share with exact 95 % limits. Squares: what the design shows, with its Monte Carlo limits."
    )
    sheet = _beside_sheet("series", "Published series and what the matching design shows (world evidence)", beside)
    return Section(
        "series", "Published series side by side", said, (sheet,), (_chart("series", title, caption, beside),)
    )


def _site_section(beside: tuple[Beside, ...]) -> Section:
    said = (
        "Sites on record, of patients with bone on record. Films of hands and feet find hands and feet; PET and MRI "
        "find the spine, in the same patients: the distribution of sites is a function of imaging.",
        _TAIL,
    )
    title = "Hands lead on films, the spine on PET and in records"
    caption = "Circles: printed share with exact 95 % limits. Squares: what the design shows."
    sheet = _beside_sheet("sites", "Sites on record: published series and the matching design (world evidence)", beside)
    return Section("sites", "Sites side by side", said, (sheet,), (_chart("sites", title, caption, beside),))


def _left_out(predicted: Predicted) -> Section:
    records = tuple(
        {
            "finding": one.finding.id, "design": one.series.design, "counts": f"{one.events}/{one.n}",
            "printed": one.events / one.n, "fitted": one.fitted, "expected": one.expected, "low": one.low,
            "high": one.high, "events": one.events, "n": one.n, "inside": one.inside,
            "moves": one.fitted - predicted.fitted,
        }
        for one in predicted.left_out
    )  # fmt: skip
    fields = (
        Field("design", "Design"), Field("counts", "Printed"), Field("printed", "Share", "share"),
        Field("fitted", "True share fitted to the others", "share"), Field("moves", "Moved by", "share"),
        Field("expected", "Expected on record", "share"), Field("low", "from", "whole", "95 % limits of the count"),
        Field("high", "to", "whole", "95 % limits of the count"), Field("inside", "Inside", "yes"),
        Field("events", ""), Field("n", ""),
    )  # fmt: skip
    caption = "Each independent series predicted from all others"
    sheet = Sheet("left_out", caption, Field("finding", "Series left out", "finding"), fields, records)
    curves = tuple(
        {"finding": id, "design": curve.design, "true": true, "recorded": recorded}
        for id, curve in predicted.curves.items()
        for true, recorded in zip(curve.true, curve.recorded, strict=True)
    )
    points = Sheet(
        "curves", "Share on record at each true share: the points of the curves", Field("finding", "Series", "finding"),
        (Field("design", "Design"), Field("true", "True share", "share"), Field("recorded", "On record", "share")),
        curves, folded=True,
    )  # fmt: skip
    aside = Sheet(
        "series_set_aside", "Series that share patients with one that was kept", Field("finding", "Series", "finding"),
        (Field("reason", "Why"),), tuple({"finding": id, "reason": why} for id, why in predicted.set_aside),
    )  # fmt: skip
    inside = sum(one.inside for one in predicted.left_out)
    most = max(predicted.left_out, key=lambda one: abs(one.fitted - predicted.fitted))
    lowest, highest = (pick(one.fitted for one in predicted.left_out) for pick in (min, max))
    said = (
        "The true share of the world evidence (osseous.true_prevalence, five years after diagnosis) is fitted by "
        "maximum likelihood to all series but one, which is then predicted. How well each design finds bone disease is "
        "taken from the design's assumptions, which nobody has measured; all other assumptions stand. The fit "
        "is therefore what these assumptions imply, no estimate of how common the disease is. Site shares and shares "
        "of back pain stay too, and some of them come from papers that are left out here.",
        f"Fitted to all: {percent(predicted.fitted)} ({percent(predicted.low).removesuffix(' %')} to "
        f"{percent(predicted.high)}); without one of them, {percent(lowest)} to {percent(highest)}. The fit moves most "
        f"without {most.finding.id}, to {percent(most.fitted)}. {inside} of "
        f"{len(records)} printed counts lie between their predictive limits, which carry chance and the doubt of the "
        "fit, but not the doubt about detection.",
    )
    lines = tuple(
        Line(
            _called(one.series.design),
            one.finding.id,
            (
                Mark("printed", one.events / one.n, nan, nan),
                Mark("predicted", one.expected, one.low / one.n, one.high / one.n),
            ),
            f"{one.events}/{one.n}; {one.low} to {one.high} predicted",
        )
        for one in predicted.left_out
    )
    title = f"{inside} of {len(records)} series lie where the others put them"
    caption = "Circles: printed. Squares: predicted from the other series, with 95 % limits of the count."
    chart = Chart("left_out", title, caption, "Share on record (%, square-root scale)", lines)
    return Section("left_out", "Leave one series out", said, (sheet, aside, points), (chart,))


def _numbers(numbers: tuple[Met, ...]) -> Section:
    records = tuple(
        {
            "finding": one.finding.id, "topic": _topic(one.finding), "what": one.number.quantity,
            "printed": one.finding.printed or _counts(one.finding), "kind": one.number.kind,
            "world": one.number.world, "design": one.number.design, "target": one.number.target,
            "target_value": one.target, **_measured(one.measure), "unit": one.number.unit, "low": one.asked.low,
            "high": one.asked.high, "rule": one.asked.rule, "inside": one.inside, "note": one.number.note,
            "asked": _interval(one.asked.low, one.asked.high, one.number.unit), "vary": _in_words(one.number.vary),
        }
        for one in numbers
    )  # fmt: skip
    fields = (
        Field("what", "What"), Field("printed", "Printed"), Field("kind", "Node"), Field("world", "World"),
        Field("design", "Design"), Field("target", "Target", "path"), Field("target_value", "Value", "number"),
        Field("value", "Achieved", "unit"), Field("error", "MCSE", "unit"), Field("asked", "Inside what"),
        Field("rule", "By which rule"), Field("inside", "Inside", "yes"), Field("note", "Note"), Field("vary", ""),
        Field("n", ""), Field("conf_low", ""), Field("conf_high", ""), Field("low", ""), Field("high", ""),
        Field("unit", ""),
    )  # fmt: skip
    printed = len({one.finding.id for one in numbers})
    caption = "Every number of the source review: printed, target, achieved, inside"
    sheet = Sheet("review_numbers", caption, Field("finding", "Finding", "finding"), fields, records, "topic")
    said = (
        f"{sum(one.inside for one in numbers)} of {len(numbers)} rows are inside, for {printed} printed numbers. Some "
        "are printed twice with different values, or belong to how one looks: they have a row for each reading, and "
        "not all readings can be inside at once.",
    )
    return Section("numbers", "The numbers of the source review", said, (sheet,))


def _counts(one: Finding) -> str:
    return f"{one.events}/{one.n}" if one.has_counts else ""


def _directions(directions: tuple[Pointed, ...]) -> Section:
    records = tuple(
        {
            "finding": one.finding.id, "topic": _topic(one.finding),
            "stated": one.finding.quantity, "contrast": one.direction.contrast,
            "sign": "above 0" if one.direction.sign > 0 else "below 0", "world": one.direction.world,
            "design": one.direction.design, **_measured(one.measure), "unit": one.direction.unit,
            "agrees": one.agrees, "note": one.direction.note,
        }
        for one in directions
    )  # fmt: skip
    fields = (
        Field("stated", "The review says"), Field("contrast", "Contrast"), Field("sign", "Sign"),
        Field("world", "World"), Field("design", "Design"), Field("value", "Achieved", "unit"),
        Field("conf_low", "from", "unit", "95 % limits"), Field("conf_high", "to", "unit", "95 % limits"),
        Field("unit", "Unit"), Field("agrees", "Agrees", "yes"), Field("note", "Note"), Field("error", ""),
        Field("n", ""),
    )  # fmt: skip
    caption = "Every direction of the source review that the patients can show"
    sheet = Sheet("review_directions", caption, Field("finding", "Finding", "finding"), fields, records, "topic")
    said = (
        f"{sum(one.agrees for one in directions)} of {len(directions)} contrasts have the sign that the review gives "
        f"them, {K:g} Monte Carlo standard errors from zero. Limits of differences of shares are Newcombe's, of means "
        "Wald's, of rank correlations Fisher's. A majority is a share less one half.",
    )
    return Section("directions", "The directions of the source review", said, (sheet,))


def _mimics(mimics: tuple[Mimic, ...]) -> Section:
    records = tuple(
        {
            "finding": f"{REVIEW}.{one.finding}", "list": readable(one.variable).capitalize(),
            "level": readable(one.level), "path": one.path, "assumed": one.assumed,
            "basis": "assumed" if one.path else "a variable of its own", **_measured(one.measure), "unit": "share",
        }
        for one in mimics
    )  # fmt: skip
    fields = (
        Field("level", "What it is"), Field("path", "Parameter", "path"), Field("assumed", "Share", "share"),
        Field("basis", "Basis"), Field("value", "Achieved", "share"), Field("error", "MCSE", "share"), Field("n", ""),
        Field("conf_low", ""), Field("conf_high", ""),
    )  # fmt: skip
    caption = "Both lists of differential diagnoses: assumed and achieved shares"
    sheet = Sheet("mimics", caption, Field("finding", "Finding", "finding"), fields, records, "list")
    said = (
        "The review names them without a frequency: every share is assumed. Metastasis, myeloma, Paget disease and "
        "hyperparathyroidism are stated at 50 years and rise with age, so younger patients have fewer. At most one "
        "mimic of each kind is generated for a patient.",
    )
    return Section("mimics", "What looks like it", said, (sheet,))


def _cannot() -> Section:
    records = tuple(
        {"finding": f"{REVIEW}.{name}", "stated": _of_review(name).quantity, "reason": reason}
        for name, reason in CANNOT.items()
    )
    fields = (Field("stated", "The review says"), Field("reason", "Why it cannot be shown"))
    caption = "What the source review says and the synthetic patients cannot show"
    sheet = Sheet("not_represented", caption, Field("finding", "Finding", "finding"), fields, records)
    said = (f"{len(records)} numbers, directions and diagnoses of the review have no counterpart among the variables.",)
    return Section("not_represented", "What cannot be represented", said, (sheet,))

"""Tables of a study's report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sarcoid_epi.files import digest
from sarcoid_epi.report.content import Field, Sheet
from sarcoid_epi.simulation import telling
from sarcoid_epi.simulation.asking import questions
from sarcoid_epi.studies.found import Found, level, named, spoken, values_of, verdict
from sarcoid_epi.vocabulary import label

#: How cases are laid out, in words.
METHODS = {
    "grid": "every combination of the values",
    "latin": "a latin hypercube over the ranges",
    "sobol": "a Sobol sequence over the ranges",
    "draws": "draws from the uncertainty of the world's parameters",
}

MEASURED = (
    "bias, empirical and model-based standard error, mean squared error, coverage, bias-eliminated coverage, "
    "power where there is a value of no difference, and width of the limits, each with its Monte Carlo standard "
    "error (Morris 2019)"
)

#: Rows of performance that a page has room for; cases that stand for all where there are more.
MOST, EXTREMES = 1000, 10

EVERYBODY = (
    "of everybody with the disease, from {} patients made besides: known as exactly as so many tell. What chance made "
    "of them, and of the patients of each case, is no part of the Monte Carlo errors, and may be more"
)

ONE_BY_ONE = "counted in {} patients made besides: known as exactly as so many tell, no part of the Monte Carlo errors"


def ademp(found: Found) -> Sheet:
    """Aims, data-generating mechanisms, estimands, methods and performance, one row each part."""
    study, asked = found.study, questions(found.study)
    varied = [f"{spoken(one.name)}: {', '.join(map(level, one.values))}" for one in found.factors]
    chance = (
        f"replicates drawn with replacement from {study.population} patients made once for each case"
        if study.chance == "population"
        else "replicates made patient by patient"
    )
    held = [f"{spoken(name)}: {level(one.values[0])}" for name, one in study.vary.items() if len(one.values) == 1]
    until = f", or until the Monte Carlo error of every coverage is at most {study.error:g}" if study.error else ""
    records = [
        ("Aims", "", study.aims),
        ("Data", "Worlds, designs", f"{', '.join(study.worlds)}; {', '.join(study.designs)}"),
        ("Data", "Patients of a replicate", ", ".join(map(str, study.sizes))),
        ("Data", "Varied", "; ".join(varied) or ("parameters, by draws" if study.method == "draws" else "nothing")),
        *(("Data", "Set, the same in all cases", "; ".join(held)) for _ in held[:1]),
        *(("Data", "Truth", EVERYBODY.format(study.population)) for _ in range(study.truth == "everybody")),
        *(
            ("Data", "Truth", ONE_BY_ONE.format(study.population))
            for _ in range(study.chance == "patients" and study.truth == "met")
        ),
        ("Data", "Cases", f"{len(found.cases)}, {METHODS[study.method]}"),
        ("Data", "Replicates", f"{study.replicates} of each case{until}; {chance}; seed {study.seed}"),
        *(("Estimands", one, "") for one in dict.fromkeys(one.estimator.estimand.label for one in asked)),
        *(("Methods", spoken(one.run), one.estimator.label) for one in asked),
        *(("Methods", "Beliefs", ", ".join(study.beliefs)) for _ in study.beliefs[:1]),
        ("Performance", "Measures", MEASURED),
        ("Performance", "Drawn", ", ".join(map(spoken, study.measures))),
    ]  # fmt: skip
    fields = (Field("what", "What"), Field("said", "In this study"))
    rows = tuple({"part": part, "what": what, "said": said} for part, what, said in records)
    return Sheet("ademp", "The study by its parts (ADEMP)", Field("part", "Part"), fields, rows)


def cases(found: Found) -> Sheet:
    """Every case, and what it has of what varies."""
    frame = telling.cases(found.study)
    shown = {"case", "size", *(one.name for one in found.factors)}
    fields = tuple(
        Field(name, spoken(name).capitalize() if name in shown else "", _kind(frame[name]))
        for name in frame.columns
        if name != "case"
    )
    return Sheet("cases", "All cases", Field("case", "Case", "whole"), fields, _records(frame), folded=True)


def _kind(column: Any) -> str:
    return "text" if column.dtype == object else "whole" if column.dtype.kind == "i" else "number"


def _records(frame: pd.DataFrame) -> tuple[Mapping[str, Any], ...]:
    return tuple({str(name): value for name, value in row.items()} for row in frame.to_dict("records"))


def performance(found: Found) -> Sheet:
    """Every measure of every run, term and case."""
    names = {case.number: named(case, found.factors) for case in found.cases}
    records = [
        {**row, "of": names[row["case"]], "group": f"{spoken(str(row['run']))}: {label(str(row['term']))}",
         "verdict": verdict(row["coverage"], row["used"])}
        for row in _records(found.summary)
    ]  # fmt: skip
    every, caption = len(records), "Performance of every method in every case"
    if every > MOST:
        shown = {key: _extremes(rows) for key, rows in found.summary.groupby(["run", "term"])}
        records = [row for row in records if row["case"] in shown[row["run"], row["term"]]]
        caption = (
            f"Performance of every method in the cases with its lowest coverage and its largest bias, {EXTREMES} each "
            f"(all {every} rows stand in summary.csv)"
        )
    records.sort(key=lambda row: (row["run"], row["term"], row["case"]))
    pairs = (
        ("bias", "Bias"), ("relative_bias", "Relative bias"), ("empirical_error", "Empirical SE"),
        ("model_error", "Model SE"), ("relative_error", "Relative error of SE"), ("mean_squared_error", "MSE"),
        ("coverage", "Coverage"), ("coverage_of_attempted", "Coverage, failed = miss"),
        ("bias_eliminated_coverage", "Bias-eliminated coverage"), ("power", "Power"), ("mean_width", "Mean width"),
        ("median_width", "Median width"),
    )  # fmt: skip
    measured = tuple(
        Field(name + end, header, "number", words)
        for name, words in pairs
        for end, header in (("", "Value"), ("_mcse", "MCSE"))
    )
    fields = (
        Field("of", "Case"), Field("truth", "Truth", "number"), Field("attempted", "attempted", "whole", "Replicates"),
        Field("converged", "converged", "whole", "Replicates"), Field("used", "used", "whole", "Replicates"),
        Field("mean", "Mean", "number"), *measured, Field("verdict", "Coverage against chance"),
        Field("scale", "Scale"), Field("null", "Null", "number"), Field("mean_mcse", ""), Field("run", ""),
        Field("term", ""),
    )  # fmt: skip
    return Sheet("performance", caption, Field("case", "No.", "whole"), fields,
                 tuple(records), "group", folded=True)  # fmt: skip


def _extremes(rows: pd.DataFrame) -> set[int]:
    """The cases in which a term of a run has its lowest coverage or its largest bias; without a truth, the first."""
    worst = {*rows["coverage"].nsmallest(EXTREMES).index, *rows["bias"].abs().nlargest(EXTREMES).index}
    return {int(case) for case in rows.loc[sorted(worst), "case"]} or {*rows["case"].head(EXTREMES).astype(int)}


def comparisons(found: Found) -> Sheet:
    """Every run against the first of its estimand."""
    names = {case.number: named(case, found.factors) for case in found.cases}
    records = tuple(
        {**row, "of": names[row["case"]], "group": f"{spoken(str(row['run']))} less {spoken(str(row['against']))}, "
                                                   f"{label(str(row['term']))}"}
        for row in sorted(_records(found.comparisons), key=lambda row: (row["run"], row["term"], row["case"]))
    )  # fmt: skip
    pairs = (("bias", "Bias"), ("coverage", "Coverage"), ("width", "Mean width"), ("squared_error", "Squared error"),
             ("relative_precision", "Gain in precision"))  # fmt: skip
    measured = tuple(
        Field(name + end, header, "number", words)
        for name, words in pairs
        for end, header in (("", "Difference" if name != "relative_precision" else "Share"), ("_mcse", "MCSE"))
    )
    fields = (Field("of", "Case"), Field("used", "Pairs", "whole"), Field("answered", "More answers", "whole"),
              *measured,
              *(Field(name, "") for name in ("term", "run", "against", "scale", "attempted")))  # fmt: skip
    return Sheet("comparisons", "Methods against each other, replicate by replicate", Field("case", "No.", "whole"),
                 fields, records, "group", folded=True)  # fmt: skip


def planning(found: Found) -> Sheet:
    """What each wanted width takes; of a method's factors only those that change an answer of it."""
    least, most = min(found.study.sizes), max(found.study.sizes)
    out_of_reach = {"least": f"{least} or fewer", "most": f"more than {most}"}
    answers: dict[tuple[str, str], dict[int, dict[str, str]]] = {}
    for row in _records(found.planning):
        told = answers.setdefault((str(row["run"]), str(row["term"])), {}).setdefault(int(row["case"]), {})
        told[f"{row['width']:g}"] = out_of_reach.get(str(row["reached"])) or f"{row['patients']:.0f}"
    records: list[dict[str, Any]] = []
    for (run, term), by_case in answers.items():
        mattering = [one for one in found.factors if one.name != "size" and _matters(found, by_case, one.name)]
        seen: set[str] = set()
        for case, told in by_case.items():
            of = named(found.cases[case], mattering) if mattering else "whatever varies"
            if of not in seen:
                seen.add(of)
                records.append({"of": of, "group": f"{spoken(run)}: {label(term)}", **told})
    widths = [Field(f"{width:g}", f"{width:g}", "text", "Patients for limits of width") for width in found.study.widths]
    return Sheet("planning", "Patients that a wanted width takes", Field("of", "With"), tuple(widths),
                 tuple(records), "group")  # fmt: skip


def _matters(found: Found, by_case: Mapping[int, Mapping[str, str]], factor: str) -> bool:
    """Whether an answer changes with a factor, all others being equal."""
    alike: dict[tuple[tuple[str, object], ...], set[tuple[str, ...]]] = {}
    for case, told in by_case.items():
        others = tuple(item for item in values_of(found.cases[case]).items() if item[0] not in (factor, "size"))
        alike.setdefault(others, set()).add(tuple(told.values()))
    return any(len(different) > 1 for different in alike.values())


def variance(found: Found) -> Sheet:
    """The split of each variance."""
    records = tuple(
        {**row, "group": f"{spoken(str(row['run']))}: {label(str(row['term']))}"} for row in _records(found.variance)
    )
    fields = (
        Field("size", "Patients", "whole"), Field("cases", "Cases", "whole"),
        Field("between", "Variance", "number", "Parameters"), Field("between_error", "SE", "number", "Parameters"),
        Field("within", "Variance", "number", "Sampling"), Field("within_error", "SE", "number", "Sampling"),
        Field("share", "Share", "share", "Parameters' part"), Field("share_error", "SE", "share", "Parameters' part"),
        *(Field(name, "") for name in ("world", "design", "belief", "run", "term", "scale")),
    )  # fmt: skip
    return Sheet("variance", "Variance from parameters and from sampling", Field("of", "Of"), fields, records, "group")


def indices(found: Found) -> Sheet:
    """Sobol's indices of each result."""
    records = tuple(
        {**row, "group": _heading(row), "what": spoken(str(row["result"])), "which": spoken(str(row["factor"]))}
        for row in _records(found.indices)
    )
    fields = (
        Field("which", "Factor"),
        Field("first", "Index", "decimal", "Alone"), Field("first_error", "SE", "number", "Alone"),
        Field("total", "Index", "decimal", "With others"), Field("total_error", "SE", "number", "With others"),
        Field("chance", "Chance, at most", "share"), Field("foretold", "Foretold by the surface", "share"),
        Field("by", "By"), *(Field(name, "") for name in ("stratum", "run", "term", "result", "factor")),
    )  # fmt: skip
    return Sheet("indices", "Sobol indices", Field("what", "Result"), fields, records, "group", folded=True)


def swings(found: Found) -> Sheet:
    """One factor at a time."""
    records = tuple(
        {**row, "group": _heading(row), "what": spoken(str(row["result"])), "which": spoken(str(row["factor"]))}
        for row in _records(found.tornado)
    )
    fields = (
        Field("which", "Factor"), Field("middle", "In the middle", "number"), Field("low", "Low end"),
        Field("at_low", "Result", "number"), Field("high", "High end"), Field("at_high", "Result", "number"),
        *(Field(name, "") for name in ("stratum", "run", "term", "result", "factor", "by")),
    )  # fmt: skip
    return Sheet("tornado", "One factor at a time", Field("what", "Result"), fields, records, "group", folded=True)


def _heading(row: Mapping[str, Any]) -> str:
    return ", ".join(filter(None, (spoken(str(row["run"])), label(str(row["term"])), str(row["stratum"]))))


def notes(found: Found) -> Sheet:
    """Every note, over all cases."""
    if not len(found.notes):
        return Sheet("notes", "Notes", Field("note", "Note"), (), ())
    summed = found.notes.groupby(["run", "term", "note"], sort=True)
    told = summed.agg(cases=("case", "nunique"), replicates=("replicates", "sum"), answered=("answered", "sum"))
    records = tuple(
        {**row, "what": spoken(str(row["run"])), "failed": row["replicates"] - row["answered"],
         "which": label(str(row["term"]))}
        for row in _records(told.reset_index())
    )  # fmt: skip
    fields = (
        Field("which", "Quantity"), Field("note", "Note"), Field("cases", "Cases", "whole"),
        Field("replicates", "Replicates with it", "whole"), Field("failed", "Of these without an answer", "whole"),
        *(Field(name, "") for name in ("run", "term", "answered")),
    )  # fmt: skip
    return Sheet("notes", "What the replicates' notes say", Field("what", "Method"), fields, records, folded=True)


def manifest(out: Path) -> Sheet:
    """What the study was made with; `manifest.json` beside the parts lists the hash of each."""
    told = json.loads((out / telling.MANIFEST).read_text(encoding="utf-8"))
    records = [
        *({"what": name, "value": value} for name, value in told["versions"].items()),
        {"what": "parts", "value": str(len(told["parts"]))},
        {"what": "SHA-256 of summary.csv", "value": digest(out / telling.SUMMARY)},
    ]
    return Sheet("made", "What it was made with", Field("what", "What"), (Field("value", "Value"),), tuple(records))

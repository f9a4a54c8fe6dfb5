"""The report of a study from the tables beside its parts; every title and sentence is computed from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sarcoid_epi.files import digest
from sarcoid_epi.report.content import Content, Plot, Section
from sarcoid_epi.results import Estimates, percent
from sarcoid_epi.scenario import Study
from sarcoid_epi.simulation import telling
from sarcoid_epi.simulation.stored import RECIPE
from sarcoid_epi.studies import drivers, performing, tables
from sarcoid_epi.studies.found import SHOWN, Found, found, spoken, verdict

#: Papers that every study's report rests on; those of its drawn parameters and of its factors.
METHODS = ("morris2019", "whitesimsum2010", "gasparini2018")
OF_DRAWS = ("searle1992", "efron1981")
OF_FACTORS = ("rucker2014", "sobol2001", "sudret2008")

#: Inputs of the report: tables of rounded numbers, not parts, whose last bits another processor may round otherwise.
INPUTS = (RECIPE, telling.CASES, telling.SUMMARY, telling.COMPARISONS, telling.VARIANCE, telling.NOTES, telling.INDICES,
          telling.TORNADO, telling.TIPPING, telling.PLANNING)  # fmt: skip


def told(study: Study, out: Path) -> Content:
    """The content of a study's report.

    Parameters
    ----------
    study : Study
        What was asked.
    out : Path
        The folder of its parts, with the tables that were told of them.

    Raises
    ------
    ConfigurationError
        When the study has not been told there.
    """
    here = found(study, out)
    sections = (
        _asked(here), _cases(here), _performance(here), *_compared(here), *_planned(here), *_driven(here),
        *_split(here), _noted(here), _made(here, out),
    )  # fmt: skip
    of_draws, of_factors = len(here.variance) > 0, len(here.indices) > 0
    return Content(
        title=study.label,
        question=study.aims,
        data=f"study {study.name}: {len(here.cases)} cases, {_replicates(here)} each, seed {study.seed}",
        estimates=Estimates((), ()),
        sections=sections,
        methods=(*METHODS, *(OF_DRAWS if of_draws else ()), *(OF_FACTORS if of_factors else ())),
        configuration={"command": "study", "study": study.name, "seed": str(study.seed)},
        inputs={name: digest(out / name) for name in INPUTS},
        tracing=(
            f"Every number is a mean over replicates, and each of them can be made again by itself: sarcoid-epi study "
            f"{study.name} --replicate CASE NUMBER (of a study of your own, its file). The estimators, parameters and "
            f"sources named here are explained by sarcoid-epi explain NAME."
        ),
    )


def _replicates(here: Found) -> str:
    counts = here.summary["attempted"]
    low, high = (int(counts.min()), int(counts.max())) if len(counts) else (0, 0)
    return f"{low} replicates" if low == high else f"{low} to {high} replicates"


def _asked(here: Found) -> Section:
    return Section("aims", "What was asked, and of what data", (here.study.aims,), (tables.ademp(here),))


def _cases(here: Found) -> Section:
    names = [spoken(one.name) for one in here.factors]
    varied = f"What varies: {', '.join(names)}." if names else "No named factor varies."
    laid = tables.METHODS[here.study.method]
    words = f"{len(here.cases)} cases, {laid}. {varied} Each was repeated: {_replicates(here)}."
    return Section("cases", "Cases", (words,), (tables.cases(here),))


def _performance(here: Found) -> Section:
    """How well each method does: a sentence for each term shown, then figures, then everything."""
    shown = here.groups[:SHOWN]
    paragraphs = [
        "Each measure stands with its Monte Carlo standard error. A replicate without an answer is not used; coverage "
        "with such a replicate as a miss bounds what a user would meet. Power is told only against a value that says "
        "\u201cno difference\u201d; a share has none. Measures of ratios are of their logarithm."
    ]
    paragraphs += [sentence for group in shown if (sentence := _coverage(here, group.number))]
    if len(here.groups) > SHOWN:
        left = len(here.groups) - SHOWN
        paragraphs.append(f"Figures show {len(shown)} quantities; {left} more stand in the table.")
    plots = [plot for group in shown for plot in performing.figures(here, group)]
    return Section("performance", "How well each method does", tuple(paragraphs), (tables.performance(here),),
                   tuple(plots))  # fmt: skip


def _coverage(here: Found, number: int) -> str:
    """In how many cases limits cover too little, method by method."""
    group = here.groups[number]
    words = []
    for run in group.runs:
        covered, used = here.of(run, group.term, "coverage"), here.of(run, group.term, "used")
        told = [verdict(one, many) for one, many in zip(covered, used, strict=True) if not np.isnan(one)]
        if told:
            low, high = float(np.nanmin(covered)), float(np.nanmax(covered))
            words.append(
                f"{spoken(run)}: {percent(low).removesuffix(' %')} to {percent(high)}, below what chance allows in "
                f"{told.count('below')} of {len(told)} cases and above in {told.count('above')}"
            )
    return f"Coverage of {group.name}, nominal 95 %. {'; '.join(words)}." if words else ""


def _compared(here: Found) -> tuple[Section, ...]:
    if not len(here.comparisons):
        return ()
    plots: list[Plot] = [plot for group in here.groups[:SHOWN] for plot in performing.differences(here, group)]
    words = (
        "Methods of one estimand saw the same replicates. A difference between them is taken replicate by replicate: "
        "what both share of chance cancels, and its Monte Carlo error is that of the differences."
    )
    return (Section("compared", "Methods against each other", (words,), (tables.comparisons(here),), tuple(plots)),)


def _planned(here: Found) -> tuple[Section, ...]:
    if not len(here.planning):
        return ()
    words = (
        "Patients of a cohort with which limits may be as narrow as that, all else as in the row: the mean width of "
        "the limits, or 2 \u00d7 1.96 empirical standard errors where estimates spread more than limits say. Both are "
        "of the replicates that have an answer. Between the sizes of the study the logarithm of the width is drawn "
        "straight over that of the size."
    )
    return (Section("planned", "How many patients a wanted width takes", (words,), (tables.planning(here),)),)


def _driven(here: Found) -> tuple[Section, ...]:
    if not len(here.indices):
        return ()
    plots = [plot for group in here.groups[:SHOWN] for plot in drivers.figures(here, group)]
    how = (
        "On a full grid, indices and surfaces are exact: means of cells, and cells."
        if here.study.method == "grid"
        else "Indices and surfaces are those of a polynomial through the cases, as far as it foretells cases left out."
    )
    left = (
        f"Tornados and surfaces are drawn where more than chance varies: Monte Carlo error could make at most "
        f"{percent(drivers.CHANCE)} of the variance over the cases. A surface is drawn where coverage falls below "
        f"{percent(drivers.COVERED)} in some places and not in others, or a share exceeds "
        f"{', '.join(map(percent, drivers.CROSSED))}."
    )
    return (
        Section("driven", "What drives it", (how, left), (tables.indices(here), tables.swings(here)), tuple(plots)),
    )  # fmt: skip


def _split(here: Found) -> tuple[Section, ...]:
    if not len(here.variance):
        return ()
    plots = [plot for group in here.groups[:SHOWN] if (plot := drivers.split(here, group)) is not None]
    words = (
        "Cases differ in parameters that are not known; replicates of a case differ by sampling. More patients lessen "
        "the second part only."
    )
    return (
        Section("split", "Parameters or sampling", (words,), (tables.variance(here),), tuple(plots)),
    )  # fmt: skip


def _noted(here: Found) -> Section:
    asked, failed = here.summary["attempted"].sum(), (here.summary["attempted"] - here.summary["converged"]).sum()
    words = [
        f"Of {int(asked)} answers asked for, {int(failed)} are none ({percent(failed / asked) if asked else 'none'})."
    ]
    if failed:
        by_run = (here.summary["attempted"] - here.summary["converged"]).groupby(here.summary["run"]).sum()
        words.append(f"Most fail with {spoken(str(by_run.idxmax()))}: {int(by_run.max())}.")
    sheets = (tables.notes(here),) if len(here.notes) else ()
    return Section("notes", "Failures and notes", (" ".join(words),), sheets)


def _made(here: Found, out: Path) -> Section:
    words = (
        "The same study with the same versions gives the same bytes, whoever runs it and in however many pieces. Any "
        "one replicate can be made again by itself with --replicate."
    )
    return Section("made", "What it was made with", (words,), (tables.manifest(out),))

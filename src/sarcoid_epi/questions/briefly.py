"""Löfgren syndrome, association and prognosis in brief, for any patient table: sections of the main report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from sarcoid_epi import strata
from sarcoid_epi.estimators import CATALOGUE, ask
from sarcoid_epi.estimators.families import OTHER_FAMILIES
from sarcoid_epi.questions.association import forest_section as ratio_section
from sarcoid_epi.questions.association import models_section
from sarcoid_epi.questions.lofgren_contrasts import forest_section, table_section
from sarcoid_epi.questions.lofgren_words import BROAD, STRICT, Told
from sarcoid_epi.questions.prognosis_courses import course_section, flow_section
from sarcoid_epi.questions.prognosis_hazards import hazard_section
from sarcoid_epi.questions.prognosis_words import OUTCOMES
from sarcoid_epi.report.content import Section
from sarcoid_epi.results import Estimates
from sarcoid_epi.scenario import Model, load_model, shipped
from sarcoid_epi.vocabulary import label

#: What the main report asks of each question; all that may be asked, `estimate` and the reports of their own ask.
ASKED = {
    "lofgren": ("definitions", BROAD, STRICT),
    "association": ("unadjusted", "adjusted"),
    "prognosis": (
        "event_free", "incidence", "event_tests", "unadjusted_hazards", "adjusted_hazards", "proportionality",
        "changing_hazards",
    ),
}  # fmt: skip

Brief = tuple[Estimates, Section]


def briefly(frame: pd.DataFrame, data: str) -> tuple[Estimates, tuple[Section, ...]]:
    """The three questions put to a patient table: every estimate, and one section for each question."""
    told = [lofgren(frame, data), association(frame, data), prognosis(frame, data)]
    return sum((estimates for estimates, _ in told), Estimates((), ())), tuple(section for _, section in told)


def lofgren(frame: pd.DataFrame, data: str) -> Brief:
    """Patients with Löfgren syndrome against those without, by both definitions."""
    title = "Löfgren syndrome against none"
    if lack := _lack(frame, ("lofgren_broad",)):
        return Estimates((), ()), _nothing("lofgren", title, lack)
    answers = _asked("lofgren", frame, data)
    told = Told(answers)
    return answers, _joined("lofgren", title, [table_section(told), forest_section(told)])


def association(frame: pd.DataFrame, data: str) -> Brief:
    """The shipped models of association whose columns there are."""
    title = "What goes with what"
    models, lacks = _models(frame, "association")
    models = [model for model in models if model.family not in OTHER_FAMILIES]
    if not models:
        return Estimates((), ()), _nothing("association", title, *lacks)
    answers = _asked("association", frame, data, models)
    section = _joined("association", title, [models_section(answers, models), ratio_section(answers, models)])
    return answers, replace(section, paragraphs=(*section.paragraphs, *lacks))


def prognosis(frame: pd.DataFrame, data: str) -> Brief:
    """The shipped models of prognosis whose columns there are: curves and hazards."""
    title = "How it goes on"
    models, lacks = _models(frame, "prognosis")
    if not models:
        return Estimates((), ()), _nothing("prognosis", title, *lacks)
    answers = _asked("prognosis", frame, data, models)
    whole = strata.whole(frame)
    parts = [
        flow_section(strata.by(frame, "lofgren_broad"), models),
        *(course_section(answers, whole, model) for model in models),
        hazard_section(answers, models),
    ]
    section = _joined("prognosis", title, parts)
    return answers, replace(section, paragraphs=(*section.paragraphs, *lacks))


def _asked(question: str, frame: pd.DataFrame, data: str, models: Sequence[Model] = ()) -> Estimates:
    chosen = [one for one in CATALOGUE if one.question == question and one.name in ASKED[question]]
    return ask(chosen, strata.whole(frame), data=data, models=models)


def _models(frame: pd.DataFrame, question: str) -> tuple[list[Model], list[str]]:
    """Shipped models that a table has something for, and in a sentence what the others lack."""
    asked = [model for model in map(load_model, shipped("model")) if model.question == question]
    if question == "prognosis":
        asked = sorted(asked, key=lambda model: list(OUTCOMES).index(model.name))
    lacks = {model.name: _lack(frame, model.columns) for model in asked}
    return [model for model in asked if not lacks[model.name]], [
        f"Left out: “{model.label}”; {lacks[model.name]}." for model in asked if lacks[model.name]
    ]


def _lack(frame: pd.DataFrame, columns: Sequence[str]) -> str:
    """What a table lacks of the columns; nothing where all are there and known in somebody."""
    absent = [name for name in columns if name not in frame.columns]
    empty = [name for name in columns if name not in absent and not frame[name].notna().any()]
    parts = []
    if absent:
        parts.append(f"the table has no {_listed(absent)}")
    if empty:
        parts.append(f"{_listed(empty)} is known in nobody")
    return "; ".join(parts)


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f"“{label(name)}” ({name})" for name in columns)


def _nothing(key: str, title: str, *lacks: str) -> Section:
    return Section(key, title, tuple(f"{lack[:1].upper()}{lack[1:].rstrip('.')}." for lack in lacks))


def _joined(key: str, title: str, parts: Sequence[Section]) -> Section:
    """Sections as one; its tables and figures have names of their own among those of the main report."""
    return Section(
        key,
        title,
        tuple(paragraph for part in parts for paragraph in part.paragraphs),
        tuple(replace(sheet, key=f"{key}_{sheet.key}") for part in parts for sheet in part.sheets),
        tuple(replace(chart, key=f"{key}_{chart.key}") for part in parts for chart in part.charts),
    )

"""Every estimator of underdiagnosis on every input that has nothing, or all, or a contradiction in it.

What is asked of each row: no exception and no warning (the suite makes warnings errors), a note wherever there is no
number, a number inside its range, limits in order, and no certainty from a few patients.
"""

import numpy as np
import pandas as pd
import pytest

from sarcoid_epi.estimators import CATALOGUE, ask
from sarcoid_epi.scenario import load_belief
from sarcoid_epi.strata import whole
from small import SUBSTUDY, asked, imaged, note, table, tallied, told, verified

ESTIMATORS = [e for e in CATALOGUE if e.question == "underdiagnosis" and e.takes == "patients"]
BY_NAME = {estimator.name: estimator for estimator in ESTIMATORS}

MILLIONS = 10_000_000

#: What is strange about a belief; put to the estimators that believe the section.
STRANGE = {
    "no better than chance": {"sensitivity.value": 0.3, "specificity.value": 0.6},
    "exactly chance": {"sensitivity.value": 0.4, "specificity.value": 0.6},
    "perfect": {
        f"{part}.{name}": value
        for part in ("sensitivity", "specificity")
        for name, value in (("value", 1.0), ("n", 1e9))
    },
    "finds nothing": {"sensitivity.value": 0.0, "sensitivity.n": 1e9, "specificity.value": 1.0, "specificity.n": 1e9},
    "nothing is written": {"cascade.written": 0.0, "sensitivity.value": 0.1},
    "no record is true": {"sources.predictive": 0.01},
}
BELIEFS = {name: load_belief(name) for name in ("clinical", "vague", "pet_sceptic")}
BELIEFS |= {name: load_belief("clinical", held) for name, held in STRANGE.items()}


RECORD, LOFGREN = ("osseous_recorded",), ("lofgren_broad", "osseous_recorded")
RECORDS = {
    "nobody": {},
    "one patient, not on record": {(0,): 1},
    "one patient, on record": {(1,): 1},
    "0 events": {(0,): 40},
    "all events": {(1,): 40},
    "apparent share under 1 - Sp": {(1,): 5, (0,): 9990},
    "ten million patients": {(1,): MILLIONS // 33, (0,): MILLIONS},
    "ten million patients and 0 events": {(0,): MILLIONS},
    "ten million patients, all events": {(1,): MILLIONS},
}
BY_LOFGREN = {
    "nobody": {},
    "one patient": {(1, 1): 1},
    "nobody with Löfgren syndrome": {(0, 1): 3, (0, 0): 30},
    "all with Löfgren syndrome": {(1, 1): 3, (1, 0): 30},
    "nobody with it on record": {(1, 0): 5, (0, 1): 3, (0, 0): 30},
    "nobody on record": {(1, 0): 10, (0, 0): 30},
    "all on record": {(1, 1): 4, (0, 1): 3},
    "ten million patients": {(1, 1): 25_000, (1, 0): MILLIONS // 5, (0, 1): 200_000, (0, 0): MILLIONS},
}

IMAGED = {
    "nobody": (0, 0, 0),
    "one patient, not imaged": (0, 0, 1),
    "one patient, positive": (1, 1, 1),
    "one patient, negative": (0, 1, 1),
    "nobody imaged": (0, 0, 30),
    "everybody imaged": (5, 30, 30),
    "all readings positive": (10, 10, 30),
    "all readings negative": (0, 10, 30),
    "everybody imaged, all positive": (30, 30, 30),
    "everybody imaged, all negative": (0, 30, 30),
}

TWO = ("on_clinic_list", "in_radiology_text", "bone_pain")


def lists(both, first, second, n, painful=(0, 0, 0)):
    """Patients on both lists, on one only, and all; those of them who have pain."""
    seen = zip(((1, 1), (1, 0), (0, 1)), (both, first, second), painful, strict=True)
    cells = {(0, 0, 0): n - both - first - second}
    for on, all_, hurt in seen:
        cells |= {(*on, 1): hurt, (*on, 0): all_ - hurt}
    return cells


LISTS = {
    "nobody": lists(0, 0, 0, 0),
    "one patient on both": lists(1, 0, 0, 1),
    "one patient on one": lists(0, 1, 0, 1),
    "empty overlap": lists(0, 5, 5, 100),
    "first list empty": lists(0, 0, 5, 100),
    "second list empty": lists(0, 5, 0, 100),
    "both lists empty": lists(0, 0, 0, 100),
    "one list within the other": lists(3, 4, 0, 100),
    "the same patients on both": lists(5, 0, 0, 100),
    "everybody on both": lists(40, 0, 0, 40),
    "everybody on the first": lists(0, 40, 0, 40),
    "more cases than patients": lists(1, 20, 19, 50),
    "with pain one list is empty": lists(3, 6, 6, 100, (0, 4, 0)),
    "with pain no overlap": lists(3, 6, 6, 100, (0, 4, 5)),
    "ten million patients": lists(40_000, 30_000, 20_000, MILLIONS, (20_000, 10_000, 5000)),
}

THREE = ("on_clinic_list", "in_radiology_text", "in_codes")
FULL = {
    (1, 1, 1): 10, (1, 1, 0): 8, (1, 0, 1): 7, (0, 1, 1): 9, (1, 0, 0): 20, (0, 1, 0): 22, (0, 0, 1): 18,
    (0, 0, 0): 500,
}  # fmt: skip
THREES = {
    "nobody": {},
    "one patient": {(1, 0, 0): 1},
    "all lists empty": {(0, 0, 0): 90},
    "one list empty": {cell: count for cell, count in FULL.items() if cell[2] == 0},
    "one list only": {(1, 0, 0): 20, (0, 0, 0): 90},
    "empty overlap of all three": FULL | {(1, 1, 1): 0},
    "empty overlap of any two": {cell: count for cell, count in FULL.items() if sum(cell) < 2},
    "the same patients on all": {(1, 1, 1): 10, (0, 0, 0): 90},
    "everybody on all": {(1, 1, 1): 50},
    "everybody on some": FULL | {(0, 0, 0): 0},
    "ten million patients": {cell: 17_000 * count for cell, count in FULL.items()},
}
SCANNED = {
    "nobody": {},
    "one patient": {(1, 0, 0, 1): 1},
    "all negative": {(0, 0, 0, 0): 30},
    "all positive": {(1, 1, 1, 1): 20},
    "all readings positive": {(*cell, 1): count for cell, count in FULL.items()},
    "all readings negative": {(*cell, 0): count for cell, count in FULL.items()},
    "ten million patients": {
        (*cell, result): 4000 * (count if result else 3 * count) for cell, count in FULL.items() for result in (0, 1)
    },
}

#: A substudy: (stratum, record) to patients, examined, cases.
STUDIES = {
    "nobody": {},
    "one patient, examined": {(0, 1): (1, 1, 1)},
    "one patient, not examined": {(0, 0): (1, 0, 0)},
    "no substudy in one stratum": {(0, 0): (80, 0, 0), (0, 1): (2, 0, 0), (1, 0): (30, 15, 3), (1, 1): (8, 6, 5)},
    "nobody in one stratum": {(1, 0): (30, 15, 3), (1, 1): (8, 6, 5)},
    "nobody examined": {(0, 0): (80, 0, 0), (0, 1): (2, 0, 0), (1, 0): (30, 0, 0), (1, 1): (8, 0, 0)},
    "nobody on record examined": {(0, 0): (80, 20, 1), (0, 1): (2, 0, 0), (1, 0): (30, 15, 3), (1, 1): (8, 0, 0)},
    "nobody on record": {(0, 0): (80, 20, 1), (1, 0): (30, 15, 3)},
    "all on record": {(0, 1): (80, 20, 1), (1, 1): (30, 15, 3)},
    "all readings positive": {(0, 0): (80, 20, 20), (0, 1): (2, 2, 2), (1, 0): (30, 15, 15), (1, 1): (8, 6, 6)},
    "all readings negative": {(0, 0): (80, 20, 0), (0, 1): (2, 2, 0), (1, 0): (30, 15, 0), (1, 1): (8, 6, 0)},
    "no missed case": {(0, 0): (80, 20, 0), (0, 1): (2, 2, 2), (1, 0): (30, 15, 0), (1, 1): (8, 6, 5)},
    "everybody examined": {(0, 0): (80, 80, 3), (0, 1): (2, 2, 2), (1, 0): (30, 30, 6), (1, 1): (8, 8, 7)},
}
EXAMINED_MILLIONS = {
    (0, 0, 0): MILLIONS, (0, 0, 1): 500_000, (0, 1, 1): 100_000, (0, 1, 0): 100,
    (1, 0, 0): 2_500_000, (1, 0, 1): 600_000, (1, 1, 1): 300_000, (1, 1, 0): 10_000,
}  # fmt: skip


def inputs():
    """Every degenerate input: a name, the columns it has, and how to make it."""
    for columns, cases in ((RECORD, RECORDS), (LOFGREN, BY_LOFGREN), (TWO, LISTS), (THREE, THREES)):
        for name, cells in cases.items():
            yield f"{columns[0]}: {name}", columns, lambda columns=columns, cells=cells: tallied(columns, cells)
    for name, cells in SCANNED.items():
        columns = (*THREE, "reading_substudy")
        yield f"four looks: {name}", columns, lambda columns=columns, cells=cells: tallied(columns, cells)
    for name, counts in IMAGED.items():
        yield f"imaging: {name}", ("reading_fdg_pet",), lambda counts=counts: imaged(*counts)
    for name, cells in STUDIES.items():
        yield f"substudy: {name}", SUBSTUDY, lambda cells=cells: verified(cells)
    yield "substudy: ten million patients", SUBSTUDY, lambda: tallied(SUBSTUDY, EXAMINED_MILLIONS)


INPUTS = {name: (columns, make) for name, columns, make in inputs()}
ASKED = [
    pytest.param(estimator, name, id=f"{estimator.name}: {name}")
    for estimator in ESTIMATORS
    for name, (columns, _) in INPUTS.items()
    # An estimator of the record is put to the tables that are about the record; to others it is the same question.
    if set(estimator.needs) <= set(columns)
    and (estimator.needs != RECORD or columns == RECORD or len(columns) > len(SUBSTUDY))
]

#: Terms that are no shares.
COUNTED = ("people_with_sarcoidosis", "people_unrecorded", "true_per_record")


def ends(term):
    """The range of a term; parts of a doubt may offset each other."""
    if term.startswith("doubt_"):
        return -np.inf, np.inf
    return (0, np.inf) if term in COUNTED or term.startswith("odds_") else (0, 1)


def complaints(estimator, belief, answers):
    """What is wrong with the rows, in words."""
    for at, term in enumerate(answers.terms):
        estimate, low, high = (float(column[0, at]) for column in (answers.estimate, answers.low, answers.high))
        note, (least, most) = str(answers.note[0, at]), ends(term)
        row = f"{term} under '{belief}': {estimate} ({low} to {high}), note '{note}'"
        if not np.isfinite(estimate) and not note:
            yield f"no number and no note: {row}"
        if np.isinf(estimate):
            yield f"an infinite number: {row}"
        if not least <= estimate <= most and not np.isnan(estimate) and not note:
            yield f"outside its range without a note: {row}"
        if low > high + 1e-12:  # quantiles of draws that are all alike are interpolated: rounding
            yield f"limits upside down: {row}"
        if low == high and not note and belief != "perfect":  # what is taken as known has no width
            yield f"limits of no width without a note: {row}"
        if low < least or high > most:
            yield f"limits outside the range: {row}"
        if np.isnan(estimate) != (np.isnan(low) and np.isnan(high)) and not note and not term.startswith("doubt_"):
            yield f"limits without a number, or a number without limits, and no note: {row}"
        # The limits of the corrected share are those of its distribution, cut at 0 and 1; its estimate is not cut.
        if estimator.name != "corrected_prevalence" and (estimate < low - 1e-9 or estimate > high + 1e-9):
            yield f"limits do not hold the number: {row}"


def beliefs(estimator):
    """The beliefs that make a difference to an estimator; the first section of what is strange decides."""
    if not estimator.believes:
        return ("",)
    first = {name: next(iter(held)).partition(".")[0] for name, held in STRANGE.items()}
    return tuple(name for name in BELIEFS if name not in STRANGE or first[name] in estimator.believes)


@pytest.mark.parametrize(("estimator", "name"), ASKED)
def test_a_degenerate_input_gives_rows_that_can_be_read(estimator, name):
    strata = INPUTS[name][1]()
    wrong = []
    for said in beliefs(estimator):
        wrong += complaints(estimator, said, asked(estimator, strata, BELIEFS.get(said)))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: estimator.name)
@pytest.mark.parametrize("count", [0, 1, 30])
def test_columns_without_any_value_give_notes_and_no_number(estimator, count):
    empty = table(estimator.needs, {tuple(None for _ in estimator.needs): count})
    answers = asked(estimator, whole(empty), BELIEFS["clinical"])
    if estimator.name == "imaged_prevalence" and count:
        assert told(answers) == {"osseous_least": 0, "osseous_most": 1}  # that is what it can say of patients
    else:
        assert np.isnan(answers.estimate).all()
    assert (answers.note != "").all()


@pytest.mark.parametrize("frame", [pd.DataFrame(), table(RECORD, {}), table(RECORD, {(None,): 3})])
def test_a_table_without_anything_is_answered_in_words(frame):
    answers = ask(ESTIMATORS, whole(frame), data="a table", question="underdiagnosis", belief=BELIEFS["clinical"])
    assert {run.estimator for run in answers.runs} == set(BY_NAME)
    assert all(np.isnan(row.estimate) and row.note for row in answers.rows)


# Some of it word by word: what a reader must be told


@pytest.mark.parametrize(
    ("name", "belief", "cells", "said"),
    [
        ("corrected_prevalence", "no better than chance", {(1,): 3, (0,): 97}, "add up to one or less"),
        ("corrected_prevalence", "clinical", {(0,): 100}, "below zero: fewer on record than"),
        ("corrected_prevalence", "clinical", {(1,): 26, (0,): 74}, "above one: more on record than"),
        ("corrected_prevalence", "perfect", {(0,): 100}, ""),
        ("possible_prevalence", "clinical", {(0,): 100}, "lower bound cut at 0"),
        ("possible_prevalence", "clinical", {(1,): 40}, "records cannot have come from such"),
        ("detection_cascade", "clinical", {(1,): 4000}, "the belief and the records contradict each other"),
        ("burden", "finds nothing", {(1,): 3, (0,): 97}, "add up to one or less: records carry no information"),
        ("believed_prevalence", "no better than chance", {(1,): 3, (0,): 97}, "add up to one or less"),
        ("believed_prevalence", "clinical", {(0,): 200}, "nobody is on record"),
        ("detection_cascade", "clinical", {(0,): 200}, "nobody is on record"),
        ("burden", "clinical", {(0,): 200}, "nobody is on record"),
        ("detection_cascade", "clinical", {}, "nobody in whom it is known"),
    ],
)
def test_what_cannot_be_is_said(name, belief, cells, said):
    answers = asked(BY_NAME[name], tallied(RECORD, cells), BELIEFS[belief])
    assert said in answers.note[0, 0]
    assert bool(answers.note[0, 0]) == bool(said)


def test_bias_analysis_does_not_take_the_last_possible_draw_for_an_answer():
    """All 40 on record under a belief that finds few: one draw of 4 096 would be possible, with limits of no width."""
    answers = asked(BY_NAME["bias_analysed_prevalence"], tallied(RECORD, {(1,): 40}), BELIEFS["vague"])
    assert np.isnan(answers.estimate).all()
    assert note(answers, "osseous") == "the belief and the records contradict each other"


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("imaged_prevalence", "osseous_least"),
        ("selected_prevalence", "osseous_least"),
        ("selected_prevalence", "osseous_most"),
    ],
)
def test_no_positive_reading_among_ten_does_not_prove_that_there_is_none(name, term):
    answers = asked(BY_NAME[name], imaged(0, 10, 30), BELIEFS["clinical"])
    assert answers.high[0, answers.terms.index(term)] > 0.03

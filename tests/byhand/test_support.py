"""What the answers support together: agreement, contradiction, and beliefs about another kind of record."""

import pytest

from sarcoid_epi.estimators import CATALOGUE, ask, verdicts
from sarcoid_epi.estimators.support import Claim, conclusions, conflicts, remarked, unsuited
from sarcoid_epi.results import shown
from sarcoid_epi.scenario import load_belief
from small import patients, tallied, verified

RECORD = ("osseous_recorded",)
DRAWN_AND_BELIEVED = ("substudy_prevalence", "verified_record", "believed_prevalence")


def judged(strata, belief=None):
    """Verdicts by estimator, and the sentences on what the answers support."""
    answers = ask(CATALOGUE, strata, data="a table", question="underdiagnosis", belief=belief)
    told = verdicts(CATALOGUE, strata, belief, answers, "underdiagnosis")
    asked = [e for e in CATALOGUE if e.question == "underdiagnosis"]
    return {row.estimator: row for row in told}, conclusions(asked, strata, belief, answers)


def conflicting(support):
    return [one.says for one in support if one.about == "conflict"]


#: 60 of 2000 on record; of 200 examined, a tenth of the patients on record and off, 84 are cases, 78 of them missed.
MISSED = verified({(0, 1): (30, 3, 3), (0, 0): (970, 97, 39), (1, 1): (30, 3, 3), (1, 0): (970, 97, 39)})


def test_patients_drawn_at_random_exclude_a_belief_that_the_record_misses_little():
    """42 % have it, and the record misses 93 % of these; `pet_optimist` believes that it misses one in twenty."""
    rows, support = judged(MISSED, load_belief("pet_optimist"))
    assert rows["believed_prevalence"].against == (
        "true share excluded by patients drawn at random; underdiagnosis excluded by patients drawn at random"
    )
    assert rows["verified_record"].against == ""
    said = conflicting(support)
    assert any(one.startswith("Patients drawn at random show an underdiagnosis of 9") for one in said)
    assert any("what these rest on does not hold: believed sensitivity and specificity" in one for one in said)


def test_answers_that_agree_are_in_no_conflict():
    """The record finds 7 % of the cases: within the range of `vague`."""
    rows, support = judged(MISSED, load_belief("vague"))
    assert rows["believed_prevalence"].against == rows["substudy_prevalence"].against == ""
    assert conflicting(support) == []


def test_two_tests_beside_patients_drawn_at_random_are_excluded_where_their_strata_differ():
    """All are examined. On record are 20 of 500 cases at low risk, 300 of 600 at high: 780 of 1100 are missed."""
    cells = {(0, 1): (20, 20, 20), (0, 0): (4980, 4980, 480), (1, 1): (300, 300, 300), (1, 0): (1700, 1700, 300)}
    rows, _ = judged(verified(cells))
    assert rows["verified_record"].answer.startswith("underdiagnosis 70.9 % (")
    assert rows["two_tests"].against == "underdiagnosis excluded by patients drawn at random"


def test_what_cannot_hold_beside_each_other_names_both_and_what_they_rest_on():
    """Everybody scanned, 150 of 1000 positive; a record of 150 that misses four of five means 75 %."""
    strata = patients((*RECORD, "reading_fdg_pet"), {(1, 1): 150, (0, 0): 850})
    rows, support = judged(strata, load_belief("clinical"))
    assert "corrected_prevalence" in rows["imaged_prevalence"].against
    assert rows["corrected_prevalence"].against.startswith("true share cannot hold beside imaged_prevalence")
    (said,) = conflicting(support)
    lower, _, higher = said.partition(" cannot both hold")
    assert lower.startswith("imaged_prevalence (12.9 to 17.4 %), selected_prevalence (")
    assert "The former, with the lower true share, rest on: nothing but a right reading" in higher
    (misfit,) = [one.says for one in support if "is about routine records" in one.says]
    assert "1000 of these 1000 patients have a reading of PET" in misfit


@pytest.mark.parametrize(("belief", "recorded", "refusing"), [
    ("clinical", 600, 5), ("pet_sceptic", 0, 4), ("pet_optimist", 600, 3), ("clinical", 20, 0),
])  # fmt: skip
def test_where_belief_and_records_contradict_each_other_that_comes_first_and_no_interval_with_it(
    belief, recorded, refusing
):
    """30 false records of 600 are expected under `pet_sceptic`; `clinical` finds at most two of five cases."""
    rows, support = judged(tallied(RECORD, {(1,): recorded, (0,): 600 - recorded}), load_belief(belief))
    told = [one.says for one in support if "and these records contradict each other" in one.says]
    assert len(told) == bool(refusing)
    if refusing:
        named = support[0].says.partition("(")[2].partition(")")[0].split(", ")
        assert support[0].says == told[0]
        assert len(named) == refusing
        assert all("contradict" in rows[name].answer or "cannot have come" in rows[name].answer for name in named)
        assert not [one for one in support if " to 9" in one.says or " to 100" in one.says]


def test_a_belief_no_better_than_chance_says_nothing():
    worse = load_belief("vague", {"sensitivity.value": 0.1, "specificity.value": 0.2})
    said = [one.says for one in judged(tallied(RECORD, {(1,): 60, (0,): 540}), worse)[1]]
    assert [one for one in said if "the record says nothing of the true share" in one]
    assert not [one for one in said if "the record means" in one]


def test_more_on_record_than_scans_leave_room_for_is_told():
    """All 600 are on record; of 100 scanned 14 are positive: at most 514 of 600, had every other a lesion."""
    cells = {(1, 1): 14, (1, 0): 86, (1, None): 500}
    told = [one.says for one in judged(patients((*RECORD, "reading_fdg_pet"), cells))[1]]
    assert any(
        one.startswith("600 of 600 patients are on record (99.4 to 100.0 %), but PET was read as") for one in told
    )
    fewer = patients((*RECORD, "reading_fdg_pet"), {(1, 1): 14, (0, 0): 86, (0, None): 500})
    assert not any("but PET was read" in one.says for one in judged(fewer)[1])


def test_what_is_itself_excluded_speaks_against_no_other_answer():
    """All are examined, so that `two_tests`, wrong by its strata, is excluded, and not set beside a belief."""
    cells = {(0, 1): (20, 20, 20), (0, 0): (4980, 4980, 480), (1, 1): (300, 300, 300), (1, 0): (1700, 1700, 300)}
    rows, support = judged(verified(cells), load_belief("vague"))
    assert rows["two_tests"].against == "underdiagnosis excluded by patients drawn at random"
    assert not any("two_tests" in row.against for row in rows.values())
    assert not any("two_tests" in one and "cannot both hold" in one for one in conflicting(support))


def test_what_meets_one_of_the_answers_of_patients_drawn_at_random_is_not_excluded():
    """Two claims rest on a random draw; one that is apart from the first and meets the second is in conflict only."""
    substudy, verified_one, believed = (next(e for e in CATALOGUE if e.name == name) for name in DRAWN_AND_BELIEVED)
    low = Claim(believed, "true share", 0.074, 0.127)
    found = conflicts([Claim(substudy, "true share", 0.138, 0.286), Claim(verified_one, "true share", 0.12, 0.26), low])
    assert found.excluded == ()
    assert [(a.estimator.name, b.estimator.name) for a, b in found.pairs] == [(believed.name, substudy.name)]


def test_a_share_that_is_none_is_marked():
    """(0.001 - 0.002) / 0.198 is below 0."""
    rows, _ = judged(tallied(RECORD, {(1,): 1, (0,): 999}), load_belief("clinical"))
    assert rows["corrected_prevalence"].answer.startswith(
        "true share -0.51 % (below 0, which no share is: read the limits, "
    )
    rows, _ = judged(tallied(RECORD, {(1,): 600, (0,): 400}), load_belief("clinical"))
    assert rows["corrected_prevalence"].answer.startswith(
        "true share 302.0 % (above 100 %, which no share is: data and belief contradict each other)"
    )


def test_methods_that_share_a_belief_are_told_as_one_witness():
    _, support = judged(tallied(RECORD, {(1,): 30, (0,): 970}), load_belief("clinical"))
    alone, together = (one.says for one in support)
    assert alone.startswith("Without a belief these data say nothing of the true share: a record does not tell")
    assert "the limits of 5 methods together; they are one witness" in together


@pytest.mark.parametrize(("belief", "read", "warned"), [
    ("pet_optimist", 0, True), ("pet_optimist", 300, True), ("pet_optimist", 950, False),
    ("clinical", 300, False), ("clinical", 950, True), ("vague", 950, False),
])  # fmt: skip
def test_a_belief_about_another_kind_of_record_is_told_by_whom_the_patients_were_scanned(belief, read, warned):
    strata = patients((*RECORD, "reading_fdg_pet"), {(1, 1): 5, (0, 0): max(read - 5, 0), (0, None): 1000 - read})
    assert bool(unsuited(load_belief(belief), strata)) == warned


def test_one_person_is_a_person():
    assert (shown(1.2, "people_unrecorded"), shown(2.0, "people_unrecorded")) == ("1 person", "2 people")


def test_a_remark_on_a_belief_leaves_alone_what_rests_on_none():
    """So that a report under two beliefs, of which one does not fit, holds what rests on neither once."""
    strata = patients((*RECORD, "reading_fdg_pet"), {(1, 1): 15, (0, 0): 85})
    told = [
        ask(CATALOGUE, strata, data="a table", question="underdiagnosis", belief=load_belief(name))
        for name in ("clinical", "pet_optimist")
    ]
    both = remarked(told[0], CATALOGUE, "does not fit") + told[1]
    assert both.one("imaged_prevalence:osseous_least:all").note == ""
    assert both.one("corrected_prevalence-clinical:osseous:all").note.endswith("does not fit")
    assert "does not fit" not in both.one("corrected_prevalence-pet_optimist:osseous:all").note

"""A cohort seen through groups: three backings, one set of counts, each found again by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sarcoid_epi.errors import DataError
from sarcoid_epi.strata import TallyStrata, by, published, replicated, whole

SEX, STAGE = ["female", "male"], ["0", "I", "II", "III", "IV"]

#: Six patients: sex, stage, bone on record, fever; None is missing.
SIX = [
    ("female", "I", True, None),
    ("female", "II", False, True),
    ("male", "I", None, False),
    ("male", None, False, False),
    ("female", "I", True, True),
    (None, "IV", False, False),
]


def table(rows):
    sex, stage, osseous, fever = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pd.DataFrame(
        {
            "sex": pd.Categorical(sex, categories=SEX),
            "scadding_stage": pd.Categorical(stage, categories=STAGE),
            "osseous_recorded": pd.array(osseous, dtype="boolean"),
            "fever": pd.array(fever, dtype="boolean"),
        }
    )


def coded(rows):
    """The same patients as whole numbers, one replicate."""
    at = {None: -1, True: 1, False: 0} | {level: n for levels in (SEX, STAGE) for n, level in enumerate(levels)}
    columns = np.array([[at[value] for value in row] for row in rows], dtype=np.int8).T
    return dict(zip(("sex", "scadding_stage", "osseous_recorded", "fever"), columns[:, None, :], strict=True))


def test_the_whole_cohort_is_one_stratum():
    strata = whole(table(SIX))
    assert strata.labels == ("all",)
    assert strata.n().tolist() == [6]
    assert [count.tolist() for count in strata.events("osseous_recorded")] == [[2], [5]]
    assert [count.tolist() for count in strata.events("fever")] == [[2], [5]]
    assert strata.n("fever").tolist() == [2]


def test_patients_whose_group_is_unknown_are_a_group_of_their_own():
    strata = by(table(SIX), "sex")
    assert strata.labels == ("sex=female", "sex=male", "sex=missing")
    assert strata.n().tolist() == [3, 2, 1]
    assert [count.tolist() for count in strata.events("osseous_recorded")] == [[2, 0, 0], [3, 1, 1]]
    assert [len(frame) for frame in strata.frames()] == [3, 2, 1]


def test_no_group_of_the_unknown_is_made_up():
    assert by(table(SIX[:5]), "sex").labels == ("sex=female", "sex=male")


def test_a_flag_makes_groups_of_no_and_yes():
    strata = by(table(SIX), "fever")
    assert strata.labels == ("fever=no", "fever=yes", "fever=missing")
    assert strata.n().tolist() == [3, 2, 1]


def test_a_level_without_a_patient_is_a_group_of_none():
    strata = by(table(SIX), "scadding_stage")
    assert strata.labels[3] == "scadding_stage=III"
    assert strata.n().tolist() == [0, 3, 1, 0, 1, 1]
    assert [count.tolist()[3] for count in strata.events("fever")] == [0, 0]


def test_a_table_leaves_out_whoever_misses_one_of_its_variables():
    strata = whole(table(SIX))
    assert strata.table("sex").tolist() == [[3, 2]]
    assert strata.table("sex", "osseous_recorded").tolist() == [[[1, 2], [1, 0]]]
    assert strata.table("sex", "scadding_stage").tolist() == [[[0, 2, 1, 0, 0], [0, 1, 0, 0, 0]]]


def test_a_table_of_three_variables_has_their_axes_in_the_order_asked():
    strata = by(table(SIX), "sex")
    one = strata.table("scadding_stage", "osseous_recorded", "fever")
    other = strata.table("fever", "scadding_stage", "osseous_recorded")
    assert one.shape == (3, 5, 2, 2)
    assert np.argwhere(one).tolist() == [[0, 1, 1, 1], [0, 2, 0, 1], [2, 4, 0, 0]]
    assert (other == np.moveaxis(one, 3, 1)).all()


def test_no_variable_gives_the_size_of_each_group():
    assert by(table(SIX), "sex").table().tolist() == [3, 2, 1]


def test_a_cohort_of_nobody_has_counts_of_zero():
    strata = whole(table([]))
    assert strata.n().tolist() == [0]
    assert strata.table("sex", "fever").sum() == 0
    assert by(table([]), "sex").n().tolist() == [0, 0]


@pytest.mark.parametrize(
    "flags",
    [
        pd.array([1, 0, None, 1], dtype="Int8"),
        np.array([1, 0, np.nan, 1]),
        np.array([True, False, None, True], dtype=object),
        pd.array([True, False, None, True], dtype="boolean"),
    ],
    ids=["Int8", "float", "object", "boolean"],
)
def test_a_flag_is_counted_whatever_type_it_came_in(flags):
    strata = whole(pd.DataFrame({"fever": flags}))
    assert [count.tolist() for count in strata.events("fever")] == [[2], [3]]


@pytest.mark.parametrize("column", ["osseous_recorded", "fever"])
def test_array_and_tally_and_frame_count_the_same_with_missing_values(column):
    frame, arrays = whole(table(SIX)), replicated(coded(SIX))
    assert [c.tolist() for c in frame.events(column)] == [c.tolist() for c in arrays.events(column)]
    tally = TallyStrata(("all",), ((column, ("no", "yes")),), frame.table(column))
    assert [c.tolist() for c in frame.events(column)] == [c.tolist() for c in tally.events(column)]


PATIENTS = st.tuples(
    st.sampled_from([*SEX, None]),
    st.sampled_from([*STAGE, None]),
    st.sampled_from([True, False, None]),
    st.sampled_from([True, False, None]),
)
COMPLETE = st.tuples(st.sampled_from(SEX), st.sampled_from(STAGE), st.booleans(), st.booleans())
COLUMNS = ("sex", "scadding_stage", "osseous_recorded", "fever")


def brute(frame, group, columns):
    """Counts by pandas' own grouping, unknown levels of the variables left out."""
    plain = frame.astype(object).where(frame.notna(), None)
    labels = {"sex": SEX, "scadding_stage": STAGE, "osseous_recorded": [False, True], "fever": [False, True]}
    groups = [*labels[group], None] if group else [...]
    counts = np.zeros([len(groups), *(len(labels[column]) for column in columns)], dtype=int)
    for _, row in plain.iterrows():
        if all(row[column] is not None for column in columns):
            cell = [groups.index(row[group] if group else ...), *(labels[c].index(row[c]) for c in columns)]
            counts[tuple(cell)] += 1
    return counts


@settings(max_examples=60, deadline=None)
@given(
    st.lists(PATIENTS, max_size=12),
    st.sampled_from([*COLUMNS, ""]),
    st.lists(st.sampled_from(COLUMNS), unique=True, max_size=3),
)
def test_counts_equal_those_found_patient_by_patient(rows, group, columns):
    frame = table(rows)
    strata = by(frame, group) if group else whole(frame)
    wanted = brute(frame, group, columns)
    assert (strata.table(*columns) == wanted[: len(strata.labels)]).all()
    assert wanted[len(strata.labels) :].sum() == 0
    assert strata.n().tolist() == [len(part) for part in strata.frames()]
    for flag in ("fever", "osseous_recorded"):
        events, known = strata.events(flag)
        assert events.tolist() == [int(part[flag].sum()) for part in strata.frames()]
        assert known.tolist() == [int(part[flag].notna().sum()) for part in strata.frames()]


@settings(max_examples=60, deadline=None)
@given(st.lists(PATIENTS, min_size=1, max_size=12), st.lists(st.sampled_from(COLUMNS), unique=True, max_size=3))
def test_a_replicate_is_just_a_stratum(rows, columns):
    frame, arrays = whole(table(rows)), replicated(coded(rows))
    assert (frame.table(*columns) == arrays.table(*columns)).all()
    assert frame.n().tolist() == arrays.n().tolist()
    assert frame.n("fever").tolist() == arrays.n("fever").tolist()
    assert [frame.levels(c) for c in COLUMNS] == [arrays.levels(c) for c in COLUMNS]
    pd.testing.assert_frame_equal(next(arrays.frames()), table(rows))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(COMPLETE, min_size=1, max_size=12),
    st.lists(st.sampled_from(COLUMNS), unique=True, max_size=3),
    st.permutations(COLUMNS),
)
def test_tallies_of_a_complete_cohort_count_like_its_patients(rows, columns, order):
    frame = whole(table(rows))
    tally = TallyStrata(("all",), tuple((c, frame.levels(c)) for c in order), frame.table(*order))
    assert (frame.table(*columns) == tally.table(*columns)).all()
    assert frame.n().tolist() == tally.n().tolist()
    assert frame.n("fever").tolist() == tally.n("fever").tolist()
    assert frame.columns == tally.columns


def test_replicates_are_groups_in_order():
    strata = replicated({"fever": np.array([[1, 0, -1], [1, 1, 0]]), "cough": np.array([[True, False, True]] * 2)})
    assert strata.labels == ("replicate=0", "replicate=1")
    assert strata.n().tolist() == [3, 3]
    assert [count.tolist() for count in strata.events("fever")] == [[1, 2], [2, 3]]
    assert strata.table("fever", "cough").tolist() == [[[1, 0], [0, 1]], [[0, 1], [1, 1]]]
    assert strata.n("cough").tolist() == [2, 2]


def test_replicates_count_more_levels_than_a_byte_holds():
    strata = replicated({"centre": np.arange(300)[None, :]})
    assert strata.table("centre").tolist() == [[1] * 300]


def test_published_series_are_levels_of_study():
    strata = published(["a", "b"], [1, 20], [10, 2013], "osseous_recorded")
    assert strata.columns == {"study", "osseous_recorded"}
    assert strata.levels("study") == ("a", "b")
    assert strata.table("study", "osseous_recorded").tolist() == [[[9, 1], [1993, 20]]]
    assert [count.tolist() for count in strata.events("osseous_recorded")] == [[21], [2023]]


def test_published_counts_that_cannot_be_are_refused():
    with pytest.raises(DataError, match="b: 5 events in 4 patients"):
        published(["a", "b"], [1, 5], [10, 4], "osseous_recorded")
    with pytest.raises(DataError, match="2 series with 1 events and 2 n"):
        published(["a", "b"], [1], [10, 4], "osseous_recorded")


def test_tallies_have_no_patients_to_hand_out():
    with pytest.raises(DataError, match="these are tallies, not patients"):
        published(["a"], [1], [2], "fever").frames()


def refused(ask):
    with pytest.raises(DataError) as caught:
        ask()
    return str(caught.value)


BACKINGS = {
    "frame": whole(table(SIX)),
    "arrays": replicated(coded(SIX)),
    "tallies": TallyStrata(("all",), (("sex", tuple(SEX)), ("fever", ("no", "yes"))), np.ones((1, 2, 2), dtype=int)),
}


@pytest.mark.parametrize("backing", BACKINGS)
def test_a_column_that_is_not_there_is_refused_with_the_near_one(backing):
    strata = BACKINGS[backing]
    for ask in (strata.events, strata.table, strata.levels, strata.n):
        assert "unknown column 'fevr'; did you mean 'fever'?" in refused(lambda ask=ask: ask("fevr"))


@pytest.mark.parametrize("backing", BACKINGS)
def test_events_of_a_category_are_refused(backing):
    strata = BACKINGS[backing]
    for ask in (strata.events, strata.n):
        assert "'sex' is no flag" in refused(lambda ask=ask: ask("sex"))


def test_a_number_has_no_levels_to_count():
    frame = pd.DataFrame({"age_at_diagnosis": [31.0, 45.0], "sex": ["female", "male"]})
    assert "'age_at_diagnosis' has no levels to count" in refused(lambda: by(frame, "age_at_diagnosis"))
    assert "'age_at_diagnosis' has no levels" in refused(lambda: whole(frame).table("age_at_diagnosis"))
    assert "'sex' has no levels to count; name a flag or a category" in refused(lambda: by(frame, "sex"))
    ages = replicated({"age_at_diagnosis": np.array([[31, 45]])})
    assert "'age_at_diagnosis' has no levels to count" in refused(lambda: ages.table("age_at_diagnosis"))
    assert "unknown column 'sexx'; did you mean 'sex'?" in refused(lambda: by(frame, "sexx"))


def test_a_flag_of_three_values_is_refused_and_not_counted_elsewhere():
    frame = pd.DataFrame({"fever": [0, 1, 2]})
    assert "'fever' holds more than yes and no" in refused(lambda: whole(frame).events("fever"))

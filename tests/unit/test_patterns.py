"""Values that patients have together, with counts: the same however the cohort is held."""

import numpy as np
import pandas as pd
import pytest

from sarcoid_epi.strata import TallyStrata, _ranks, by, replicated, whole

FRAME = pd.DataFrame(
    {
        "sex": pd.Categorical(["female", "male", "male", "female", None], categories=["female", "male"]),
        "osseous_recorded": pd.array([True, False, False, True, True], dtype="boolean"),
        "serum_calcium_mmol_l": [2.3, 2.4, 2.4, np.nan, 2.5],
    }
)


def told(patterns, group=0):
    values = patterns.values if patterns.values.ndim == 2 else patterns.values[group]
    return {tuple(row): int(n) for row, n in zip(values, patterns.counts[group], strict=True) if n}


def test_patterns_count_patients_and_leave_out_those_with_a_missing_value():
    assert told(whole(FRAME).patterns("sex", "osseous_recorded")) == {(0, 1): 2, (1, 0): 2}
    assert told(whole(FRAME).patterns("sex", "serum_calcium_mmol_l")) == {(0, 2.3): 1, (1, 2.4): 2}


def test_groups_have_the_patterns_of_their_own_patients():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"hypercalcaemia": rng.random(400) < 0.3, "serum_calcium_mmol_l": rng.random(400)})
    frame["centre"] = pd.Categorical.from_codes(rng.integers(0, 8, 400), list("abcdefgh"))
    groups = by(frame, "centre")
    found = groups.patterns("hypercalcaemia", "serum_calcium_mmol_l")
    assert found.values.shape == (8, groups.n().max(), 2)
    for number, one in enumerate(groups.frames()):
        assert told(found, number) == told(whole(one).patterns("hypercalcaemia", "serum_calcium_mmol_l"))


def test_replicates_and_tallies_give_the_patterns_of_their_patients():
    arrays = {"lofgren_broad": np.array([[1, 0, 0], [1, 1, -1]]), "fever": np.array([[1, 0, 0], [0, 0, 1]])}
    assert told(replicated(arrays).patterns("lofgren_broad", "fever"), 0) == {(1, 1): 1, (0, 0): 2}
    assert told(replicated(arrays).patterns("lofgren_broad", "fever"), 1) == {(1, 0): 2}
    tallies = TallyStrata(
        ("all",), (("fever", ("no", "yes")), ("sex", ("female", "male"))), np.array([[[4, 0], [1, 2]]])
    )
    assert told(tallies.patterns("sex", "fever")) == {(0, 0): 4, (0, 1): 1, (1, 1): 2}


def test_nobody_has_no_pattern():
    assert whole(FRAME.iloc[:0]).patterns("sex", "serum_calcium_mmol_l").counts.sum() == 0


def test_a_date_is_its_day_and_a_number_below_nought_is_a_number():
    """The first of March 2020 is day 18 322 from the beginning of 1970."""
    frame = pd.DataFrame(
        {
            "lofgren_broad": [True, True, False],
            "onset_date": pd.to_datetime(["2020-03-01", None, "1969-12-31"]),
            "bmd_t_score": [-1.5, -1.5, 0.5],
        }
    )
    assert told(whole(frame).patterns("lofgren_broad", "onset_date")) == {(1, 18322): 1, (0, -1): 1}
    dates = frame["onset_date"].to_numpy().astype("datetime64[D]")[None]
    held = replicated(
        {"lofgren_broad": np.array([[1, 1, 0]]), "onset_date": dates, "bmd_t_score": np.array([[-1.5, -1.5, 0.5]])}
    )
    assert told(held.patterns("lofgren_broad", "onset_date")) == {(1, 18322): 1, (0, -1): 1}
    assert told(held.patterns("bmd_t_score")) == {(-1.5,): 2, (0.5,): 1}


def test_everything_may_be_lacking():
    found = whole(FRAME).patterns("sex", "serum_calcium_mmol_l", lacking=("sex", "serum_calcium_mmol_l"))
    assert found.counts.sum() == len(FRAME)
    assert np.isnan(found.values).sum() == 2


@pytest.mark.parametrize(
    "values",
    [
        [[3.0, -2.0], [1.0, 0.0], [3.0, -2.0], [-0.0, 0.5], [0.0, 0.5]],  # narrow whole numbers, and others
        [[np.nan, 1e300], [1.0, -1e300], [np.nan, 1e300], [2.0, np.nan]],  # missing values, wide numbers
        [[np.inf, 1.0], [-np.inf, 1.0], [np.inf, 1.0]],
        np.empty((0, 2)),
    ],
)
def test_distinct_rows_are_numbered_in_their_order(values):
    """As by sorting, of which there is none where numbers are whole and lie close together."""
    rows = np.array(values)
    kept = sorted(
        {tuple(str(x + 0.0) for x in row) for row in rows}, key=lambda row: [(x == "nan", float(x)) for x in row]
    )
    rank, size = _ranks(rows)
    assert size == len(kept)
    assert rank.tolist() == [kept.index(tuple(str(x + 0.0) for x in row)) for row in rows]


def test_many_patients_are_counted_as_a_frame_counts_them():
    rng = np.random.default_rng(3)
    n = 20_000
    frame = pd.DataFrame({"n_organs": rng.integers(1, 9, n), "serum_calcium_mmol_l": rng.normal(2.4, 0.1, n).round(2)})
    frame["hypercalcaemia"] = pd.array(rng.random(n) < 0.1, dtype="boolean")
    found = told(whole(frame).patterns("hypercalcaemia", "n_organs", "serum_calcium_mmol_l"))
    by_pandas = frame.groupby(["hypercalcaemia", "n_organs", "serum_calcium_mmol_l"]).size()
    assert found == {(float(a), float(b), c): int(k) for (a, b, c), k in by_pandas.items()}

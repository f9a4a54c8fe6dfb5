"""Answers as data: they add without loss, come back from disk as they went, and print as a reader wants."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.results import (
    ESTIMATE_COLUMNS,
    RUN_COLUMNS,
    Estimate,
    Estimates,
    Run,
    is_share,
    percent,
    read,
    sentence,
    shown,
    to_csv,
)

NAN = float("nan")
RUN = Run("bone", "recorded_osseous", "recorded", "On record", "wilson1927", "counts of six", "none", "six", "1.0")
TWO = Estimate("bone", "osseous_recorded", "all", NAN, 2 / 6, 0.19245009, 0.0967714, 0.7000067, 0.95, 6, 2, "")
NONE = replace(
    TWO, group="sex=male", estimate=NAN, std_error=NAN, conf_low=NAN, conf_high=NAN, n=0, events=0, note="nobody"
)
AGE = Estimate("age", "age_at_diagnosis", "2010", NAN, 42.5, 4.9, 32.9, 52.1, 0.95, 6, NAN, "")
AGE_RUN = replace(RUN, run="age", label="Mean")
BOTH = Estimates((TWO, NONE), (RUN,)) + Estimates((AGE,), (AGE_RUN,))


def same(one, other):
    """Equal, with NaN equal to itself and whole numbers equal to floats."""
    pd.testing.assert_frame_equal(one.frame(), other.frame(), check_exact=True)
    pd.testing.assert_frame_equal(one.run_frame(), other.run_frame())


def test_adding_joins_rows_and_runs_in_order():
    assert [row.id for row in BOTH.rows] == [
        "bone:osseous_recorded:all", "bone:osseous_recorded:sex=male", "age:age_at_diagnosis:2010",
    ]  # fmt: skip
    assert [run.run for run in BOTH.runs] == ["bone", "age"]


def test_adding_the_same_again_changes_nothing_even_where_nothing_could_be_estimated():
    again = Estimates((replace(TWO), replace(NONE, estimate=np.float64("nan") * 1.0)), (replace(RUN),))
    twice = Estimates((TWO, NONE), (RUN,)) + again
    assert len(twice.rows) == 2
    same(twice, Estimates((TWO, NONE), (RUN,)))
    same(Estimates((), ()) + BOTH + Estimates((), ()), BOTH)


def test_two_different_runs_of_one_name_are_refused():
    with pytest.raises(ConfigurationError, match="two different runs are both called 'bone'"):
        _ = BOTH + Estimates((), (replace(RUN, data="seven"),))


def test_two_different_numbers_of_one_name_are_refused_and_none_is_dropped():
    with pytest.raises(ConfigurationError, match="two different estimates are both called 'bone:osseous_recorded:all'"):
        _ = BOTH + Estimates((replace(TWO, estimate=0.5),), (RUN,))


def test_estimates_at_several_times_are_several_estimates():
    later = [replace(TWO, time=year) for year in (1.0, 5.0, 2.5)]
    total = Estimates((later[0],), (RUN,)) + Estimates((later[1], later[2]), (RUN,))
    assert [row.id for row in total.rows] == [f"bone:osseous_recorded:all:{year}" for year in ("1", "5", "2.5")]
    assert total.one("bone:osseous_recorded:all:2.5").time == 2.5


def test_rows_are_chosen_by_run_and_group_and_bring_their_runs():
    assert [row.id for row in BOTH.of("age").rows] == ["age:age_at_diagnosis:2010"]
    assert [run.run for run in BOTH.of("age").runs] == ["age"]
    assert [row.group for row in BOTH.of(group="all").rows] == ["all"]
    assert BOTH.of("age", group="all") == Estimates((), ())
    assert BOTH.of() == BOTH


def test_one_estimate_is_found_by_its_address():
    assert BOTH.one("age:age_at_diagnosis:2010") is AGE
    with pytest.raises(ConfigurationError, match="unknown estimate 'age:age_at_diagnosis:201'; did you mean"):
        BOTH.one("age:age_at_diagnosis:201")
    with pytest.raises(ConfigurationError, match="unknown estimate 'x'; known: age:age_at"):
        BOTH.one("x")


def test_results_come_back_from_disk_as_they_went(tmp_path):
    paths = BOTH.write(tmp_path)
    assert [path.name for path in paths] == ["estimates.csv", "runs.csv"]
    back = read(tmp_path)
    assert back.rows[2].group == "2010"
    assert back.runs[0].package_version == "1.0"
    same(back, Estimates(tuple(replace(row, estimate=float(f"{row.estimate:.8g}")) for row in BOTH.rows), BOTH.runs))
    back.write(tmp_path / "again")
    for name in ("estimates.csv", "runs.csv"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_no_results_come_back_as_none(tmp_path):
    Estimates((), ()).write(tmp_path)
    assert read(tmp_path) == Estimates((), ())
    assert (tmp_path / "estimates.csv").read_text() == ",".join(ESTIMATE_COLUMNS) + "\n"


def test_notes_with_separators_quotes_and_line_ends_come_back(tmp_path):
    odd = 'nobody, says "Löfgren";\nNA'
    Estimates((replace(NONE, note=odd), replace(TWO, group="NA")), (RUN,)).write(tmp_path)
    assert [(row.note, row.group) for row in read(tmp_path).rows] == [(odd, "sex=male"), ("", "NA")]


def test_files_hold_eight_digits_and_plain_line_ends_and_empty_fields_for_what_is_unknown(tmp_path):
    Estimates((replace(TWO, estimate=1 / 3), NONE, AGE), (RUN,)).write(tmp_path)
    lines = (tmp_path / "estimates.csv").read_bytes().decode().split("\n")
    assert lines[0] == "run,term,group,time,estimate,std_error,conf_low,conf_high,conf_level,n,events,note"
    assert lines[1] == "bone,osseous_recorded,all,,0.33333333,0.19245009,0.0967714,0.7000067,0.95,6,2,"
    assert lines[2] == "bone,osseous_recorded,sex=male,,,,,,0.95,0,0,nobody"
    assert lines[3].endswith(",0.95,6,,")
    assert lines[4:] == [""]
    assert (tmp_path / "runs.csv").read_text().splitlines()[0] == ",".join(RUN_COLUMNS)


def test_small_numbers_keep_eight_digits():
    assert to_csv(pd.DataFrame({"x": [0.000123456789012, 123456789.0]})) == "x\n0.00012345679\n1.2345679e+08\n"


def test_counts_are_whole_numbers_in_the_table_and_missing_where_unknown():
    table = BOTH.frame()
    assert table["n"].dtype == "Int64"
    assert table["events"].isna().tolist() == [False, False, True]


def test_a_folder_without_results_is_a_sentence(tmp_path):
    with pytest.raises(ConfigurationError, match=r"there is no file '.*estimates\.csv'; name the folder of a report"):
        read(tmp_path)
    for text in (
        "",
        "a,b\n1,2\n",
        "run,term,group,time,estimate,std_error,conf_low,conf_high,conf_level,n,events,note\n" + "x," * 11,
    ):
        (tmp_path / "estimates.csv").write_text(text)
        (tmp_path / "runs.csv").write_text("")
        with pytest.raises(ConfigurationError, match="does not hold results"):
            read(tmp_path)


@pytest.mark.parametrize(
    ("value", "term", "text"),
    [
        (0.0054, "osseous_recorded", "0.54 %"),
        (0.14123, "sex=female", "14.1 %"),
        (0.0, "lung", "0.0 %"),
        (1.0, "underdiagnosis", "100.0 %"),
        (NAN, "lung", "–"),
        (42.531, "age_at_diagnosis", "42.53 years"),
        (2.3456, "serum_calcium_mmol_l", "2.346 mmol/l"),
        (3.0, "n_organs", "3"),
        (0.51234, "tau", "0.5123"),
    ],
)
def test_a_number_is_shown_in_per_cent_or_in_its_unit(value, term, text):
    assert shown(value, term) == text


def test_only_numbers_of_the_vocabulary_are_no_shares():
    assert not is_share("age_at_diagnosis")
    assert not is_share("tau")
    assert is_share("lofgren_broad")
    assert is_share("sex=female")
    assert percent(0.00999) == "1.00 %"
    assert percent(0.01) == "1.0 %"


def test_an_estimate_prints_as_the_sentence_a_reader_wants():
    assert sentence(TWO, RUN) == (
        "On record: Osseous sarcoidosis on record: 2 of 6; 33.3 % (95% limits 9.7 % to 70.0 %); rests on counts of six"
    )
    assert sentence(replace(TWO, group="sex=male"), RUN).startswith(
        "On record: Osseous sarcoidosis on record, sex=male: 2 "
    )
    assert sentence(AGE, AGE_RUN) == (
        "Mean: Age at diagnosis, 2010: n = 6; 42.5 years (95% limits 32.9 years to 52.1 years); rests on counts of six"
    )


def test_what_cannot_be_estimated_prints_why():
    assert "0 of 0; not estimable [nobody]; rests on" in sentence(NONE, RUN)
    silent = replace(NONE, n=NAN, events=NAN)
    assert sentence(silent, RUN).startswith(
        "On record: Osseous sarcoidosis on record, sex=male: not estimable [nobody]"
    )


def test_results_print_one_sentence_a_row():
    assert str(BOTH).splitlines() == [sentence(TWO, RUN), sentence(NONE, RUN), sentence(AGE, AGE_RUN)]

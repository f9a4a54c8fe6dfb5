"""The check of a patient table: every mistake is told with column, row and mend, and no value is shown."""

import numpy as np
import pandas as pd
import pytest

from sarcoid_epi.errors import ConfigurationError, DataError, SarcoidEpiError
from sarcoid_epi.patients import check, read_patients
from sarcoid_epi.patients.checking import OUTSIDE
from sarcoid_epi.vocabulary import PATIENT

HEADER = "patient_id,sex,age_at_diagnosis,osseous_recorded,serum_calcium_mmol_l,diagnosis_date,scadding_stage,fever\n"
ROWS = """\
1,female,31,0,2.34,2001-05-31,I,1
2,male,45,1,2.71,1999-12-01,II,0
3,female,62,,,,,
4,female,28,0,2.2,2010-02-28,I,0
5,male,50,0,2.41,2005-07-15,IV,1
6,male,39,1,2.39,2012-02-29,0,0
"""
SIX = HEADER + ROWS


def written(folder, text, name="own.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def stops(path, mapping=None):
    """What must be mended, as it is printed."""
    return [str(issue) for issue in check(path, mapping).issues if issue.verdict == "stop"]


def refusal(path):
    with pytest.raises(SarcoidEpiError) as caught:
        check(path)
    return str(caught.value)


def test_six_sound_patients_pass_with_what_is_missing_told(tmp_path):
    checked = check(written(tmp_path, SIX))
    assert checked.verdict == "warn"
    told = {issue.column: (issue.n, issue.of) for issue in checked.issues if issue.found == "missing"}
    columns = ("osseous_recorded", "serum_calcium_mmol_l", "diagnosis_date", "scadding_stage", "fever")
    assert told == dict.fromkeys(columns, (1, 6))


def test_a_table_with_every_column_and_nothing_missing_passes(tmp_path):
    one = {"identifier": "1", "category": "a", "flag": "1", "integer": "5", "date": "2001-01-01"}
    header = ",".join(v.name for v in PATIENT)
    # A number stands at the lowest that is plausible of it.
    row = ",".join(v.levels[0] if v.levels else one.get(v.kind, str(v.low)) for v in PATIENT)
    checked = check(written(tmp_path, f"{header}\n{row}\n"))
    assert (checked.verdict, checked.issues) == ("pass", ())


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("2,male,45", "2,male,fortyfive", "age_at_diagnosis: not a whole number, first in row 2 (1 of 6 rows); write"),
        ("2,male,45", "2,male,45.5", "age_at_diagnosis: not a whole number, first in row 2 (1 of 6 rows)"),
        ("2,male,45", "2,male,45y", "age_at_diagnosis: not a whole number"),
        ("2,male,45", "2,male,222", "age_at_diagnosis: above 120 years, first in row 2 (1 of 6 rows)"),
        ("2,male,45", "2,male,-1", "age_at_diagnosis: below 0 years, first in row 2"),
        ("2,male", "2,mäle", "sex: not one of its levels, first in row 2 (1 of 6 rows); write one of female, male"),
        ("2,male", "2,Kvinna", "sex: not one of its levels"),
        (",2.71,", ",12,", "serum_calcium_mmol_l: above 6 mmol/l, first in row 2 (1 of 6 rows); correct the values"),
        (",2.71,", ",<2.5,", "serum_calcium_mmol_l: not a number, first in row 2 (1 of 6 rows); write plain numbers"),
        (",2.71,", ',"1.234,5",', "serum_calcium_mmol_l: not a number"),
        (",2.71,", ',"2,71",', "serum_calcium_mmol_l: not a number"),
        (",2.71,", ",2_0,", "serum_calcium_mmol_l: not a number"),
        (",2.71,", ",inf,", "serum_calcium_mmol_l: not a number"),
        (",2.71,", ",1e999,", "serum_calcium_mmol_l: not a number"),
        (",2.71,", ",٢,", "serum_calcium_mmol_l: not a number"),
        ("1999-12-01", "01.12.1999", "diagnosis_date: not a date, first in row 2 (1 of 6 rows); write YYYY-MM-DD"),
        ("1999-12-01", "1999-13-01", "diagnosis_date: not a date"),
        ("1999-12-01", "1999-02-29", "diagnosis_date: not a date"),
        ("1999-12-01", "19991201", "diagnosis_date: not a date"),
        ("1999-12-01", "9999-12-31", "diagnosis_date: not a date"),
        ("1999-12-01", "1999-12-01 14:30", "diagnosis_date: not a date"),
        (",II,", ",2,", "scadding_stage: not one of its levels, first in row 2 (1 of 6 rows); write one of 0, I"),
        (",II,0", ",II,2", "fever: neither yes nor no, first in row 2 (1 of 6 rows); write 1 or 0"),
        (",II,0", ",II,ja", "fever: neither yes nor no"),
        ("\n2,", "\n,", "patient_id: no identifier, first in row 2 (1 of 6 rows); give every patient one"),
        ("\n2,", "\n1,", "patient_id: used more than once, first in row 1 (2 of 6 rows); one row for each patient"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_by_column_and_row_and_never_shown(tmp_path, right, wrong, said):
    assert SIX.count(right) == 1
    told = stops(written(tmp_path, SIX.replace(right, wrong)))
    assert len(told) == 1
    assert told[0].startswith(said)
    value = wrong.strip(",\n").split(",")[-1].strip('"')
    if len(value) > 2:
        everything = " ".join(str(issue) for issue in check(tmp_path / "own.csv").issues)
        assert value not in everything


def test_reading_refuses_with_every_reason_at_once(tmp_path):
    path = written(tmp_path, SIX.replace("2,male,45", "2,man,old").replace("2.71", "much"))
    with pytest.raises(DataError) as caught:
        read_patients(path)
    assert len(caught.value.problems) == 3
    assert all(problem.where == "own.csv" for problem in caught.value.problems)
    assert caught.value.exit_code == 3


def test_thousands_separators_are_refused_in_a_table_with_decimal_commas(tmp_path):
    text = SIX.replace(",", ";").replace("2.71", "1.234,5")
    assert [line[:33] for line in stops(written(tmp_path, text))] == ["serum_calcium_mmol_l: not a numbe"]


def test_an_upper_case_near_miss_in_a_decimal_comma_table_is_no_number(tmp_path):
    text = SIX.replace(",", ";").replace("2.71", "2,7,1")
    assert "serum_calcium_mmol_l: not a number, first in row 2" in stops(written(tmp_path, text))[0]


def test_a_missing_required_column_is_told_with_the_near_name(tmp_path):
    told = stops(written(tmp_path, SIX.replace("osseous_recorded", "osseous_recoded")))
    assert told == [
        "osseous_recorded: the column is missing; add it, empty where nothing is known; did you mean 'osseous_recoded'?"
    ]


def test_an_unknown_column_is_ignored_with_a_word_and_the_near_name(tmp_path):
    checked = check(written(tmp_path, SIX.replace("fever", "fevr").replace("scadding_stage", "xyz")))
    told = {issue.column: (issue.verdict, issue.follows) for issue in checked.issues if "codebook" in issue.found}
    assert told == {
        "fevr": ("warn", "ignored; did you mean 'fever'?"),
        "xyz": ("warn", OUTSIDE),
    }
    assert "fevr" not in checked.frame


def test_truth_in_a_patient_table_is_ignored(tmp_path):
    checked = check(written(tmp_path, SIX.replace(",fever", ",osseous")))
    assert "osseous" not in checked.frame
    assert any(issue.column == "osseous" and issue.verdict == "warn" for issue in checked.issues)


def test_optional_columns_that_are_absent_are_named(tmp_path):
    found = [issue.found for issue in check(written(tmp_path, SIX)).issues if issue.column == "table"]
    assert found == [
        f"no column centre, ancestry, age_at_onset, onset_date, study_date, era and {len(PATIENT) - 8 - 6} more"
    ]


def test_a_column_name_that_is_there_twice_is_refused(tmp_path):
    assert "own.csv: column 'sex' is there twice" in refusal(written(tmp_path, SIX.replace(",fever", ",sex")))
    assert "column 'sex' is there twice" in refusal(written(tmp_path, SIX.replace(",fever", ", sex ")))


def test_a_nameless_column_is_ignored_with_a_word(tmp_path):
    text = "".join(f"{n if n else ''},{line}\n" for n, line in enumerate(SIX.splitlines()))
    checked = check(written(tmp_path, text))
    assert len(checked.frame.columns) == 8
    assert [issue.column for issue in checked.issues if "codebook" in issue.found] == ["column 1 (without a name)"]


def test_a_table_without_a_header_is_refused_and_its_first_patient_not_shown(tmp_path):
    path = written(tmp_path, ROWS.replace("1,female,31", "19800101-1234,female,31"))
    told = [str(issue) for issue in check(path).issues]
    assert told[0].startswith("table: no column is in the codebook; give the names of the codebook as first row")
    assert "19800101" not in " ".join(told)
    assert check(path).verdict == "stop"


@pytest.mark.parametrize("text", ["", "\n\n", " \n"])
def test_an_empty_file_is_refused(tmp_path, text):
    assert refusal(written(tmp_path, text)).startswith("own.csv: is empty")


def test_a_header_alone_is_told_as_no_patients(tmp_path):
    assert stops(written(tmp_path, HEADER)) == ["table: there are no patients; give at least one row"]


def test_an_empty_parquet_table_is_told_as_no_patients(tmp_path):
    pd.DataFrame({"patient_id": [], "sex": [], "age_at_diagnosis": [], "osseous_recorded": []}).to_parquet(
        tmp_path / "own.parquet"
    )
    assert stops(tmp_path / "own.parquet") == ["table: there are no patients; give at least one row"]


def test_one_patient_is_a_table(tmp_path):
    frame = read_patients(written(tmp_path, HEADER + ROWS.splitlines()[0]))
    assert frame["age_at_diagnosis"].tolist() == [31]


def test_a_column_that_is_all_missing_says_that_nothing_can_be_said(tmp_path):
    path = written(tmp_path, HEADER + "".join(f"{n},male,40,,,,,\n" for n in range(6)))
    found = {issue.column: issue for issue in check(path).issues}
    assert found["osseous_recorded"].found == "all missing"
    assert found["osseous_recorded"].follows == "nothing can be said about it"
    frame = read_patients(path)
    assert frame["osseous_recorded"].dtype == "boolean"
    assert frame["diagnosis_date"].dtype == "datetime64[s]"
    assert frame["scadding_stage"].cat.categories.tolist() == ["0", "I", "II", "III", "IV"]


def test_missing_identifiers_are_not_also_told_as_duplicates(tmp_path):
    text = SIX.replace("\n2,", "\n,").replace("\n3,", "\nNA,")
    assert [line.partition(",")[0] for line in stops(written(tmp_path, text))] == ["patient_id: no identifier"]


def test_a_row_with_too_many_fields_is_refused_and_named(tmp_path):
    assert "own.csv: row 2 has 9 fields, the header 8; give" in refusal(
        written(tmp_path, SIX.replace(",II,0", ",II,0,0"))
    )


def test_rows_that_all_have_too_many_fields_are_refused(tmp_path):
    text = HEADER + "".join(f"{row},9\n" for row in ROWS.splitlines())
    assert "own.csv: row 1 has 9 fields, the header 8" in refusal(written(tmp_path, text))


def test_a_row_cut_short_is_refused_and_not_taken_for_missing_values(tmp_path):
    said = refusal(written(tmp_path, SIX.replace("5,male,50,0,2.41,2005-07-15,IV,1", "5,male,50,0")))
    assert said.startswith("own.csv: row 5 has 4 fields, the header 8; give every row all its separators")


def test_an_open_quote_is_refused(tmp_path):
    assert "row 2 has 5 fields, the header 8" in refusal(written(tmp_path, SIX.replace("2.71", '"2.71')))


def test_a_file_in_another_encoding_is_refused_with_the_mend(tmp_path):
    for encoding in ("latin-1", "utf-16"):
        path = written(tmp_path, SIX.replace("xyz", "å").replace("fever", "fåver"), encoding=encoding)
        assert refusal(path) == "own.csv: is not UTF-8 text; save it as CSV UTF-8."


def test_a_file_that_is_not_what_its_ending_says_is_refused(tmp_path):
    assert "own.parquet: cannot be read as Parquet" in refusal(written(tmp_path, SIX, "own.parquet"))
    assert str(tmp_path) not in refusal(tmp_path / "own.parquet")
    assert "'own.xlsx' is of no known kind; give a .csv" in refusal(written(tmp_path, SIX, "own.xlsx"))
    assert "'own' is of no known kind" in refusal(written(tmp_path, SIX, "own"))


def test_a_path_that_leads_nowhere_or_to_a_folder_is_a_sentence(tmp_path):
    assert "there is no file 'nowhere.csv'" in refusal("nowhere.csv")
    assert "cannot be read" in refusal("x" * 5000 + ".csv")
    assert "is a folder; give the path" in refusal(tmp_path)
    written(tmp_path, SIX, "patients.parquet")
    assert f"is a folder; did you mean '{tmp_path / 'patients.parquet'}'?" in refusal(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        check(tmp_path)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("osseous_recorded", [0, 1, 2, 0, 0, 1], "osseous_recorded: neither yes nor no, first in row 3"),
        ("osseous_recorded", [0.0, 0.5, np.nan, 0, 0, 1], "osseous_recorded: neither yes nor no, first in row 2"),
        ("age_at_diagnosis", [31, 45, 62, 28, 50, 39.5], "age_at_diagnosis: not a whole number, first in row 6"),
        ("age_at_diagnosis", [31, 45, np.inf, 28, 50, 39], "age_at_diagnosis: not a whole number, first in row 3"),
        ("age_at_diagnosis", pd.to_datetime(["2001-01-01"] * 6), "age_at_diagnosis: not a whole number"),
        ("age_at_diagnosis", [True] * 6, "age_at_diagnosis: not a whole number, first in row 1"),
        ("onset_date", [20010101] * 6, "onset_date: not a date, first in row 1"),
        ("onset_date", np.array(["9999-12-31"] * 6, "datetime64[s]"), "onset_date: not a date, first in row 1"),
        ("sex", [1, 2, 1, 2, 1, 2], "sex: not one of its levels, first in row 1"),
        ("sex", [["female"]] * 6, "sex: not one of its levels, first in row 1"),
        ("sex", [{"f": 1}] * 6, "sex: not one of its levels, first in row 1"),
        ("patient_id", [1, 2, 3, np.nan, 5, 6], "patient_id: no identifier, first in row 4"),
        ("patient_id", [1, 2, 3, 3, 5, 6], "patient_id: used more than once, first in row 3"),
    ],
)  # fmt: skip
def test_a_wrong_type_in_parquet_is_told_as_a_wrong_value(tmp_path, column, values, said):
    six = {
        "patient_id": range(6),
        "sex": ["female", "male"] * 3,
        "age_at_diagnosis": range(30, 36),
        "osseous_recorded": [True] * 6,
    }
    pd.DataFrame(six | {column: values}).to_parquet(tmp_path / "own.parquet")
    told = stops(tmp_path / "own.parquet")
    assert [line[: len(said)] for line in told] == [said]


def rules(folder, header, *rows):
    """Breaches of rules between columns, as column: (what, in how many)."""
    lines = [f"{n},male,40,1,{row}" for n, row in enumerate(rows)]
    text = "\n".join([f"patient_id,sex,age_at_diagnosis,osseous_recorded,{header}", *lines])
    issues = check(written(folder, text)).issues
    return {issue.column: (issue.found, issue.n) for issue in issues if issue.category == "plausibility"}


def test_rules_between_columns_are_counted_by_hand(tmp_path):
    found = rules(
        tmp_path, "onset_date,diagnosis_date", "2001-01-02,2001-01-01", "2001-01-01,2001-01-01", ",2001-01-01"
    )
    assert found == {"diagnosis_date": ("diagnosis before onset", 1)}
    assert rules(tmp_path, "age_at_onset", "41", "40", "") == {
        "age_at_diagnosis": ("younger at diagnosis than at onset", 1)
    }
    assert rules(tmp_path, "imaging_chest_ct,reading_chest_ct", "0,1", "0,0", "0,", "1,1", ",1") == {
        "reading_chest_ct": ("read although not imaged", 2)
    }


def test_nothing_happens_after_the_end_of_follow_up_or_before_what_it_follows(tmp_path):
    header = "years_since_diagnosis,remission_years,relapse_years,follow_up_years"
    rows = ("0,1,2,2", "3,,,2", "0,3,4,3", "0,2,1,5", "0,,,", "0,3,,2")
    assert rules(tmp_path, header, *rows) == {
        "years_since_diagnosis": ("met after the end of follow-up", 1),
        "remission_years": ("remission after the end of follow-up", 1),
        "relapse_years": ("relapse before remission", 1),
    }


def test_a_site_without_osseous_disease_on_record_is_worth_a_look(tmp_path):
    text = SIX.replace("fever", "recorded_spine")
    issues = [issue for issue in check(written(tmp_path, text)).issues if issue.category == "plausibility"]
    assert [(issue.column, issue.n, issue.verdict) for issue in issues] == [("recorded_spine", 2, "warn")]


def test_a_film_never_taken_has_no_reading_to_miss(tmp_path):
    text = HEADER.replace("scadding_stage,fever", "imaging_chest_ct,reading_chest_ct")
    text += "".join(f"{n},male,40,1,2.3,2001-01-01,{row}\n" for n, row in enumerate(["0,", "1,", "1,1", ","]))
    missing = {issue.column: issue.n for issue in check(written(tmp_path, text)).issues if "missing" in issue.found}
    assert missing == {"imaging_chest_ct": 1, "reading_chest_ct": 1}


def test_several_limits_broken_in_one_column_are_told_apart(tmp_path):
    told = stops(written(tmp_path, SIX.replace("2,male,45", "2,male,222").replace("5,male,50", "5,male,-3")))
    assert told == [
        "age_at_diagnosis: below 0 years, first in row 5 (1 of 6 rows); correct the values or the unit",
        "age_at_diagnosis: above 120 years, first in row 2 (1 of 6 rows); correct the values or the unit",
    ]


def test_no_message_about_any_cell_shows_a_value(tmp_path):
    secret = "Zx9secret"
    for column in range(8):
        lines = [line.split(",") for line in SIX.splitlines()]
        for row in lines[2:]:
            row[column] = secret
        path = written(tmp_path, "\n".join(",".join(row) for row in lines))
        assert check(path).verdict == "stop"
        assert secret not in " ".join(str(issue) for issue in check(path).issues)


def test_a_large_typed_table_is_not_read_as_text(tmp_path, monkeypatch):
    rows = 20_000
    pd.DataFrame(
        {
            "patient_id": np.arange(rows),
            "sex": pd.Categorical.from_codes(np.arange(rows) % 2, ["female", "male"]),
            "age_at_diagnosis": np.full(rows, 40),
            "osseous_recorded": np.arange(rows) % 3 == 0,
            "serum_calcium_mmol_l": np.linspace(2, 3, rows),
        }
    ).to_parquet(tmp_path / "big.parquet")
    asked = []
    from sarcoid_epi.patients import meaning as module

    meaning = module._meaning
    monkeypatch.setattr(module, "_meaning", lambda *a: asked.append(a[1]) or meaning(*a))
    assert len(read_patients(tmp_path / "big.parquet")) == rows
    assert sorted(asked) == ["female", "male"]


def test_columns_of_ones_own_are_kept_where_they_are_asked_for(tmp_path):
    table = tmp_path / "own.csv"
    table.write_text(
        "patient_id;osseous_recorded;sex;weight;smoker;region;idle\n"
        "a;1;female;0,5;yes;north;1\nb;0;male;1,25;no;south;2\nc;0;female;;;;3\n",
        encoding="utf-8",
    )
    found = check(table, own=("weight", "smoker", "region", "absent"))
    assert found.frame["weight"].tolist()[:2] == [0.5, 1.25]
    assert np.isnan(found.frame["weight"].iloc[2])
    assert found.frame["smoker"].tolist()[:2] == [True, False]
    assert pd.isna(found.frame["smoker"].iloc[2])
    assert list(found.frame["region"].cat.categories) == ["north", "south"]
    assert "idle" not in found.frame
    assert [issue.column for issue in found.issues if issue.found == "not in the codebook"] == ["idle"]

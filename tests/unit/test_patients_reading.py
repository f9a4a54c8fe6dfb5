"""Reading a patient table: every spelling of the same patients gives the same table, and nothing is lost on the way."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from sarcoid_epi import api
from sarcoid_epi.cohort.storage import csv_text
from sarcoid_epi.errors import ConfigurationError, DataError
from sarcoid_epi.patients import check, model_frame, read_patients
from sarcoid_epi.patients.meaning import FALSE, MISSING, TRUE
from sarcoid_epi.vocabulary import PATIENT

SIX = """\
patient_id,sex,age_at_diagnosis,osseous_recorded,serum_calcium_mmol_l,diagnosis_date,centre,fever
1,female,31,0,2.34,2001-05-31,Örebro,1
2,male,45,1,2.71,1999-12-01,Växjö,0
3,female,62,,,,Örebro,
4,female,28,0,2.2,2010-02-28,Örebro,0
5,male,50,0,2.41,2005-07-15,,1
6,male,39,1,2.39,2012-02-29,Växjö,0
"""


def written(folder, text, name="own.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def parquet(folder, name="own.parquet", **columns):
    """Six patients in Parquet, with some columns replaced."""
    six = {
        "patient_id": [1, 2, 3, 4, 5, 6],
        "sex": ["female", "male", "female", "female", "male", "male"],
        "age_at_diagnosis": [31, 45, 62, 28, 50, 39],
        "osseous_recorded": [False, True, None, False, False, True],
    }
    pd.DataFrame(six | columns).to_parquet(folder / name)
    return folder / name


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    api.generate(size=300, seed=5, out=folder, csv=True)
    return folder


def test_a_generated_cohort_reads_the_same_from_csv_and_from_parquet(cohort):
    csv, parquet = read_patients(cohort / "patients.csv"), read_patients(cohort / "patients.parquet")
    assert list(csv.columns) == [variable.name for variable in PATIENT]
    assert_frame_equal(csv, parquet, check_exact=True)


def test_a_generated_cohort_loses_nothing_when_it_is_read(cohort):
    generated, read = api.generate(size=300, seed=5).patients, read_patients(cohort / "patients.parquet")
    for name in generated:
        ours, theirs = generated[name], read[name]
        assert (ours.isna() == theirs.isna()).all(), name
        if isinstance(ours.dtype, pd.CategoricalDtype):
            assert ours.astype(object).equals(theirs.astype(object)), name
            assert list(ours.cat.categories) == list(theirs.cat.categories), name
        else:
            assert (ours.dropna() == theirs.dropna()).all(), name


#: What was not measured, typed or taken in everybody, and what only those on glucocorticoids or with paired bones have.
NOT_ALWAYS_KNOWN = {
    "hla_drb1_03",
    "sacroiliitis_mri",
    "prednisone_start_mg",
    "taper_start_weeks",
    "bmd_t_score",
    "calcidiol_nmol_l",
    "calcitriol_pmol_l",
    "serum_calcium_mmol_l",
    "hypercalcaemia",
    "urine_calcium_mg_24h",
    "hypercalciuria",
    "hypercalciuria_by_sex",
    "pth_pmol_l",
    "alp_u_l",
    "alp_raised",
    "ace_genotype",
    "ace_u_l",
    "chitotriosidase_nmol_ml_h",
    "creatinine_umol_l",
    "tissue_at_diagnosis",
    "laterality",
}


def test_a_generated_cohort_passes_its_own_check(cohort):
    checked = check(cohort / "patients.parquet")
    assert [str(issue) for issue in checked.issues if issue.verdict == "stop"] == []
    assert {(issue.category, issue.verdict) for issue in checked.issues} == {("completeness", "warn")}
    assert {issue.column for issue in checked.issues} == NOT_ALWAYS_KNOWN


def test_six_patients_are_read_into_the_types_of_the_vocabulary(tmp_path):
    frame = read_patients(written(tmp_path, SIX))
    assert frame["patient_id"].tolist() == [1, 2, 3, 4, 5, 6]
    assert frame["sex"].cat.categories.tolist() == ["female", "male"]
    assert frame["osseous_recorded"].dtype == "boolean"
    assert frame["osseous_recorded"].isna().tolist() == [False, False, True, False, False, False]
    assert frame["age_at_diagnosis"].tolist() == [31, 45, 62, 28, 50, 39]
    assert frame["serum_calcium_mmol_l"].sum() == pytest.approx(2.34 + 2.71 + 2.2 + 2.41 + 2.39)
    assert frame["diagnosis_date"].dtype == "datetime64[s]"
    assert frame["diagnosis_date"][5] == pd.Timestamp(2012, 2, 29)
    assert frame["centre"].cat.categories.tolist() == ["Växjö", "Örebro"]
    assert list(model_frame(frame)["fever"].fillna(9)) == [1, 0, 9, 0, 1, 0]


SWEDISH = "\n".join(line.replace(".", ",").replace("§", ";") for line in SIX.replace(",", "§").splitlines())
SPELLINGS = {
    "Swedish Excel": (SWEDISH.replace("\n", "\r\n"), "own.csv", "utf-8-sig"),
    "semicolons": (SIX.replace(",", ";"), "own.csv", "utf-8"),
    "tabs": (SIX.replace(",", "\t"), "own.tsv", "utf-8"),
    "tabs and decimal commas": (SWEDISH.replace(";", "\t"), "own.txt", "utf-8"),
    "byte order mark": (SIX, "own.csv", "utf-8-sig"),
    "an ending in capitals": (SIX, "OWN.CSV", "utf-8"),
    "spaces after separators": (SIX.replace(",", ", "), "own.csv", "utf-8"),
    "spaces before separators": (SIX.replace(",", " ,"), "own.csv", "utf-8"),
    "blank lines": ("\n" + SIX.replace("\n", "\n\n"), "own.csv", "utf-8"),
    "no last line end": (SIX.rstrip(), "own.csv", "utf-8"),
    "everything quoted": ('"' + SIX.rstrip().replace(",", '","').replace("\n", '"\n"') + '"', "own.csv", "utf-8"),
    "levels in capitals": (SIX.replace("female", "Female").replace(",male", ",MALE"), "own.csv", "utf-8"),
    "missing values as NA": (
        SIX.replace("3,female,62,,,,Örebro,", "3,female,62,NA,n/a,null,Örebro,."),
        "own.csv",
        "utf-8",
    ),
    "midnights": (SIX.replace("2001-05-31", "2001-05-31 00:00:00"), "own.csv", "utf-8"),
    "ages with a fraction of zero": (SIX.replace(",31,", ",31.0,"), "own.csv", "utf-8"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_same_patients_are_read_from_every_spelling(tmp_path, spelling):
    text, name, encoding = SPELLINGS[spelling]
    assert_frame_equal(read_patients(written(tmp_path, text, name, encoding)), read_patients(written(tmp_path, SIX)))


@pytest.mark.parametrize(("texts", "meant"), [(TRUE, True), (FALSE, False)])
def test_flags_are_read_from_every_way_of_saying_yes_or_no(tmp_path, texts, meant):
    for text in [*texts, *(text.upper() for text in texts)]:
        frame = read_patients(written(tmp_path, SIX.replace(",Örebro,1", f",Örebro,{text}")))
        assert frame["fever"][0] == meant, text


def test_every_word_for_missing_is_missing_in_every_kind_of_column(tmp_path):
    for word in MISSING - {""}:
        line = f"3,{word},{word},{word},{word},{word},{word},{word.upper()}"
        frame = read_patients(written(tmp_path, SIX.replace("3,female,62,,,,Örebro,", line)))
        assert frame.loc[2].isna().sum() == 7, word
        assert frame.drop(columns="patient_id").isna().sum().to_dict()["sex"] == 1


def test_a_decimal_comma_is_understood_in_flags_and_whole_numbers_too(tmp_path):
    frame = read_patients(written(tmp_path, SWEDISH.replace(";31;0;", ";31,0;0,0;")))
    assert frame["age_at_diagnosis"][0] == 31
    assert not frame["osseous_recorded"][0]


@pytest.mark.parametrize(
    "ids", [["007", "8", "9", "10", "11", "12"], ["A1", "A2", "A3", "A4", "A5", "A6"], ["1" * 20, *"23456"]]
)
def test_identifiers_that_are_no_plain_numbers_stay_text(tmp_path, ids):
    lines = SIX.splitlines()
    text = "\n".join([lines[0], *(f"{own}{line[1:]}" for own, line in zip(ids, lines[1:], strict=True))])
    assert read_patients(written(tmp_path, text))["patient_id"].tolist() == ids


def test_centres_are_sorted_as_people_count(tmp_path):
    frame = read_patients(parquet(tmp_path, centre=[f"centre {n}" for n in (10, 2, 1, 2, 10, 1)]))
    assert frame["centre"].cat.categories.tolist() == ["centre 1", "centre 2", "centre 10"]


@pytest.mark.parametrize(
    "flags",
    [
        pd.array([0, 1, None, 0, 0, 1], dtype="Int8"),
        np.array([0, 1, np.nan, 0, 0, 1]),
        pd.array([False, True, None, False, False, True], dtype="boolean"),
        [False, True, None, False, False, True],
        ["no", "Yes", "", "no", "no", "yes"],
        pd.Categorical(["no", "yes", None, "no", "no", "yes"]),
        pd.array(["0", "1", None, "0", "0", "1"], dtype="string"),
    ],
    ids=["Int8", "float", "boolean", "object", "text", "category", "string"],
)
def test_a_flag_is_read_from_every_type_parquet_may_hold(tmp_path, flags):
    frame = read_patients(parquet(tmp_path, osseous_recorded=flags))
    assert frame["osseous_recorded"].dtype == "boolean"
    assert frame["osseous_recorded"].astype("Int8").fillna(9).tolist() == [0, 1, 9, 0, 0, 1]


@pytest.mark.parametrize(
    "ages",
    [
        np.array([31, 45, np.nan, 28, 50, 39]),
        pd.array([31, 45, None, 28, 50, 39], dtype="Int16"),
        ["31", "45", None, "28", "50", "39"],
        pd.Categorical([31.0, 45.0, None, 28.0, 50.0, 39.0]),
    ],
    ids=["float", "Int16", "text", "category"],
)
def test_a_whole_number_is_read_from_every_type_parquet_may_hold(tmp_path, ages):
    frame = read_patients(parquet(tmp_path, age_at_diagnosis=ages))
    assert frame["age_at_diagnosis"].fillna(-1).tolist() == [31, 45, -1, 28, 50, 39]


@pytest.mark.parametrize(
    "days",
    [
        [date(2001, 5, 31)] * 5 + [None],
        [datetime(2001, 5, 31, 14, 30)] * 5 + [None],
        pd.DatetimeIndex(["2001-05-31"] * 5 + [None]).tz_localize("Europe/Stockholm"),
        ["2001-05-31"] * 5 + [""],
        ["2001-5-31"] * 5 + ["NA"],
    ],
    ids=["date", "time of day", "time zone", "text", "text without zero"],
)
def test_a_date_is_read_from_every_type_parquet_may_hold(tmp_path, days):
    frame = read_patients(parquet(tmp_path, diagnosis_date=days))
    assert frame["diagnosis_date"].dtype == "datetime64[s]"
    assert frame["diagnosis_date"].tolist() == [pd.Timestamp(2001, 5, 31)] * 5 + [pd.NaT]


def test_the_index_of_a_parquet_file_is_a_column_when_it_has_a_name_and_nothing_otherwise(tmp_path):
    table = pd.read_parquet(parquet(tmp_path))
    table.set_index("patient_id").to_parquet(tmp_path / "named.parquet")
    table.set_axis(list("uvwxyz")).to_parquet(tmp_path / "nameless.parquet")
    for name in ("named", "nameless"):
        frame = read_patients(tmp_path / f"{name}.parquet")
        assert isinstance(frame.index, pd.RangeIndex), name
        assert frame["patient_id"].tolist() == [1, 2, 3, 4, 5, 6], name


def test_a_number_typed_in_parquet_keeps_its_last_bit(tmp_path):
    calcium = [2.1 + 0.1 * n / 3 for n in range(6)]
    assert read_patients(parquet(tmp_path, serum_calcium_mmol_l=calcium))["serum_calcium_mmol_l"].tolist() == calcium


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(0.5, 6)), min_size=1, max_size=6))
def test_a_number_written_in_full_is_read_back_to_the_last_bit(tmp_path_factory, calcium):
    rows = "".join(f"{n},male,40,0,{'' if v is None else repr(v)}\n" for n, v in enumerate(calcium))
    header = "patient_id,sex,age_at_diagnosis,osseous_recorded,serum_calcium_mmol_l\n"
    frame = read_patients(written(tmp_path_factory.mktemp("bits"), header + rows))
    assert [None if np.isnan(v) else v for v in frame["serum_calcium_mmol_l"]] == calcium


def test_a_table_that_was_read_reads_the_same_once_written(tmp_path):
    frame = read_patients(written(tmp_path, SIX))
    assert_frame_equal(read_patients(written(tmp_path, csv_text(frame), "again.csv")), frame)


def test_columns_may_be_mapped_from_foreign_names(tmp_path):
    path = written(tmp_path, SIX.replace("age_at_diagnosis", "Ålder").replace("sex", "Kön"))
    frame = read_patients(path, {"Ålder": "age_at_diagnosis", "Kön": "sex"})
    assert frame["age_at_diagnosis"].tolist() == [31, 45, 62, 28, 50, 39]


def test_a_mapping_of_columns_that_do_not_exist_is_refused_with_the_near_one(tmp_path):
    path = written(tmp_path, SIX.replace("age_at_diagnosis", "Ålder"))
    with pytest.raises(ConfigurationError) as caught:
        read_patients(path, {"Ålde": "age_at_diagnosis", "sex": "sexx"})
    assert "unknown column 'Ålde'; did you mean 'Ålder'?" in str(caught.value)
    assert "unknown variable 'sexx'; did you mean 'sex'?" in str(caught.value)


def test_two_columns_mapped_to_one_are_refused(tmp_path):
    with pytest.raises(DataError, match="column 'sex' is there twice"):
        read_patients(written(tmp_path, SIX), {"centre": "sex"})


def test_engines_get_flags_as_numbers_and_no_level_that_nobody_has(tmp_path):
    safe = model_frame(read_patients(written(tmp_path, SIX.replace(",male,", ",female,"))))
    assert safe["sex"].cat.categories.tolist() == ["female"]
    assert safe["fever"].dtype == float
    assert safe["fever"].isna().tolist() == [False, False, True, False, False, False]
    assert safe["age_at_diagnosis"].dtype == float
    assert safe["diagnosis_date"].dtype == "datetime64[s]"


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (pd.Series([True, False]), [1, 0]),
        (pd.Series([True, False], dtype="boolean"), [1, 0]),
        (pd.Series([True, None], dtype="boolean"), [1, None]),
        (pd.Series([True, None], dtype=object), [1, None]),
        (pd.Series([1, 0]), [1, 0]),
        (pd.Series([1.0, np.nan]), [1, None]),
    ],
    ids=["bool", "boolean", "boolean with gap", "object", "int", "float"],
)
def test_engines_get_every_flag_as_zero_and_one(values, wanted):
    safe = model_frame(pd.DataFrame({"fever": values}))["fever"]
    assert safe.dtype == (float if None in wanted else np.int8)
    assert [None if pd.isna(v) else v for v in safe] == wanted


def test_engines_get_text_as_categories_and_keep_the_index():
    frame = pd.DataFrame({"own": ["b", None, "a"], "other": pd.array(["x", "y", None], "string")}, index=[5, 7, 9])
    safe = model_frame(frame)
    assert safe["own"].cat.categories.tolist() == ["a", "b"]
    assert safe["other"].isna().tolist() == [False, False, True]
    assert safe.index.tolist() == [5, 7, 9]


@pytest.mark.parametrize("values", [["secret", None], [2, 1]])
def test_engines_refuse_a_flag_that_is_none_and_do_not_show_it(values):
    with pytest.raises(DataError, match="'fever' holds more than yes and no") as caught:
        model_frame(pd.DataFrame({"fever": values}))
    assert "secret" not in str(caught.value)

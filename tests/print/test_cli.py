"""The command line: one clear sentence and an exit code for every mistake, and never a traceback."""

import csv
import io
import json
import subprocess
import sys

import pandas as pd
import pytest

from sarcoid_epi import api, cli
from sarcoid_epi.cohort.parts import Order
from sarcoid_epi.cohort.streaming import stream_cohort
from sarcoid_epi.composing import Answered
from sarcoid_epi.printing import as_table
from sarcoid_epi.results import ESTIMATE_COLUMNS
from sarcoid_epi.scenario import load_design, load_prior, load_world

HEADER = "patient_id,sex,age_at_diagnosis,osseous_recorded"
OWN = f"{HEADER}\n1,female,31,0\n2,male,45,1\n3,female,62,\n4,female,28,0\n5,male,50,0\n6,male,39,1\n"


@pytest.fixture(scope="module")
def patients(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    api.generate(size=60, seed=3, out=folder, csv=True)
    return str(folder / "patients.csv")


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """A command in an empty folder: exit code, what it printed, what it complained of."""
    monkeypatch.chdir(tmp_path)

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["sarcoid-epi", *words])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        told = capsys.readouterr()
        return stopped.value.code, told.out, told.err

    return command


def written(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("generate --world evidnce", "error: unknown world 'evidnce'; did you mean 'evidence'?"),
        ("generate --design pet", "error: unknown design 'pet'; known: back_pain_mri, hand_film_survey, "),
        ("generate --world nowhere.toml", "error: there is no file 'nowhere.toml'"),
        ("generate --vary osseous.true_prevalence=1.2", "error: --vary: osseous.true_prevalence: 1.2 is not a share"),
        (
            "generate --vary osseous.true_prevalance=0.2",
            "error: --vary: unknown parameter 'osseous.true_prevalance'; did",
        ),
        ("generate --vary osseous.true_prevalence", "error: --vary: 'osseous.true_prevalence' has no '='"),
        ("generate --vary sex.women=many", "error: --vary sex.women: 'many' is not a number"),
        ("generate --vary sites.spine=0.95", "error: sites: the site shares contradict each other"),
        ("generate --columns sex,osseus", "error: unknown column 'osseus'; did you mean 'osseous'?"),
        ("generate --population 1000", "error: --population: a population needs years; add --years FIRST:LAST."),
        ("generate --population 1000 --years 2001-2010", "error: --years: '2001-2010' is no span of years; write"),
        ("generate --population 1000 --years 2010:2001", "error: --years: first_year 2010, last_year 2001, closing"),
        ("generate --size 5 --population 1000 --years 2001:2010", "error: --size and --population both say how many"),
        ("generate --years 2001:2010", "error: --years: years need a population"),
        ("generate --population 1 --years 2001:2001", "error: nobody enters the study, because there are no source"),
        ("check nowhere.csv", "error: there is no file 'nowhere.csv'; give the path of a CSV or Parquet file."),
        ("check .", "error: '.' is a folder"),
        ("check own.csv --mapping nowhere.toml", "error: there is no file 'nowhere.toml'; give a TOML file."),
        ("estimate prevalance -p own.csv", "error: unknown question 'prevalance'; did you mean 'prevalence'?"),
        ("estimate underdiagnosis -p own.csv", "error: 'underdiagnosis' needs a belief, because records alone do not"),
        ("estimate prevalence -p own.csv -b vague", "error: --belief: would change nothing, because 'prevalence' asks"),
        ("report --by recorded_spine", "error: --by: 'recorded_spine' makes no groups for 'prevalence', because it is"),
        ("estimate underdiagnosis -p own.csv -b clinic", "error: unknown belief 'clinic'; did you mean 'clinical'?"),
        (
            "evidence baughman2001.osseus",
            "error: unknown finding 'baughman2001.osseus'; did you mean 'baughman2001.oss",
        ),
        ("evidence --topic bone", "error: unknown topic 'bone'; known: "),
        (
            "explain osseous.true_prevalance",
            "error: unknown name 'osseous.true_prevalance'; did you mean 'osseous.true_p",
        ),
        ("explain nothing:at:all", "error: unknown estimator 'nothing'; known: "),
        ("explain sex.women --world evidnce", "error: unknown world 'evidnce'"),
        ("report --to pdf", "error: --to: cannot write 'pdf'"),
        ("report --patients nowhere.csv", "error: there is no file 'nowhere.csv'"),
    ],
)
def test_a_mistake_in_what_was_asked_is_one_sentence_and_exit_code_2(run, tmp_path, words, said):
    written(tmp_path, "own.csv", OWN)
    code, out, err = run(*words.split())
    assert code == 2
    assert out == ""
    assert err.startswith(said)
    assert len(err.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["own.csv"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nocommand", "No such command 'nocommand'"),
        ("check", "Missing argument"),
        ("estimate prevalence", "Missing option '--patients'"),
        ("estimate prevalence -p own.csv --format xml", "'xml' is not one of 'table', 'csv', 'json'"),
        ("generate --size -5", "--size"),
        ("generate --size 0", "--size"),
        ("generate --size ten", "--size"),
        ("generate --population 0 --years 2001:2001", "--population"),
        ("generate --workers 0", "--workers"),
        ("generate --seed -1", "--seed"),
        ("generate --sise 5", "--sise"),
    ],
)
def test_a_mistake_of_usage_is_exit_code_2_and_names_the_word(run, words, said):
    code, out, err = run(*words.split())
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            OWN.replace("sex", "seks"),
            "error: own.csv: sex: the column is missing; add it, empty where nothing is known",
        ),
        (
            OWN.replace(",45,", ",old,"),
            "error: own.csv: age_at_diagnosis: not a whole number, first in row 2 (1 of 6 ",
        ),
        (
            OWN.replace(",45,", ",222,"),
            "error: own.csv: age_at_diagnosis: above 120 years, first in row 2 (1 of 6 rows)",
        ),
        (OWN.replace("male", "man"), "error: own.csv: sex: not one of its levels, first in row 1 (6 of 6 rows)"),
        ("", "error: own.csv: is empty"),
    ],
)
def test_patients_that_cannot_be_used_are_one_sentence_and_exit_code_3(run, tmp_path, text, said):
    written(tmp_path, "own.csv", text)
    for words in ("estimate prevalence -p own.csv", "report -p own.csv --out page"):
        code, out, err = run(*words.split())
        assert (code, out) == (3, "")
        assert err.startswith(said)
        assert len(err.splitlines()) == 1
    assert run("check", "own.csv")[0] == 3
    assert [path.name for path in tmp_path.iterdir()] == ["own.csv"]


def test_every_mistake_of_a_toml_file_is_a_line_of_its_own(run, tmp_path):
    text = 'extends = "evidence"\n[sex]\nwmen = 0.5\nwomen = { value = 1.2, assumed = "x" }\n[lofgren]\nseason = 0.5\n'
    code, _, err = run("generate", "--world", written(tmp_path, "mine.toml", text))
    assert code == 2
    assert err.splitlines() == [
        "error: mine.toml: unknown key 'sex.wmen'; did you mean 'sex.women'?",
        "error: mine.toml: lofgren.season: exactly one basis is needed, because a number without a basis means "
        "nothing; give one of cited, derived or assumed.",
        "error: mine.toml: sex.women: 1.2 is not a share: it must lie between 0 and 1; correct the value.",
    ]


def test_toml_that_is_not_valid_is_one_sentence_with_its_line(run, tmp_path):
    code, _, err = run("generate", "--design", written(tmp_path, "mine.toml", "[entry\n"))
    assert code == 2
    assert err.startswith("error: mine.toml: not valid TOML, because Expected ']'")
    assert "at line 1" in err


def test_check_prints_every_issue_with_its_verdict(run, tmp_path):
    written(tmp_path, "own.csv", OWN.replace(",45,", ",old,"))
    code, out, err = run("check", "own.csv")
    assert (code, err) == (3, "")
    lines = out.splitlines()
    assert lines[0].startswith("STOP conformance   age_at_diagnosis: not a whole number, first in row 2 (1 of 6 rows)")
    assert lines[-1] == "own.csv: 6 patients, 4 variables; 1 to mend before it can be used"
    assert "WARN completeness  osseous_recorded: missing (1 of 6 rows)" in out


def test_check_of_a_generated_cohort_is_exit_code_0(run, patients):
    code, out, _ = run("check", patients)
    assert code == 0
    assert out.splitlines()[-1] == "patients.csv: 60 patients, 130 variables; can be used"


def test_check_prints_json_that_parses(run, tmp_path):
    written(tmp_path, "own.csv", OWN.replace("sex", "kön"))
    code, out, _ = run("check", "own.csv", "--json")
    issues = json.loads(out)
    assert code == 3
    assert {(issue["column"], issue["verdict"]) for issue in issues} >= {("sex", "stop"), ("kön", "warn")}
    assert set(issues[0]) == {"category", "column", "found", "n", "of", "verdict", "follows"}


def test_check_maps_foreign_columns(run, tmp_path):
    written(tmp_path, "own.csv", OWN.replace("sex", "Kön"))
    written(tmp_path, "mapping.toml", '[columns]\n"Kön" = "sex"\n')
    assert run("check", "own.csv", "--mapping", "mapping.toml")[0] == 0
    written(tmp_path, "mapping.toml", '[colums]\n"Kön" = "sex"\n')
    code, _, err = run("check", "own.csv", "--mapping", "mapping.toml")
    assert (code, err) == (2, "error: mapping.toml: unknown table 'colums'; did you mean 'columns'?\n")


def test_estimates_as_csv_have_the_columns_of_the_results_and_what_each_rests_on(run, patients):
    code, out, err = run("estimate", "prevalence", "-p", patients, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, err) == (0, "")
    assert tuple(rows[0]) == (*ESTIMATE_COLUMNS, "rests_on", "assumes")
    assert [row["term"] for row in rows].count("osseous_recorded") == 1
    assert {row["rests_on"] for row in rows} == {"counts of 60 patients of patients.csv"}
    assert all(row["assumes"] for row in rows)


def test_estimates_as_json_are_those_as_csv(run, patients):
    _, text, _ = run("estimate", "prevalence", "-p", patients, "--format", "csv")
    _, out, _ = run("estimate", "prevalence", "-p", patients, "--format", "json")
    told = json.loads(out)
    rows = told["estimates"]
    assert (tuple(told), tuple(rows[0])) == (("estimates", "runs", "verdict", "support"), ESTIMATE_COLUMNS)
    assert {row["run"] for row in rows} == {run["run"] for run in told["runs"]}
    for one, other in zip(rows, csv.DictReader(io.StringIO(text)), strict=True):
        assert one["estimate"] == pytest.approx(float(other["estimate"]), rel=1e-7)
        assert (one["term"], one["n"]) == (other["term"], int(other["n"]))


def test_estimates_as_a_table_show_counts_by_hand_and_what_they_rest_on(run, tmp_path):
    written(tmp_path, "own.csv", OWN)
    code, out, _ = run("estimate", "prevalence", "-p", "own.csv", "--by", "sex")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert code == 4
    assert any(line.startswith("Osseous sarcoidosis on record all 2 of 5 40.0 %") for line in lines)
    assert any(line.startswith("Osseous sarcoidosis on record sex=female 0 of 2 0.0 %") for line in lines)
    assert any(line.startswith("Osseous sarcoidosis on record sex=male 2 of 3 66.7 %") for line in lines)
    assert "Lung all not estimable no column 'lung'" in lines
    assert "recorded_osseous rests on counts of 6 patients of own.csv" in lines
    heads = [line for line in lines if line.startswith("Prevalence of osseous")]
    assert len(heads) == 1, "a method and its groups stand together"


@pytest.fixture
def asked(run, patients):
    """Underdiagnosis of the sixty under a belief."""
    return lambda belief, *words: run("estimate", "underdiagnosis", "-p", patients, "-b", belief, *words)


def test_underdiagnosis_as_json_holds_the_verdict_and_what_it_supports(asked):
    _, out, _ = asked("clinical", "-f", "json")
    told = json.loads(out)
    corrected = next(row for row in told["verdict"] if row["estimator"] == "corrected_prevalence")
    assert set(corrected) == {"method", "needs", "has_it", "answer", "rests_on", "against", "estimator"}
    assert corrected["rests_on"] == "believed sensitivity and specificity"
    assert {one["about"] for one in told["support"]} >= {"data", "belief"}
    assert any("belief 'clinical'" in run["rests_on"] for run in told["runs"])


def test_a_folder_gets_every_table_and_explains_its_numbers(run, asked, tmp_path):
    _, printed, _ = asked("clinical", "-f", "json", "--out", "told")
    assert sorted(path.name for path in (tmp_path / "told").iterdir()) == [
        "estimates.csv", "runs.csv", "support.csv", "verdict.csv"
    ]  # fmt: skip
    said = list(csv.DictReader(io.StringIO((tmp_path / "told" / "verdict.csv").read_text(encoding="utf-8"))))
    assert said == json.loads(printed)["verdict"]
    code, out, _ = run("explain", "corrected_prevalence-clinical:osseous:all", "--report", "told")
    assert (code, "rests on counts of 60 patients of patients.csv; belief 'clinical'" in out) == (0, True)


def test_the_tables_of_a_report_are_not_overwritten(asked, tmp_path):
    (tmp_path / "told").mkdir()
    (tmp_path / "told" / "manifest.json").write_text("{}")
    code, _, err = asked("clinical", "--out", "told")
    assert (code, err) == (
        2, "error: --out: 'told' holds a report, because its tables belong to its page; name another folder.\n"
    )  # fmt: skip


def test_what_is_believed_is_printed_once(asked):
    _, out, _ = asked("clinical")
    assert out.count("a guess weighs as much as twenty verified patients") == 1
    assert "corrected_prevalence rests on counts of 60 patients of patients.csv, and on the belief 'clinical'" in out


def test_a_belief_about_pet_put_to_routine_records_warns_in_the_words_of_the_report(asked):
    words = "Beliefs about PET are shown for contrast only; they say what would follow, were the record as good as a"
    flat = " ".join(asked("pet_optimist")[1].split())
    assert "The belief 'pet_optimist' is about PET; " in flat
    assert words in flat
    assert words not in " ".join(asked("clinical")[1].split())
    rows = list(csv.DictReader(io.StringIO(asked("pet_optimist", "-f", "csv")[1])))
    noted = {row["run"] for row in rows if "a belief about pet, put to records" in row["note"]}
    assert noted == {row["run"] for row in rows if row["run"].endswith("-pet_optimist")}


def test_the_population_of_the_burden_is_named(asked):
    _, out, _ = asked("clinical", "--population", "250000")
    assert "People with osseous sarcoidosis that is not on record, in a population of 250 000\n" in out
    assert "believed detection and occurrence, in a population of 250 000" in " ".join(out.split())


def test_that_no_sensitivity_would_do_is_an_answer_and_no_failure(run, tmp_path):
    """66 of 2000 on record are fewer than 5 % false positives: no sensitivity makes the true share 2 to 15 %."""
    rows = "".join(f"{number},female,40,{int(number <= 66)}\n" for number in range(1, 2001))
    written(tmp_path, "few.csv", f"{HEADER}\n{rows}")
    code, out, _ = run("estimate", "underdiagnosis", "-p", "few.csv", "-b", "pet_sceptic")
    lines = [line.split() for line in out.splitlines() if "Sensitivity at which" in line]
    assert (code, len(lines)) == (0, 4)
    assert all(line[-2:] == ["no", "value"] for line in lines)


def test_what_cannot_be_estimated_is_exit_code_4_with_the_reason(run, tmp_path):
    written(tmp_path, "own.csv", f"{HEADER}\n1,female,31,\n")
    code, out, err = run("estimate", "prevalence", "-p", "own.csv", "-f", "csv")
    assert code == 4
    assert err.endswith(" answers could not be estimated; their notes say why\n")
    row = next(row for row in csv.DictReader(io.StringIO(out)) if row["term"] == "osseous_recorded")
    assert (row["estimate"], row["n"], row["note"]) == ("", "0", "nobody in whom it is known")


@pytest.fixture(scope="module")
def synthesis():
    """The joint synthesis without its PET series, as printed, in one line."""
    left_out = ("grozdic.osseous_scanned", "mostard2012.osseous_focal")
    told = Answered(api.synthesise("open", left_out), (), (), None)
    return told, " ".join(as_table(told, load_prior("open")).split())


def test_each_quantity_of_a_synthesis_stands_beside_its_prior_with_its_spread(synthesis):
    told, printed = synthesis
    before = told.estimates.one("joint_synthesis-open:prior_pet_sensitivity:all")
    # Uniform from 0.4 to 0.99: median 0.695, 2.5 and 97.5 % points 0.41475 and 0.97525; 2^15 points, each within 1e-4.
    assert (before.estimate, before.conf_low, before.conf_high) == pytest.approx((0.695, 0.41475, 0.97525), abs=1e-4)
    assert "prior 69.5 % (41.5 % to 97.5 %)" in printed
    assert "assumed [uniform 0.4 to 0.99]: activity before shape" in printed
    assert "learned" not in printed


def test_a_synthesis_says_what_it_read_and_what_no_series_told(synthesis):
    _, printed = synthesis
    assert "5 published series of osseous disease (66 of 3789 patients) and 3 of bone symptoms (90 of 172 on" in printed
    assert "without grozdic.osseous_scanned and mostard2012.osseous_focal" in printed
    rows = {row.term: row.note for row in synthesis[0].estimates.rows if "joint" in row.run}
    assert {term for term, note in rows.items() if note.startswith("no series that tells of it")} == {
        "odds_scanned", "pet_sensitivity", "pet_specificity",
        "learned_odds_scanned", "learned_pet_sensitivity", "learned_pet_specificity",
    }  # fmt: skip
    last = printed.partition("the series neither move")[2]
    assert "Sensitivity of PET" in last.partition("What is said of these is the prior")[0]


def test_the_verdict_says_that_it_is_on_all_patients_where_there_are_groups(asked):
    said = "All of this is about all patients together; groups have their numbers above, and no verdict."
    assert said in asked("clinical", "--by", "sex")[1]
    assert said not in asked("clinical")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("-b open", "error: 'open' is a prior, not a belief; name one of clinical, "),
        ("-b mine.toml", "error: 'mine.toml' is a prior, not a belief; name one of clinical, "),
        ("-b comma.toml", "error: comma.toml: not valid TOML, because "),
        ("-b small.toml --population 5", "error: --population: would change nothing, because the belief 'small' does"),
    ],
)
def test_a_wrong_kind_of_file_is_recognised(run, tmp_path, words, said):
    detection = '[{0}]\nvalue = {{ value = 0{1}9, assumed = "x" }}\nn = {{ value = 9, assumed = "x" }}\n'
    written(tmp_path, "own.csv", OWN)
    written(tmp_path, "mine.toml", 'extends = "open"\n[film]\nsensitivity = { value = 0.2, assumed = "x" }\n')
    for name, point in (("small.toml", "."), ("comma.toml", ",")):
        written(tmp_path, name, "".join(detection.format(part, point) for part in ("sensitivity", "specificity")))
    code, _, err = run("estimate", "underdiagnosis", "-p", "own.csv", *words.split())
    assert (code, len(err.splitlines())) == (2, 1)
    assert err.startswith(said)
    assert ("write 0.9, with a point" in err) == ("comma" in words)


def test_a_belief_in_the_place_of_a_prior_is_recognised(run):
    code, _, err = run("synthesis", "--prior", "clinical")
    assert (code, err.partition(";")[0]) == (2, "error: 'clinical' is a belief, not a prior")


def test_groups_that_cannot_be_are_a_sentence(run, tmp_path):
    written(tmp_path, "own.csv", OWN)
    for by, said in (
        ("sexx", "--by: unknown group variable 'sexx'; did you mean 'sex'?"),
        ("age_at_diagnosis", "--by: unknown group variable 'age_at_diagnosis'"),
        ("osseous_recorded", "--by: 'osseous_recorded' makes no groups for 'prevalence', because it is the outcome"),
    ):
        code, out, err = run("estimate", "prevalence", "-p", "own.csv", "--by", by)
        assert code == 2
        assert (out, said in err, len(err.splitlines())) == ("", True, 1)


def test_groups_by_what_a_model_explains_or_compares_are_refused(run, tmp_path):
    written(tmp_path, "own.csv", OWN)
    written(tmp_path, "own.toml", 'label = "x"\noutcome = "osseous_recorded"\nexposures = ["sex"]\n')
    code, out, err = run("estimate", "association", "-p", "own.csv", "--model", "own.toml", "--by", "sex")
    assert (code, out) == (2, "")
    assert "--by: 'sex' makes no groups for the model 'own', because it is the exposure" in err
    code, out, err = run("estimate", "lofgren", "-p", "own.csv", "--by", "lofgren_broad")
    assert (code, out) == (2, "")
    assert "'lofgren_broad' makes no groups for 'lofgren', because it is what the patients are compared by" in err


def test_two_models_of_one_name_are_refused(run, tmp_path):
    written(tmp_path, "own.csv", OWN)
    for folder, outcome in (("one", "osseous_recorded"), ("two", "lung")):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder, "own.toml", f'label = "x"\noutcome = "{outcome}"\nexposures = ["sex"]\n')
    code, _, err = run("estimate", "association", "-p", "own.csv", "-M", "one/own.toml", "-M", "two/own.toml")
    assert (code, "--model: two models are called 'own'" in err) == (2, True)


def test_methods_with_nothing_to_tell_of_a_model_leave_no_empty_table(run, tmp_path):
    written(tmp_path, "own.csv", OWN)
    written(tmp_path, "own.toml", 'label = "x"\noutcome = "osseous_recorded"\nexposures = ["sex"]\n')
    _, out, _ = run("estimate", "association", "-p", "own.csv", "--model", "own.toml")
    assert "adjusted rests on" in out
    assert "interactions rests on" not in out
    assert "ratio_curve rests on" not in out


def test_generate_prints_its_folder_and_says_nothing_else(run, tmp_path):
    code, out, err = run("generate", "--size", "7", "--seed", "4", "--out", "new/cohort", "--vary", "sex.women=1")
    assert (code, out, err) == (0, "new/cohort\n", "")
    files = sorted(path.name for path in (tmp_path / "new" / "cohort").iterdir())
    assert files == ["certificate.toml", "patients.parquet", "truth.parquet"]
    assert 'sex.women = { value = 1.0, basis = "assumed: varied by the user" }' in (
        tmp_path / "new" / "cohort" / "certificate.toml"
    ).read_text(encoding="utf-8")


def test_columns_can_be_listed_and_repeated(run, tmp_path):
    assert run("generate", "--size", "5", "-o", "c", "--columns", "sex,osseous", "--columns", "lung")[0] == 0
    assert list(pd.read_parquet(tmp_path / "c" / "patients.parquet")) == ["patient_id", "sex", "lung"]
    assert list(pd.read_parquet(tmp_path / "c" / "truth.parquet")) == ["patient_id", "osseous"]


def test_a_population_makes_a_cohort_that_says_where_it_arose(run, tmp_path):
    assert run("generate", "--population", "100000", "--years", "2001:2010", "-o", "c")[0] == 0
    certificate = (tmp_path / "c" / "certificate.toml").read_text(encoding="utf-8")
    assert "[population]\npeople = 100000\nyears = [2001, 2010]\n" in certificate
    assert 'calendar.first_year = { value = 2001.0, basis = "assumed: given with --years" }' in certificate


def test_a_report_can_be_made_from_a_folder_of_parts_and_verified(run, tmp_path):
    world, design = load_world("evidence"), load_design("tertiary_records")
    stream_cohort(Order(world, design, 2000, 1, part=2**12), tmp_path / "c")
    assert (tmp_path / "c" / "patients.parquet").is_dir()
    assert run("report", "--patients", "c/patients.parquet", "--out", "report")[0] == 0
    code, out, _ = run("verify", "report", "--inputs", "c")
    assert (code, "bytes: same" in out) == (0, True)


def test_a_huge_seed_is_a_seed(run):
    assert run("generate", "--size", "1", "--seed", "9" * 40)[0] == 0


def test_a_file_where_the_folder_should_be_is_a_sentence(run, tmp_path):
    written(tmp_path, "own.csv", OWN)
    code, _, err = run("generate", "--size", "1", "--out", "own.csv")
    assert (code, err) == (2, "error: 'own.csv' is not a folder; name another place.\n")
    assert (tmp_path / "own.csv").read_text() == OWN


@pytest.mark.parametrize(("command", "names"), [
    ("worlds", ("evidence", "review")),
    ("designs", ("incident_clinic", "pet_series", "tertiary_records")),
    ("beliefs", ("clinical", "vague")),
])  # fmt: skip
def test_what_ships_is_listed_with_labels(run, command, names):
    code, out, _ = run(command)
    assert code == 0
    listed = {line.split()[0]: line.split()[1:] for line in out.splitlines()}
    assert set(names) <= set(listed)
    assert all(len(label) > 2 for label in listed.values())


def test_a_finding_is_told_by_its_id(run):
    code, out, _ = run("evidence", "kucharz2020.bone_prev_sparks_count")
    assert code == 0
    assert out.startswith("kucharz2020.bone_prev_sparks_count\n")
    assert "counts:               20/2013 = 0.99%" in out


def test_the_findings_of_one_paper_stand_below_its_reference(run):
    code, out, _ = run("evidence", "sparks2014")
    assert code == 0
    assert out.startswith("Sparks et al. (2014). Seminars in Arthritis")
    assert all(line.startswith("sparks2014.") for line in out.splitlines()[1:])


def test_the_evidence_is_listed_whole_or_by_topic_and_as_json(run):
    _, every, _ = run("evidence")
    _, calcium, _ = run("evidence", "--topic", "calcium")
    _, out, _ = run("evidence", "--topic", "calcium", "--json")
    assert set(calcium.splitlines()) < set(every.splitlines())
    rows = json.loads(out)
    listed, legend = calcium.splitlines()[:-2], calcium.splitlines()[-1]
    assert legend == "! contradicts its own counts"
    assert [row["id"] for row in rows] == [line.partition(":")[0] for line in listed]
    assert {row["topic"] for row in rows} == {"calcium"}


def test_help_needs_no_engine():
    """Each help in one fresh process; what it imported is asked before it ends."""
    names = (command.callback.__name__.replace("_", "-") for command in cli.app.registered_commands)
    commands = ["", *names]
    script = f"""
import contextlib, io, sys
from sarcoid_epi import cli
for command in {commands!r}:
    sys.argv = ["sarcoid-epi", *command.split(), "--help"]
    with contextlib.redirect_stdout(io.StringIO()) as told, contextlib.suppress(SystemExit):
        cli.main()
    assert "Usage" in told.getvalue(), command
engines = {{"numpy", "pandas", "scipy", "pyarrow", "pandera", "matplotlib", "statsmodels", "sarcoid_epi.evidence"}}
print(sorted(engines & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert len(commands) > 9


def test_a_mistake_at_a_real_prompt_is_a_sentence(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "sarcoid_epi.cli", "check", "nowhere.csv"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 2
    assert done.stderr == "error: there is no file 'nowhere.csv'; give the path of a CSV or Parquet file.\n"


def test_an_interrupt_is_exit_code_130(run, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "write", interrupted)
    code, out, err = run("generate")
    assert (code, out) == (130, "")
    assert "Traceback" not in err

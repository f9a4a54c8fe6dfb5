"""A report can be rebuilt from its manifest, and what differs is named."""

from importlib.resources import files
from pathlib import Path

import pytest

from sarcoid_epi import api
from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.verifying import verify


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "report"
    api.report(folder, size=300, seed=4, vary={"osseous.true_prevalence": 0.05})
    return folder


def test_a_report_rebuilds_to_the_same_bytes(report):
    result = verify(report)
    assert result.same_bytes
    assert result.same_digits
    assert "bytes: same" in str(result)


@pytest.mark.parametrize("question", ["lofgren", "association", "prognosis"])
def test_the_report_of_one_question_rebuilds_to_the_same_bytes(question, tmp_path):
    make = getattr(api, f"{question}_report")
    make(tmp_path / "report", "A title", "A question?", "incident_clinic", size=200, seed=3)
    assert verify(tmp_path / "report").same_bytes


def test_a_changed_number_is_found_and_named(report, tmp_path):
    copy = tmp_path / "report"
    copy.mkdir()
    for file in (path for path in report.rglob("*") if path.is_file()):
        target = copy / file.relative_to(report)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    estimates = copy / "estimates.csv"
    text = estimates.read_text(encoding="utf-8")
    estimates.write_text(text.replace(",300,", ",301,", 1), encoding="utf-8")
    result = verify(copy)
    assert result.differing == ("estimates.csv",)
    assert not result.same_digits
    assert not result.same_within_tolerance


def test_a_last_digit_is_told_apart_from_another_number(report, tmp_path):
    from sarcoid_epi.verifying import _agree

    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("a,b\n0.12345678,x\n")
    other.write_text("a,b\n0.12345679,x\n")
    assert not _agree(one, other, 0.0)
    assert _agree(one, other, 1e-6)


def test_an_own_report_is_rebuilt_from_the_files_it_was_made_from(tmp_path):
    own = tmp_path / "own files"
    api.generate(size=50, seed=1, out=own, csv=True)
    belief = Path(str(files("sarcoid_epi.scenario") / "beliefs" / "vague.toml")).read_text(encoding="utf-8")
    (own / "my belief.toml").write_text(belief.replace('"vague"', '"mine"'), encoding="utf-8")
    (own / "names.toml").write_text('[columns]\n"sex" = "sex"\n', encoding="utf-8")
    data, mapping, mine = (str(own / name) for name in ("patients.csv", "names.toml", "my belief.toml"))
    api.report(tmp_path / "report", data, mapping, beliefs=[mine, "clinical"])
    text = "".join(
        p.read_text("utf-8") for p in (tmp_path / "report").rglob("*") if p.suffix in (".html", ".json", ".csv")
    )
    assert str(tmp_path) not in text
    with pytest.raises(ConfigurationError, match="--inputs"):
        verify(tmp_path / "report")
    assert verify(tmp_path / "report", own).same_bytes
    (own / "patients.csv").write_text((own / "patients.csv").read_text() + "\n")
    with pytest.raises(ConfigurationError, match=r"is not the 'patients\.csv'"):
        verify(tmp_path / "report", own)


def test_an_own_world_is_known_by_its_name_and_hash(tmp_path):
    (tmp_path / "small world.toml").write_text('name = "small"\nlabel = "Mine"\nextends = "evidence"\n', "utf-8")
    api.report(tmp_path / "report", world=str(tmp_path / "small world.toml"), size=30)
    assert verify(tmp_path / "report", tmp_path).same_bytes
    assert str(tmp_path) not in (tmp_path / "report" / "manifest.json").read_text("utf-8")


def test_a_folder_without_a_report_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="there is no report here"):
        verify(tmp_path)

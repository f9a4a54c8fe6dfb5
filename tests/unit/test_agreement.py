"""Agreement with the source review and with published series: nothing is left out, and nothing is claimed twice."""

from itertools import combinations

import numpy as np
import pytest

from sarcoid_epi.agreement.acceptance import Check, printed_range
from sarcoid_epi.agreement.directions import DIRECTIONS
from sarcoid_epi.agreement.looking import COLUMNS, Looks
from sarcoid_epi.agreement.matching import Curve, curve, leave_one_out, true_share_for
from sarcoid_epi.agreement.measuring import Measure
from sarcoid_epi.agreement.mimics import listed
from sarcoid_epi.agreement.numbers import NUMBERS, REVIEW, asked_by
from sarcoid_epi.agreement.series import FREQUENCIES, SITES_OF_SERIES, counts_of, two_sided
from sarcoid_epi.agreement.unrepresented import CANNOT
from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.evidence import finding, findings
from sarcoid_epi.explaining import explain
from sarcoid_epi.scenario import load_belief
from sarcoid_epi.scenario.loader import paths
from sarcoid_epi.scenario.world import World
from sarcoid_epi.stats.misclassification import apparent_from_true

TABLES = {
    "numbers": {one.finding for one in NUMBERS},
    "directions": {one.finding for one in DIRECTIONS},
    "mimics": set(listed()),
    "not represented": set(CANNOT),
}


def test_every_number_direction_and_diagnosis_of_the_review_is_in_exactly_one_table():
    wanted = {
        one.name
        for one in findings(source=REVIEW)
        if one.measure not in ("definition", "code", "list_item") or one.name.startswith("dd_")
    }
    for (one, first), (other, second) in combinations(TABLES.items(), 2):
        assert not first & second, f"in {one} and in {other}"
    assert set().union(*TABLES.values()) == wanted


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: f"{number.finding}-{number.world}")
def test_a_target_is_a_parameter(number):
    known = paths(World)
    assert not number.target or number.target in known
    assert all(path in known for path in number.vary)


@pytest.mark.parametrize("number", NUMBERS[::9], ids=lambda number: number.finding)
def test_what_a_row_names_is_explained(number):
    for id in (f"{REVIEW}.{number.finding}", number.target):
        assert not id or explain(id, number.world, number.design)


def test_columns_are_asked_for_once():
    assert len(COLUMNS) == len(set(COLUMNS))


def test_rules_follow_from_what_is_printed():
    counts = asked_by(finding("kucharz2020.sigaux_women"))
    assert (counts.low, counts.high) == pytest.approx((0.6431, 0.8625), abs=5e-5)
    assert (asked_by(finding("kucharz2020.organ_eye")).low, asked_by(finding("kucharz2020.organ_eye")).high) == (
        0.1,
        0.3,
    )
    assert asked_by(finding("kucharz2020.myo_symptomatic_upper")).high == 0.03
    assert printed_range(finding("kucharz2020.bone_prev_sparks_stated")) == pytest.approx((0.0145, 0.0155))
    assert asked_by(finding("kucharz2020.organ_gut")).exact


def test_a_check_needs_room_inside_unless_a_value_is_asked():
    measure = Measure(1.02, 0.01, 100, 1.0, 1.04)
    assert not Check(6, "", "", "", measure, 1, 2).holds
    assert Check(6, "", "", "", measure, 1, 1, exact=True).holds


def test_every_series_has_counts_printed_or_implied():
    for one in (*FREQUENCIES, *SITES_OF_SERIES):
        events, n = counts_of(finding(one.finding))
        assert 0 < events < n


def test_a_count_far_out_has_a_small_tail_and_a_typical_one_has_none():
    assert two_sided(4, 736, 4 / 736) == pytest.approx(1, abs=0.2)
    assert two_sided(20, 2013, 0.03) < 1e-6


def test_a_curve_runs_through_its_points_and_back():
    made = Curve("a", (0.01, 0.1, 0.3), (0.005, 0.02, 0.05))
    assert made.recorded_at(np.array(made.true)) == pytest.approx(made.recorded)
    assert made.true_at(float(made.recorded_at(0.17))) == pytest.approx(0.17)
    assert (np.diff(made.recorded_at(np.linspace(0.01, 0.3, 99))) > 0).all()


def test_a_recorded_share_beyond_the_curve_is_refused():
    with pytest.raises(ConfigurationError, match=r"0\.2 on record is not reached"):
        Curve("a", (0.01, 0.3), (0.005, 0.05)).true_at(0.2)


def test_without_a_basis_for_detection_the_true_share_is_refused_and_what_is_missing_is_named():
    with pytest.raises(ConfigurationError) as refused:
        true_share_for("evidence", "tertiary_records", 0.03)
    said = str(refused.value)
    assert "a recorded share does not say the true one" in said
    assert "sensitivity and specificity of the record are missing, or a second ascertainment" in said
    assert 'give detection="design"' in said


def test_with_sensitivity_and_specificity_it_is_rogan_and_gladens():
    recorded = float(apparent_from_true(0.12, 0.2, 0.998))
    assert true_share_for("evidence", "tertiary_records", recorded, (0.2, 0.998)) == pytest.approx(0.12)
    assert true_share_for("evidence", "tertiary_records", recorded, load_belief("clinical")) == pytest.approx(0.12)


def test_with_the_design_it_is_the_true_share_that_records_so_many():
    made = curve("evidence", "pet_series", size=5000, grid=(0.06, 0.12))
    assert list(made.recorded) == sorted(made.recorded)
    assert made.true_at(made.recorded[1]) == pytest.approx(0.12)


def test_another_word_for_detection_is_refused():
    with pytest.raises(ConfigurationError, match="no basis for detection"):
        true_share_for("evidence", "tertiary_records", 0.03, "guess")


def test_no_two_series_of_the_fit_share_patients(monkeypatch):
    """Each curve is one straight line here: only the choice of series and the prediction are looked at."""
    line = Curve("a", (0.01, 0.3), (0.01, 0.3))
    monkeypatch.setattr("sarcoid_epi.agreement.matching.curve", lambda *given, **named: line)
    predicted = leave_one_out(Looks(10, 1))
    ids = [one.finding.id for one in predicted.left_out]
    assert "kucharz2020.bone_prev_sparks_count" in ids
    assert not {"kucharz2020.bone_prev_sparks_stated", "mostard2012.osseous_or_marrow_of_scanned"} & set(ids)
    counts = [counts_of(one.finding) for one in predicted.left_out]
    pooled = sum(events for events, _ in counts) / sum(n for _, n in counts)
    assert predicted.fitted == pytest.approx(pooled, rel=1e-3)  # the maximum of one binomial likelihood
    assert predicted.low < predicted.fitted < predicted.high
    assert all(one.low < one.expected * one.n < one.high for one in predicted.left_out)

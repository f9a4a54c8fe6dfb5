"""Every statement of the review that carries a number, a direction or a list entry is in the registry, by its id."""

import pytest

from sarcoid_epi.evidence import finding, findings

STATEMENTS = {
    "number": """
        prevalence_world_per_100k incidence_world_per_100k_year incidence_poland_per_100k_year
        sex_ratio_female_to_male age_typical_range late_onset_increase organ_lung organ_skin organ_eye organ_liver
        organ_spleen organ_heart organ_nervous_system organ_upper_airway organ_gut dx_tb_noncaseating
        dx_sarcoid_some_caseation biomarker_sensitivity_below_one msk_any lofgren_isolated_ankle sigaux_sample
        sigaux_women sigaux_spa sigaux_sacroiliitis myo_any_involvement myo_symptomatic_upper myo_chronic_sex_age
        bone_more_than_half_asymptomatic bone_prev_neville bone_prev_james bone_prev_sparks_count
        bone_prev_sparks_stated sparks_period bone_prev_baughman bone_range_spread bone_half_mild_symptoms
        site_hands site_sparks_axial site_zhou_spine site_zhou_pelvis site_child_case ca_hypercalcaemia
        ca_hypercalciuria ca_hypercalciuria_very_high ca_hypercalcaemia_alt ca_hypercalciuria_alt ca_alp_normal
        tx_systemic_needed tx_bone_symptomatic_all tx_prednisone_initial_dose tx_prednisone_taper_start
    """,
    "direction": """
        late_onset_women geography_north_europe ancestry_african_american organ_lung_cough
        biomarker_chitotriosidase_better biomarker_monitoring_markers msk_common_bone_less arth_chronic_multiorgan
        arth_chronic_skin arth_tenosynovitis_over_synovitis arth_tenosynovitis_site arth_bilateral_ankle
        lofgren_joint_pain_overlooked lofgren_self_limited lofgren_few_medicated lofgren_relapse_infrequent
        lofgren_spring lofgren_vs_non_age lofgren_vs_non_sex lofgren_vs_non_stage lofgren_vs_non_medication
        lofgren_vs_non_fever axial_rare_asymptomatic axial_association_suggested sigaux_higher_incidence
        myo_acute_rare myo_chronic_commonest myo_gc_chronic_use myo_gc_dechallenge bone_mostly_asymptomatic
        bone_incidental_majority bone_low_from_underdiagnosis bone_chronic_multisystem site_phalanges_leading
        site_bilateral site_cysts_black site_spine_neurology_referral ca_renal_hydroxylation_pth ca_sun_diet_source
        ca_placenta ca_granuloma_hydroxylation ca_calcitriol_to_calcium ca_urine_chitotriosidase
        ca_hypercalciuria_polyuria ca_calcitriol_immune ca_vitd2_response ca_calcitriol_pth_bone
        ca_calcitriol_overproduction_bone bmd_decreased bmd_unchanged bmd_glucocorticoids_cause
        vitd_deficiency_lung_function detection_pet_beyond_ct detection_malignancy_linked detection_picture_variable
        tx_spontaneous_remission tx_bone_most_treated tx_gc_higher_dose tx_gc_bone_soft_tissue tx_gc_no_bone_benefit
        tx_gc_lowers_calcitriol tx_gc_osteoporosis tx_methotrexate_early
    """,
    "list entry": """
        arth_other_joints site_other_abstract lesion_types_abstract detection_pet_findings tx_other_agents
        dd_sys_lymphoproliferative dd_sys_sarcoidlike_malignancy dd_sys_tuberculosis dd_sys_atypical_mycobacteria
        dd_sys_brucellosis dd_sys_coccidioidomycosis_fungal dd_sys_leishmaniosis dd_sys_silicosis
        dd_sys_pneumoconiosis dd_sys_beryllium dd_sys_talc_zirconium dd_sys_drug_granulomatosis
        dd_sys_interstitial_lung dd_sys_autoimmune dd_sys_blau_autoinflammatory dd_sys_cvid dd_msk_metastasis
        dd_msk_myeloma dd_msk_hemangioma dd_msk_enchondroma dd_msk_paget dd_msk_osteopetrosis dd_msk_osteopoikilosis
        dd_msk_hyperparathyroidism dd_msk_xlh dd_msk_mastocytosis dd_msk_bone_tb dd_msk_brucellosis_msk
        dd_msk_coccidioidomycosis_msk dd_msk_spa dd_msk_muscle_metastasis dd_msk_muscle_infarction
        dd_msk_inflammatory_myopathy dd_joint_poncet dd_joint_infectious_arthritis dd_joint_gout dd_joint_crystal
        dd_joint_peripheral_spa dd_hilar_tb dd_hilar_histoplasmosis dd_hilar_fungal dd_hilar_malignancy
        dd_hilar_benign_tumour
    """,
    "definition": """
        granuloma_definition dx_pillars lofgren_triad ca_status_marker detection_biopsy_gold detection_tiger_man
    """,
}
NUMBERS, DIRECTIONS, LISTED, DEFINITIONS = (names.split() for names in STATEMENTS.values())

FLAGGED = {
    "ambiguous_denominator": """
        myo_symptomatic_upper bone_prev_neville bone_prev_james bone_prev_baughman site_hands site_zhou_spine
        site_zhou_pelvis ca_hypercalciuria_very_high
    """,
    "suspect_value": "sex_ratio_female_to_male sigaux_spa vitd_deficiency_lung_function",
    "arithmetic_conflict": "bone_prev_sparks_count bone_prev_sparks_stated",
    "pair_check": "prevalence_world_per_100k incidence_world_per_100k_year",
    "concept_error": "sigaux_higher_incidence",
    "definitional": "lofgren_vs_non_stage",
    "mismatch_with_primary": "bone_prev_baughman sigaux_spa vitd_deficiency_lung_function",
}


def review(name):
    return finding(f"kucharz2020.{name}")


@pytest.mark.parametrize("name", NUMBERS)
def test_a_statement_with_a_number_is_a_finding_with_that_number(name):
    one = review(name)
    assert any(number is not None for number in (one.events, one.n, one.value, one.low, one.high))


@pytest.mark.parametrize("name", DIRECTIONS)
def test_a_statement_with_a_direction_is_a_finding_that_points_somewhere(name):
    one = review(name)
    assert one.measure == "direction"
    assert one.direction


@pytest.mark.parametrize("name", LISTED)
def test_an_entry_of_a_list_is_a_finding_without_a_number(name):
    one = review(name)
    assert one.measure == "list_item"
    assert (one.events, one.n, one.value, one.low, one.high) == (None,) * 5


def test_the_review_has_nothing_else_but_its_definitions():
    rest = {one.name for one in findings(source="kucharz2020")} - {*NUMBERS, *DIRECTIONS, *LISTED}
    assert rest == set(DEFINITIONS)
    assert all(review(name).measure == "definition" for name in rest)


def test_the_flags_of_the_review_are_data():
    flagged = {flag: {one.name for one in findings(source="kucharz2020", flags=flag)} for flag in FLAGGED}
    assert flagged == {flag: set(names.split()) for flag, names in FLAGGED.items()}


def test_no_figure_of_the_review_is_ever_pooled():
    assert findings(source="kucharz2020", poolable=True) == ()


def test_both_lists_of_mimics_are_there_and_told_apart_by_what_they_mimic():
    mimics = findings(source="kucharz2020", topic="differential")
    assert len(mimics) == 43
    assert sum(one.where == "Table I-A" for one in mimics) == 16
    assert {one.variable for one in mimics if one.where == "Table I-B"} == {
        "osseous",
        "osseous and joint",
        "axial joints",
        "muscle",
    }

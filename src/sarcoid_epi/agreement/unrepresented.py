"""What the source review says and the synthetic patients cannot show, each with the reason."""

from __future__ import annotations

_NO_HEALTHY = "only patients are generated, nobody without sarcoidosis to compare them with"
_NO_CELLS = "chemistry of cells is not generated"
_JOINTS = "joints are not told apart: ankles, any arthritis, any pain"
_OTHER_JOINT = "no disease of joints other than sarcoidosis is generated"
_OTHER_NODES = "hilar nodes from other diseases are not generated: the patients have been taken for sarcoidosis already"
_NO_EFFECT = "treatment is not followed over time: no arrow leads from it to this"

CANNOT: dict[str, str] = {
    "ancestry_african_american": _NO_HEALTHY,
    "geography_north_europe": "no places are generated",
    "late_onset_increase": "the disease does not change over calendar years",
    "arth_bilateral_ankle": "sides of joints are not generated",
    "arth_tenosynovitis_site": _JOINTS,
    "axial_association_suggested": _NO_HEALTHY,
    "sigaux_higher_incidence": _NO_HEALTHY,
    "sigaux_sample": "the size of a sample, no property of patients",
    "sparks_period": "the years of one study, no property of patients; designs have years of their own",
    "biomarker_monitoring_markers": "soluble IL-2 receptor, neopterin, lysozyme, KL-6 and amyloid A are not generated",
    "bmd_decreased": _NO_HEALTHY,
    "bmd_unchanged": f"{_NO_HEALTHY}; the review says both",
    "ca_calcitriol_immune": _NO_CELLS,
    "ca_calcitriol_overproduction_bone": "no arrow leads from calcitriol to bone density",
    "ca_placenta": "pregnancy is not generated",
    "ca_renal_hydroxylation_pth": "no arrow leads from parathormone to calcitriol",
    "ca_vitd2_response": "nobody is given vitamin D",
    "detection_malignancy_linked": "cancer appears as a mimic and a suspicion, not as a cause of granulomas",
    "detection_picture_variable": "the type of a lesion does not depend on the bone, but for hands and feet",
    "lofgren_joint_pain_overlooked": "what is overlooked at the first visit is not generated",
    "myo_gc_chronic_use": "glucocorticoid myopathy does not depend on how long they were taken",
    "myo_gc_dechallenge": _NO_EFFECT,
    "site_child_case": "adults only, from 16 years",
    "site_spine_neurology_referral": "neurology is not among the referrals",
    "tx_gc_lowers_calcitriol": "no arrow leads from treatment to calcitriol; it lowers measured calcium and markers",
    "tx_gc_no_bone_benefit": _NO_EFFECT,
    "vitd_deficiency_lung_function": "lung function is not generated",
    "dd_joint_crystal": _OTHER_JOINT,
    "dd_joint_gout": _OTHER_JOINT,
    "dd_joint_infectious_arthritis": _OTHER_JOINT,
    "dd_joint_peripheral_spa": _OTHER_JOINT,
    "dd_joint_poncet": _OTHER_JOINT,
    "dd_hilar_benign_tumour": _OTHER_NODES,
    "dd_hilar_fungal": _OTHER_NODES,
    "dd_hilar_histoplasmosis": _OTHER_NODES,
    "dd_hilar_malignancy": _OTHER_NODES,
    "dd_hilar_tb": _OTHER_NODES,
}

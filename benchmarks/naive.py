"""The same 40 columns as one writes them in an afternoon: NumPy draws, pandas columns, one after the other.

No calibration, no truth apart, no prefix property, no memory limit: the yardstick for speed, not for being right.
"""

import numpy as np
import pandas as pd
from scipy.special import expit, logit

ORGANS = {
    "lung": 0.95,
    "skin": 0.16,
    "eye": 0.118,
    "liver": 0.115,
    "spleen": 0.067,
    "heart": 0.023,
    "nervous_system": 0.05,
}
SITES = {"hand": 0.22, "foot": 0.10, "skull": 0.04, "long": 0.19, "ribs": 0.28, "sternum": 0.33, "spine": 0.69}


def forty_columns(n: int, seed: int) -> pd.DataFrame:
    """40 columns of n patients with about the causes that the package's world has."""
    rng = np.random.default_rng(seed)
    df = pd.DataFrame({"patient_id": np.arange(1, n + 1)})
    df["centre"] = rng.choice([f"centre_{k}" for k in range(1, 11)], n)
    df["sex"] = rng.choice(["female", "male"], n, p=[0.636, 0.364])
    df["ancestry"] = rng.choice(["white", "black", "other"], n, p=[0.534, 0.442, 0.024])
    female, black = df["sex"] == "female", df["ancestry"] == "black"
    age = np.clip(rng.lognormal(np.log(40), 0.32, n) * np.where(female, 1.06, 1), 16, 80)
    df["age_at_onset"] = age.astype(int)
    delay = np.minimum(0.4 * rng.weibull(0.5, n), 15)
    df["age_at_diagnosis"] = (age + delay).astype(int)
    years = 0.5 * rng.random(n)
    df["onset_date"] = pd.Timestamp("2000-01-01") + pd.to_timedelta((rng.random(n) * 7300).astype(int), unit="D")
    df["diagnosis_date"] = df["onset_date"] + pd.to_timedelta((delay * 365.25).astype(int), unit="D")
    df["years_since_diagnosis"] = years.round(2)
    season = df["onset_date"].dt.dayofyear / 365
    hla = rng.random(n) < np.where(black, 0.12, 0.17)
    lo = 0.5 * female - 1.5 * black + 2.4 * hla - 0.02 * (age - 40) + np.cos(2 * np.pi * (season - 0.3))
    acute = rng.random(n) < expit(-3.3 + lo)
    frailty = rng.standard_normal(n)
    burden = 0.7 * frailty + 0.71 * rng.standard_normal(n) - 0.8 * acute + 0.4 * black
    df["incidental_finding"] = ~acute & (rng.random(n) < expit(-1.9 - 0.4 * burden))
    told = ~df["incidental_finding"]
    nodosum = acute & (rng.random(n) < expit(-0.8 + 1.7 * female))
    df["erythema_nodosum"] = told & (nodosum | (rng.random(n) < 0.01))
    df["ankle_periarthritis"] = told & (rng.random(n) < np.where(acute, np.where(nodosum, 0.6, 1), 0.002))
    df["arthritis"] = told & (rng.random(n) < np.where(acute, 0.75, 0.06))
    df["fever"] = told & (rng.random(n) < np.where(acute, 0.35, 0.08))
    df["cough"] = told & (rng.random(n) < np.where(acute, 0.2, 0.45))
    u = rng.random(n)
    cuts = np.stack([u < expit(a + 0.7 * burden) for a in (2.4, 0.2, -1.7, -3.0)])
    stage = np.where(acute, np.clip(cuts.sum(axis=0), 0, 2), cuts.sum(axis=0))
    df["scadding_stage"] = pd.Categorical.from_codes(stage, ["0", "I", "II", "III", "IV"])
    df["bilateral_hilar_lymphadenopathy"] = (stage == 1) | (stage == 2)
    df["lofgren_broad"] = df["bilateral_hilar_lymphadenopathy"] & (df["erythema_nodosum"] | df["ankle_periarthritis"])
    for organ, share in ORGANS.items():
        df[organ] = rng.random(n) < expit(logit(share) + 0.4 * frailty + 0.4 * burden + 0.5 * black)
    rest = (rng.random(n) < expit(logit(share) + 0.4 * frailty + 0.4 * burden) for share in (0.02, 0.01))
    df["n_organs"] = df[list(ORGANS)].sum(axis=1) + sum(rest)
    df["lupus_pernio"] = df["skin"] & (rng.random(n) < 0.25)
    df["extrathoracic_nodes"] = rng.random(n) < expit(-2 + 0.5 * frailty + 0.6 * burden)
    df["chronic_back_pain"] = rng.random(n) < expit(-2.2 + 0.5 * female + 0.02 * (age - 50))
    osseous = rng.random(n) < expit(-3.2 + 0.5 * frailty + 0.6 * burden + 0.9 * df["lupus_pernio"])
    symptomatic = osseous & (rng.random(n) < 0.25)
    df["musculoskeletal"] = df["arthritis"] | df["ankle_periarthritis"] | symptomatic | (rng.random(n) < 0.15)
    df["systemic_therapy"] = rng.random(n) < expit(0.5 + 0.7 * burden - 1.5 * acute + 1.5 * df["heart"])
    mimic = rng.random(n) < 0.07
    df["bone_pain"] = symptomatic | (rng.random(n) < 0.08)
    cancer = rng.random(n) < 0.015
    hit = {}
    for modality, (routine, prompted) in {"film": (0.01, 0.3), "ct": (0.3, 0), "mri": (0.005, 0.3)}.items():
        imaged = rng.random(n) < np.where(df["bone_pain"], 1 - (1 - routine) * (1 - prompted), routine)
        shown = np.zeros(n, dtype=bool)
        for share in SITES.values():
            shown |= osseous & (rng.random(n) < share) & (rng.random(n) < 0.5)
        hit[modality] = imaged & (shown | (rng.random(n) < np.where(mimic, 0.05, 0.001)))
    df["imaging_fdg_pet"] = rng.random(n) < np.where(df["heart"] | cancer, 0.3, 0.005)
    df["reading_fdg_pet"] = pd.Series(osseous & (rng.random(n) < 0.85), dtype="boolean").mask(~df["imaging_fdg_pet"])
    positive = hit["film"] | hit["ct"] | hit["mri"]
    biopsy = positive & (rng.random(n) < 0.25) & (rng.random(n) < 0.68)
    grade = np.select([biopsy, positive, df["reading_fdg_pet"].fillna(False)], [3, 2, 1], 0)
    df["osseous_grade"] = pd.Categorical.from_codes(grade, ["none", "possible", "probable", "definite"])
    df["osseous_recorded"] = (grade > 0) & (rng.random(n) < np.where(df["bone_pain"], 0.9, 0.67))
    calcitriol = 0.7 * burden + 0.71 * rng.standard_normal(n)
    high = rng.random(n) < expit(-3.2 + 0.9 * calcitriol - 0.4 * female)
    df["hypercalcaemia"] = pd.Series(high, dtype="boolean").mask(rng.random(n) > 0.9)
    urine = rng.random(n) < expit(-1.4 + 0.8 * calcitriol - 0.2 * female)
    df["hypercalciuria"] = pd.Series(urine, dtype="boolean").mask(rng.random(n) > 0.4)
    margin = np.where(acute, np.where(hla, 2.9, 0.0), -0.4 - 0.6 * burden)
    time = 2 * np.exp((logit(rng.random(n)) - margin) / 1.3)
    end = years + np.minimum(
        -np.log(rng.random(n)) / 0.03, np.minimum(-np.log(rng.random(n)) / 0.01, 12 * rng.random(n))
    )
    df["remission"] = time <= end
    df["remission_years"] = np.where(df["remission"], time.round(2), np.nan)
    return df

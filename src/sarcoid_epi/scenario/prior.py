"""What is believed of patients and of looking before published series are read together."""

from __future__ import annotations

from sarcoid_epi.scenario.parameter import About, Positive, Section, Share


class Patients(Section):
    """The true share among referred patients some years into the disease, and the odds of others over theirs.

    `new`: at diagnosis; `scanned`: sent to PET; `back_pain`: with chronic back pain. `between` is the standard
    deviation of the log odds between series of one kind.
    """

    osseous: Share
    new: Positive
    scanned: Positive
    back_pain: Positive
    between: Positive


class Symptoms(Section):
    """Share of the true cases that have symptoms of bone."""

    symptomatic: Share


class Routine(Section):
    """Records of routine care: chance that a lesion is imaged with symptoms and without, and is seen and written down.

    `specificity` is the chance that a patient without bone disease has no record of it.
    """

    imaged_symptomatic: Share
    imaged_silent: Share
    seen: Share
    specificity: Share


class Test(Section):
    """One way to look at everybody: chance to find a patient's bone disease, and to find none where there is none."""

    sensitivity: Share
    specificity: Share


class Prior(Section):
    """Priors of a joint synthesis; each number's distribution follows from its basis."""

    name: str
    label: str
    about: About
    patients: Patients
    symptoms: Symptoms
    routine: Routine
    film: Test
    mri: Test
    pet: Test

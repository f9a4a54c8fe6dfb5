"""The patient table: read it, check it against the vocabulary, and make it safe for the engines."""

from sarcoid_epi.patients.checking import Checked, Issue, check, read_patients
from sarcoid_epi.patients.engines import model_frame

__all__ = ["Checked", "Issue", "check", "model_frame", "read_patients"]

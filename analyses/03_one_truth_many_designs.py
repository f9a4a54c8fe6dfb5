"""Do patients made from one truth show what each study printed, when each design looks at them in its own way?"""

from pathlib import Path

from sarcoid_epi import api

REPORTS = Path(__file__).parents[1] / "reports"

print(api.agreement_report(REPORTS / "03_one_truth_many_designs", "One truth, many designs", question=__doc__))

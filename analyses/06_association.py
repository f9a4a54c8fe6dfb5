"""What goes with bone on record, with hypercalcaemia and with therapy, and what may one say of it?"""

from pathlib import Path

from sarcoid_epi import api

REPORTS = Path(__file__).parents[1] / "reports"

print(api.association_report(REPORTS / "06_association", "What goes with what", question=__doc__))

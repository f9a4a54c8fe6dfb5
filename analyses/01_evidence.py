"""What did the literature print about bone in sarcoidosis, and what is wrong with it?"""

from pathlib import Path

from sarcoid_epi import api
from sarcoid_epi.report.document import build

content = api.evidence_content("What the literature printed", question=__doc__)
print(build(content, Path(__file__).parents[1] / "reports" / "01_evidence"))

"""The main job with its defaults: a synthetic tertiary cohort, all questions, one report."""

from pathlib import Path

from sarcoid_epi import api

page = api.report(out=Path(__file__).parents[1] / "reports" / "main")
print(f"The report: {page}")

"""What is made from the generator: the causal graph, its overview, the codebook, and the arrows that analyses read."""

from pathlib import Path

from sarcoid_epi.cohort.steps import NODES
from sarcoid_epi.documenting import arrows, documents
from sarcoid_epi.files import write_text

ARROWS = Path(__file__).parents[1] / "src" / "sarcoid_epi" / "scenario" / "causes.toml"

for name, text in documents().items():
    print(write_text(Path(__file__).parent / name, text))

print(write_text(ARROWS, arrows(NODES)))

#!/bin/sh
# Write the reference values again: sh tests/reference/regenerate.sh
# Needs R with the Debian packages r-cran-epir, r-cran-metafor, r-cran-lme4, r-cran-sandwich, r-cran-mitools and
# r-cran-prevalence (with jags). The imputed data sets that R pools are ours: python test_association_missing_reference.py.
# Each R script writes one JSON file beside this one; unchanged values change no byte.
set -eu
cd "$(dirname "$0")"
for script in R/*.R; do
  [ "$script" = R/write.R ] || Rscript --vanilla "$script"
done

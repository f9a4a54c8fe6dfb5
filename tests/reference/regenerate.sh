#!/bin/sh
# Write the reference values again: sh tests/reference/regenerate.sh
# Needs R with the Debian packages r-cran-epir, r-cran-metafor, r-cran-lme4 and r-cran-prevalence (with jags).
# Each R script writes one JSON file beside this one; unchanged values change no byte.
set -eu
cd "$(dirname "$0")"
for script in R/*.R; do
  [ "$script" = R/write.R ] || Rscript --vanilla "$script"
done

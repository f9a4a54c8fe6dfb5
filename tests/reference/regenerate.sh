#!/bin/sh
# Write the reference values again: sh tests/reference/regenerate.sh
# Needs R with the Debian packages r-cran-epir, r-cran-metafor, r-cran-lme4, r-cran-prevalence (with jags), r-cran-survival,
# r-cran-cmprsk, r-cran-etm, r-cran-epi, r-cran-epitools, r-cran-brglm2, r-cran-sandwich, r-cran-vgam, r-cran-car, r-cran-hmisc,
# r-cran-rms, r-cran-proc, r-cran-mitools, r-cran-geepack, r-cran-mass and r-cran-nnet.
# The imputed data sets that R pools are ours: python test_association_missing_reference.py.
# PYTHON is one that finds lifelines and statsmodels, whose data some scripts read.
# Each R script writes one JSON file beside this one; unchanged values change no byte.
set -eu
cd "$(dirname "$0")"
for script in R/*.R; do
  [ "$script" = R/write.R ] || Rscript --vanilla "$script"
done

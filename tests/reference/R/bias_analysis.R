# Bias analysis written again from the formulas, with R's own distributions and another algorithm where there is one.
# Run by regenerate.sh, from tests/reference. Neither episensr nor EValue is used: their printed values are in tests/published.
source("R/write.R")

# The uniforms of the draws: a rank-1 lattice, the same in the test.
lattice <- function(draws, columns) {
  step <- sqrt(c(2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41))[seq_len(columns)]
  outer(seq_len(draws), step, function(i, s) (i * s) %% 1)
}

# Record level: two exposure groups in two strata, sensitivity 18:2 and specificity 95:5, copula correlation 0.5.
draws <- 200
u <- lattice(draws, 13)
z <- qnorm(u[, 1:2])
sensitivity <- qbeta(u[, 1], 18, 2)
specificity <- qbeta(pnorm(0.5 * z[, 1] + sqrt(0.75) * z[, 2]), 95, 5)
w <- lattice(draws + 7, 13)[-(1:7), ]
with <- c(40, 75, 22, 61)
without <- c(160, 125, 178, 239)
true <- suppressWarnings(sapply(1:4, function(k) {
  apparent <- qbeta(w[, k], with[k] + 0.5, without[k] + 0.5)
  share <- (apparent + specificity - 1) / (sensitivity + specificity - 1)
  right <- share * sensitivity / (share * sensitivity + (1 - share) * (1 - specificity))
  missed <- share * (1 - sensitivity) / (share * (1 - sensitivity) + (1 - share) * specificity)
  qbinom(w[, 4 + k], with[k], right) + qbinom(w[, 8 + k], without[k], missed)
}))
possible <- which(!is.na(rowSums(true)))
# Mantel-Haenszel measures and their standard errors by metafor, for the first tables that are possible.
mantel <- sapply(c(OR = "OR", RR = "RR", RD = "RD"), function(measure) sapply(possible[1:20], function(i) {
  size <- with + without
  fit <- metafor::rma.mh(ai = true[i, c(2, 4)], n1i = size[c(2, 4)], ci = true[i, c(1, 3)], n2i = size[c(1, 3)],
                         measure = measure, correct = FALSE)
  # metafor's error of the risk difference is Sato's; the one of Greenland and Robins is that of a weighted mean.
  p <- true[i, ] / size
  weight <- size[c(1, 3)] * size[c(2, 4)] / (size[c(1, 3)] + size[c(2, 4)])
  binomial <- (p * (1 - p) / size)[c(1, 3)] + (p * (1 - p) / size)[c(2, 4)]
  c(as.numeric(fit$beta), if (measure == "RD") sqrt(sum(weight^2 * binomial)) / sum(weight) else fit$se)
}))

# Misclassified tables by solving the linear equations of the misclassification matrix.
tables <- rbind(c(215, 1449, 668, 4296), c(45, 94, 257, 945), c(40, 20, 60, 80), c(4558, 3428, 46305, 46085))
quality <- rbind(c(0.78, 0.99, 0.78, 0.99), c(0.9, 0.92, 0.85, 0.95), c(0.91, 0.87, 0.97, 0.925), c(0.53, 0.99, 0.6, 0.995))
divided <- function(yes, no, se, sp) solve(matrix(c(se, 1 - se, 1 - sp, sp), 2), c(yes, no))
outcome <- t(sapply(1:4, function(i) {
  exposed <- divided(tables[i, 1], tables[i, 3], quality[i, 1], quality[i, 2])
  unexposed <- divided(tables[i, 2], tables[i, 4], quality[i, 3], quality[i, 4])
  c(exposed[1], unexposed[1], exposed[2], unexposed[2])
}))
exposure <- t(sapply(1:4, function(i) c(
  divided(tables[i, 1], tables[i, 2], quality[i, 1], quality[i, 2]),
  divided(tables[i, 3], tables[i, 4], quality[i, 3], quality[i, 4])
)))

# E-value of a risk difference: both bias factors by root finding.
differences <- data.frame(
  a = c(397, 397, 100, 30, 55), b = c(51, 51, 50, 8, 51), c = c(78557, 78557, 200, 170, 108778),
  d = c(108778, 108778, 200, 192, 108778), true = c(0, 0.001, 0, 0.02, 0)
)
e_of <- function(factor) factor + sqrt(factor * (factor - 1))
e_values <- apply(differences, 1, function(x) {
  n1 <- x[["a"]] + x[["c"]]; n0 <- x[["b"]] + x[["d"]]
  p1 <- x[["a"]] / n1; p0 <- x[["b"]] / n0; f <- n1 / (n1 + n0)
  left <- function(B) (p1 - p0 * B) * (f + (1 - f) / B)
  spread <- function(B) sqrt((p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0 * B^2) * (f + (1 - f) / B)^2 +
                               (p1 - p0 * B)^2 * (1 - 1 / B)^2 * f * (1 - f) / (n1 + n0))
  low <- function(B) left(B) - qnorm(0.975) * spread(B) - x[["true"]]
  root <- function(g) uniroot(g, c(1, 1e4), tol = 1e-14, maxiter = 1e5)$root
  c(e_of(root(function(B) left(B) - x[["true"]])), if (low(1) <= 0) 1 else e_of(root(low)))
})
write_reference("bias_analysis.json", "qbeta, qbinom, qnorm, pnorm, solve, uniroot; metafor::rma.mh", "metafor", list(
  sensitivity = sensitivity, specificity = specificity, true = as.vector(t(true)), possible = possible[1:20],
  mantel_odds_ratio = mantel[, "OR"], mantel_risk_ratio = mantel[, "RR"], mantel_risk_difference = mantel[, "RD"],
  tables = as.vector(t(tables)), quality = as.vector(t(quality)),
  outcome = as.vector(t(outcome)), exposure = as.vector(t(exposure)),
  differences = as.vector(t(as.matrix(differences))), e_values = as.vector(e_values)
))

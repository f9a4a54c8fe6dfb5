# Weighted regressions, selection weights and pooled imputations, as sandwich, mitools and stacked estimating equations say.
# Run by regenerate.sh, from tests/reference. association_imputed.csv is written by python test_association_missing_reference.py.
#
# 400 made patients: two arms, two sexes, ages in whole years, nine centres, weights of two decimals, and a flag of who
# was selected, which turns on age, sex and arm.
suppressMessages({library(sandwich); library(mitools)})
source("R/write.R")
out <- list()
put <- function(name, values) out[[name]] <<- as.vector(values)
set.seed(20261125)
n <- 400
d <- data.frame(arm = rbinom(n, 1, 0.4), sex = rbinom(n, 1, 0.5), age = sample(20:70, n, TRUE),
                centre = sample(0:8, n, TRUE), weight = round(runif(n, 0.2, 4), 2))
d$y <- rbinom(n, 1, plogis(-1 + 0.8 * d$arm - 0.3 * d$sex + 0.02 * (d$age - 45)))
d$selected <- rbinom(n, 1, plogis(0.3 + 0.03 * (d$age - 45) - 0.8 * d$sex + 0.5 * d$arm))
for (name in names(d)) put(name, d[[name]])
tight <- glm.control(epsilon = 1e-15, maxit = 200)

# ---- weights: the weighted scores, HC0, and CR1 over centres
for (family in c("logistic", "prevalence_ratio")) {
  f <- suppressWarnings(glm(y ~ arm + sex + age, if (family == "logistic") binomial else poisson, d, weights = weight,
                            control = tight))
  put(family, coef(f))
  put(paste0(family, "_error"), sqrt(diag(sandwich(f))))
  put(paste0(family, "_clustered"), sqrt(diag(vcovCL(f, d$centre, type = "HC0", cadjust = TRUE))))
}

# ---- selection: all equations stacked, derivative by central differences (errors of 1e-9), patients or centres summed
v <- model.matrix(~ age + sex + arm, d)
x <- model.matrix(~ arm + sex, d)
for (family in c("logistic", "prevalence_ratio")) {
  mean_of <- if (family == "logistic") plogis else exp
  alpha <- coef(glm(selected ~ age + sex + arm, binomial, d, control = tight))
  p <- drop(plogis(v %*% alpha))
  f <- suppressWarnings(glm(y ~ arm + sex, if (family == "logistic") binomial else poisson, d, subset = selected == 1,
                            weights = (1 / p), control = tight))
  theta <- c(alpha, coef(f))
  scores <- function(theta) {
    p <- drop(plogis(v %*% theta[1:4]))
    cbind((d$selected - p) * v, d$selected / p * (d$y - drop(mean_of(x %*% theta[5:7]))) * x)
  }
  stopifnot(max(abs(colSums(scores(theta)))) < 1e-6)
  steps <- 1e-4 * c(1, 0.02, 1, 1, 1, 1, 1)
  slope <- sapply(seq_along(theta), function(j) {
    total <- function(k) colSums(scores(theta + k * steps[j] * (seq_along(theta) == j)))
    (-total(2) + 8 * total(1) - 8 * total(-1) + total(-2)) / (12 * steps[j])
  })
  error <- function(s) sqrt(diag(solve(slope) %*% crossprod(s) %*% t(solve(slope))))[5:7]
  put(paste0("selection_", family), coef(f))
  put(paste0("selection_", family, "_error"), error(scores(theta)))
  put(paste0("selection_", family, "_clustered"), error(rowsum(scores(theta), d$centre)) * sqrt(9 / 8))
  put(paste0("selection_", family, "_known"), sqrt(diag(sandwich(f))))
  w <- mean(d$selected) / p[d$selected == 1]
  put(paste0("selection_", family, "_weights"), c(sum(w)^2 / sum(w^2), max(w)))
}

# ---- imputed data sets of ours, analysed by glm and pooled by mitools, and by hand with Barnard and Rubin's degrees
made <- read.csv("association_imputed.csv")
fits <- lapply(split(made, made$set), function(one)
  glm(osseous_recorded ~ lofgren_broad + serum_calcium_mmol_l + factor(ancestry), binomial, one, control = tight))
m <- length(fits)
pooled <- MIcombine(lapply(fits, coef), lapply(fits, vcov))
put("pooled", coef(pooled))
put("pooled_error", sqrt(diag(vcov(pooled))))
b <- apply(sapply(fits, coef), 1, var)
total <- diag(vcov(pooled))
lambda <- (1 + 1 / m) * b / total
complete <- nrow(made) / m - length(b)
df <- 1 / (lambda^2 / (m - 1) + 1 / ((complete + 1) / (complete + 3) * complete * (1 - lambda)))
r <- lambda / (1 - lambda)
put("pooled_information", (r + 2 / (df + 3)) / (r + 1))
put("pooled_low", coef(pooled) - qt(0.975, df) * sqrt(total))
put("pooled_high", coef(pooled) + qt(0.975, df) * sqrt(total))
write_reference("association_missing.json", "R/association_missing.R: glm, sandwich, mitools, stacked equations",
                c("sandwich", "mitools"), out)

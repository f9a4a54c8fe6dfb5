# Regressions for an outcome of yes or no, on public data. Run by regenerate.sh, from tests/reference.
#
# Data: brglm2::endometrial (quasi-separated), brglm2::lizards (grouped), MASS::birthwt, survival::lung (clusters, missing
# values), and a made cohort of 60 with ties, a cell without events, a one-level factor and weights.
# Profiles are our own: the coefficient is held through an offset, the limit found by uniroot.
source("R/write.R")
suppressMessages({library(brglm2); library(MASS); library(survival); library(sandwich)})
strict <- list(epsilon = 1e-14, maxit = 200)
# glm keeps the weights of the step before its last; once more from the answer and they are the answer's
exact <- function(fit) suppressWarnings(update(fit, start = coef(fit)))
values <- list()
keep <- function(name, x) values[[name]] <<- as.numeric(x)
rows <- function(name, x, y, n = rep(1, length(y))) {
  keep(paste0(name, "_x"), t(x)); keep(paste0(name, "_columns"), ncol(x))
  keep(paste0(name, "_events"), y); keep(paste0(name, "_n"), n)
}
logit_ml <- function(x, y, n, offset = rep(0, length(y)))
  suppressWarnings(glm.fit(x, cbind(y, n - y), family = binomial(), offset = offset, control = strict))

# --- profiles -------------------------------------------------------------------------------------------------------
ml_value <- function(x, y, n, j, b) {
  fit <- logit_ml(x[, -j, drop = FALSE], y, n, x[, j] * b)
  eta <- fit$linear.predictors
  sum(y * plogis(eta, log.p = TRUE) + (n - y) * plogis(-eta, log.p = TRUE))
}
firth_fit <- function(x, y, n, held = NULL, b = 0) {
  free <- setdiff(seq_len(ncol(x)), held)
  beta <- rep(0, ncol(x)); beta[held] <- b
  for (i in 1:5000) {
    mu <- plogis(drop(x %*% beta)); w <- n * mu * (1 - mu)
    h <- w * rowSums((x %*% solve(crossprod(x * w, x))) * x)
    score <- crossprod(x, y - n * mu + h * (0.5 - mu))[free]
    step <- solve(crossprod(x[, free, drop = FALSE] * w, x[, free, drop = FALSE]), score)
    step <- step / max(1, max(abs(step)))
    beta[free] <- beta[free] + step
    if (max(abs(step)) < 1e-13) break
  }
  eta <- drop(x %*% beta); mu <- plogis(eta); w <- n * mu * (1 - mu)
  information <- crossprod(x * w, x)
  h <- w * rowSums((x %*% solve(information)) * x)
  value <- sum(y * plogis(eta, log.p = TRUE) + (n - y) * plogis(-eta, log.p = TRUE)) +
    as.numeric(determinant(information)$modulus) / 2
  list(beta = beta, value = value, h = h, information = information, mu = mu)
}
profile_limits <- function(top, estimate, error, value) {
  target <- top - qchisq(0.95, 1) / 2
  side <- function(s) {
    far <- 1
    while (value(estimate + s * far * error) > target) far <- far * 1.5
    uniroot(function(b) value(b) - target, sort(estimate + s * c(0, far) * error), tol = 1e-13)$root
  }
  c(side(-1), side(1))
}
ml <- function(name, x, y, n, profile = TRUE) {
  fit <- logit_ml(x, y, n)
  eta <- fit$linear.predictors; mu <- fit$fitted.values
  covariance <- solve(crossprod(x * (n * mu * (1 - mu)), x))
  top <- sum(y * plogis(eta, log.p = TRUE) + (n - y) * plogis(-eta, log.p = TRUE))
  keep(paste0(name, "_ml_estimate"), fit$coefficients)
  keep(paste0(name, "_ml_covariance"), covariance)
  keep(paste0(name, "_ml_value"), top)
  if (profile) {
    limits <- sapply(seq_len(ncol(x)), function(j) profile_limits(
      top, fit$coefficients[j], sqrt(covariance[j, j]), function(b) ml_value(x, y, n, j, b)))
    keep(paste0(name, "_ml_low"), limits[1, ]); keep(paste0(name, "_ml_high"), limits[2, ])
    keep(paste0(name, "_ml_statistic"), sapply(seq_len(ncol(x)), function(j) 2 * (top - ml_value(x, y, n, j, 0))))
  }
}
firth <- function(name, x, y, n) {
  peer <- glm(cbind(y, n - y) ~ x - 1, family = binomial(), method = "brglmFit", type = "AS_mean",
              control = list(epsilon = 1e-13, maxit = 5000))
  own <- firth_fit(x, y, n)
  stopifnot(max(abs(own$beta - coef(peer))) < 1e-6)
  keep(paste0(name, "_firth_estimate"), coef(peer))
  keep(paste0(name, "_firth_std_error"), summary(peer)$coefficients[, 2])
  keep(paste0(name, "_firth_value"), own$value)
  limits <- sapply(seq_len(ncol(x)), function(j) profile_limits(
    own$value, own$beta[j], sqrt(solve(own$information)[j, j]), function(b) firth_fit(x, y, n, j, b)$value))
  keep(paste0(name, "_firth_low"), limits[1, ]); keep(paste0(name, "_firth_high"), limits[2, ])
  keep(paste0(name, "_firth_statistic"),
       sapply(seq_len(ncol(x)), function(j) 2 * (own$value - firth_fit(x, y, n, j, 0)$value)))
  keep(paste0(name, "_firth_joint"), 2 * (own$value - firth_fit(x, y, n, 2:3, c(0, 0))$value))
  eta <- drop(x %*% coef(peer))
  flic <- suppressWarnings(glm(cbind(y, n - y) ~ 1, family = binomial(), offset = eta, control = strict))
  keep(paste0(name, "_flic_risk"), fitted(flic))
  twice <- cbind(rbind(x, x), rep(0:1, each = nrow(x)))
  flac <- suppressWarnings(glm.fit(twice, c(y / n, rep(0.5, length(y))), weights = c(n, own$h), family = binomial(),
                                   control = strict))
  keep(paste0(name, "_flac_estimate"), flac$coefficients[seq_len(ncol(x))])
}

# --- data -----------------------------------------------------------------------------------------------------------
data(endometrial); data(lizards)
x <- model.matrix(~ NV + PI + EH, endometrial)
rows("endometrial", x, endometrial$HG); firth("endometrial", x, endometrial$HG, rep(1, nrow(x)))

x <- model.matrix(~ height + diameter + light + time, lizards)
y <- lizards$grahami; n <- y + lizards$opalinus
rows("lizards", x, y, n); ml("lizards", x, y, n); firth("lizards", x, y, n)

b <- transform(birthwt, race = factor(race))
x <- model.matrix(~ smoke + race + age + lwt + ht + ui, b); y <- b$low; one <- rep(1, length(y))
rows("birthwt", x, y); ml("birthwt", x, y, one); firth("birthwt", x, y, one)
fit <- exact(glm(low ~ smoke + race + age + lwt + ht + ui, binomial, b, control = strict))
keep("birthwt_race_statistic", deviance(update(fit, . ~ . - race, start = NULL)) - deviance(fit))
keep("birthwt_vif", car::vif(fit)[, 1])
keep("birthwt_hat", hatvalues(fit)); keep("birthwt_cook", cooks.distance(fit))
keep("birthwt_pearson", residuals(fit, "pearson"))
# what leaving each out really does, what R's dfbeta() says (with deviance residuals), and the one step of Newton
keep("birthwt_left_out", sapply(seq_along(y), function(i) coef(fit) - logit_ml(x[-i, ], y[-i], one[-i])$coefficients))
keep("birthwt_r_dfbeta", t(dfbeta(fit)))
keep("birthwt_dfbeta", vcov(fit) %*% t(x * ((y - fitted(fit)) / (1 - hatvalues(fit)))))
keep("birthwt_hc0", vcovHC(fit, type = "HC0")); keep("birthwt_hc1", vcovHC(fit, type = "HC1"))

poisson_fit <- exact(glm(low ~ smoke + race + age + lwt + ht + ui, poisson, b, control = strict))
keep("birthwt_poisson_estimate", coef(poisson_fit)); keep("birthwt_poisson_hc0", vcovHC(poisson_fit, type = "HC0"))
small <- model.matrix(~ smoke + race, b)
binomial_fit <- exact(glm(low ~ smoke + race, binomial(link = "log"), b, start = c(-1.5, 0, 0, 0), control = strict))
rows("races", small, y)
keep("races_log_binomial_estimate", coef(binomial_fit)); keep("races_log_binomial_covariance", vcov(binomial_fit))

# standardised risks: stacked estimating equations, derivative by central differences
x1 <- x; x1[, "smoke"] <- 1; x0 <- x; x0[, "smoke"] <- 0
beta <- coef(fit); r <- c(mean(plogis(x1 %*% beta)), mean(plogis(x0 %*% beta)))
stacked <- function(theta) cbind(x * drop(y - plogis(x %*% theta[1:8])),
                                 plogis(x1 %*% theta[1:8]) - theta[9], plogis(x0 %*% theta[1:8]) - theta[10])
theta <- c(beta, r)
slope <- sapply(1:10, function(k) {
  d <- 1e-5 * max(1, abs(theta[k])) * (1:10 == k)
  colSums(stacked(theta + d) - stacked(theta - d)) / (2 * sum(d))
})
sandwich_of <- function(scores) solve(slope) %*% crossprod(scores) %*% t(solve(slope))
keep("standard_risk", r); keep("standard_covariance", sandwich_of(stacked(theta))[9:10, 9:10])
keep("standard_cluster", sandwich_of(rowsum(stacked(theta), b$age))[9:10, 9:10])
jacobian <- rbind(colMeans(x1 * drop(plogis(x1 %*% beta) * (1 - plogis(x1 %*% beta)))),
                  colMeans(x0 * drop(plogis(x0 %*% beta) * (1 - plogis(x0 %*% beta)))))
keep("standard_known", jacobian %*% vcov(fit) %*% t(jacobian)); keep("birthwt_age", b$age)

product <- glm(low ~ smoke * ui + lwt, binomial, b, control = strict)
measures <- suppressMessages(suppressWarnings(epiR::epi.interaction(product, coef = c(2, 3, 5), param = "product")))
keep("interaction_estimate", coef(product)[c(2, 3, 5)]); keep("interaction_covariance", vcov(product)[c(2, 3, 5), c(2, 3, 5)])
keep("interaction_reri", measures$reri); keep("interaction_ap", measures$apab); keep("interaction_s", measures$s)

# --- clusters: lung by institution, complete cases of these columns --------------------------------------------------
l <- na.omit(lung[, c("inst", "status", "age", "sex", "ph.ecog")])
l$dead <- as.integer(l$status == 2)
x <- model.matrix(~ age + sex + ph.ecog, l)
rows("lung", x, l$dead); keep("lung_cluster", l$inst)
fit <- glm(dead ~ age + sex + ph.ecog, binomial, l, control = strict)
keep("lung_cr0", vcovCL(fit, l$inst, type = "HC0", cadjust = FALSE))
keep("lung_cr1", vcovCL(fit, l$inst, type = "HC0", cadjust = TRUE))
keep("lung_cr1s", vcovCL(fit, l$inst, type = "HC1", cadjust = TRUE))
fit <- glm(dead ~ age + sex + ph.ecog, poisson, l, control = strict)
keep("lung_poisson_estimate", coef(fit)); keep("lung_poisson_cr1", vcovCL(fit, l$inst, type = "HC0", cadjust = TRUE))
own <- firth_fit(x, l$dead, rep(1, nrow(x)))
scores <- x * (l$dead - own$mu + own$h * (0.5 - own$mu)); bread <- solve(own$information)
keep("lung_firth_cr0", bread %*% crossprod(rowsum(scores, l$inst)) %*% bread)
keep("lung_firth_hc0", bread %*% crossprod(scores) %*% bread)

# --- a made cohort ---------------------------------------------------------------------------------------------------
made <- data.frame(sex = rep(0:1, 30), organ = rep(c(0, 0, 1), 20), centre = rep(1:12, each = 5),
                   age = rep(c(30, 40, 40, 50, 60, 70), 10), weight = rep(c(1, 1.5, 0.5, 2), 15))
made$event <- as.integer((made$age + 7 * made$sex + 13 * seq_len(60)) %% 5 < 2)
made$event[made$organ == 1 & made$sex == 1] <- 0
x <- model.matrix(~ sex * organ + age, made)
rows("made", x, made$event); firth("made", x, made$event, rep(1, 60)); keep("made_weight", made$weight)
keep("made_cluster", made$centre)
x <- model.matrix(~ sex + age, made)
rows("weighted", x, made$event)
fit <- suppressWarnings(glm(event ~ sex + age, binomial, made, weights = weight, control = strict))
keep("weighted_estimate", coef(fit)); keep("weighted_hc0", sandwich(fit))
fit <- suppressWarnings(glm(event ~ sex + age, poisson, made, weights = weight, control = strict))
keep("weighted_poisson_estimate", coef(fit)); keep("weighted_poisson_hc0", sandwich(fit))

# --- splines, discrimination, calibration, pooling -------------------------------------------------------------------
for (count in 3:7) {
  at <- Hmisc::rcspline.eval(b$lwt, nk = count, knots.only = TRUE, fractied = 0)
  keep(paste0("knots_", count), at)
  keep(paste0("spline_", count), t(Hmisc::rcspline.eval(b$lwt, knots = at, inclx = TRUE)))
}
keep("birthwt_lwt", b$lwt)
score <- round(plogis(-1 + 0.03 * (130 - b$lwt) + 0.5 * b$smoke), 2)
roc <- pROC::roc(b$low, score, quiet = TRUE, direction = "<")
keep("score", score); keep("score_c", pROC::auc(roc)); keep("score_variance", pROC::var(roc))
large <- exact(glm(low ~ 1, binomial, b, offset = qlogis(score), control = strict))
bent <- exact(glm(low ~ qlogis(score), binomial, b, control = strict))
keep("score_intercept", c(coef(large), sqrt(vcov(large)))); keep("score_slope", c(coef(bent)[2], sqrt(vcov(bent)[2, 2])))
validated <- rms::val.prob(score, b$low, pl = FALSE)
keep("score_rms", validated[c("C (ROC)", "Brier", "Slope")])

set.seed(1)
imputed <- lapply(1:5, function(m) {
  d <- lung[, c("status", "age", "sex", "wt.loss", "meal.cal")]; d$dead <- as.integer(d$status == 2)
  for (v in c("wt.loss", "meal.cal")) {
    gone <- is.na(d[[v]]); model <- lm(reformulate(c("dead", "age", "sex"), v), d)
    d[[v]][gone] <- predict(model, d[gone, ]) + rnorm(sum(gone), 0, summary(model)$sigma)
  }
  glm(dead ~ age + sex + wt.loss + meal.cal, binomial, d, control = strict)
})
estimates <- sapply(imputed, coef); covariances <- lapply(imputed, vcov)
keep("imputed_estimate", estimates); keep("imputed_covariance", unlist(covariances))
pooled <- mitools::MIcombine(lapply(imputed, coef), covariances)
keep("pooled_estimate", coef(pooled)); keep("pooled_std_error", sqrt(diag(vcov(pooled)))); keep("pooled_df", pooled$df)
keep("pooled_missing", pooled$missinfo)
# Barnard and Rubin by hand: mitools leaves out the factor 1 + 1/M in the share of the observed information
lambda <- 1.2 * apply(estimates, 1, var) / diag(vcov(pooled))
complete <- nrow(lung) - 5
keep("pooled_barnard", 1 / (lambda^2 / 4 + 1 / ((complete + 1) / (complete + 3) * complete * (1 - lambda))))
keep("pooled_mitools_df", mitools::MIcombine(lapply(imputed, coef), covariances, df.complete = complete)$df)
within <- Reduce("+", covariances)[4:5, 4:5] / 5; q <- rowMeans(estimates)[4:5]; between <- var(t(estimates[4:5, ]))
increase <- 1.2 * sum(diag(between %*% solve(within))) / 2; t_ <- 2 * 4
keep("pooled_d1", c(drop(q %*% solve(within) %*% q) / (2 * (1 + increase)), 4 + (t_ - 4) * (1 + (1 - 2 / t_) / increase)^2))

write_reference("regression.json", paste(
  "glm, brglm2 (AS_mean), sandwich::vcovHC and vcovCL, car::vif, epiR::epi.interaction, Hmisc::rcspline.eval,",
  "pROC::roc, rms::val.prob, mitools::MIcombine; profiles, FLIC, FLAC, standardisation and D1 by the script"),
  c("brglm2", "sandwich", "car", "epiR", "Hmisc", "pROC", "rms", "mitools", "MASS", "survival"), values)

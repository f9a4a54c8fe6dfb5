# A synthetic cohort to which the estimators of association are put, by R's own functions. Run by regenerate.sh, from
# tests/reference.
#
# 660 patients in four centres: whole ages (ties), values missing in some; in the second centre nobody with Löfgren syndrome
# has the outcome (separation), in the third it is not known who has the syndrome, in the fourth all are of one ancestry.
# Standardised risks: glm and stacked estimating equations, with a numeric derivative of all scores by all parameters; after
# Firth's regression the constant moved until the mean is right (uniroot), and the delta method for given covariates.
source("R/write.R")
suppressMessages({library(brglm2); library(sandwich)})
set.seed(51)
n <- 660; z <- qnorm(0.975)
centre <- rep(1:4, c(350, 100, 60, 150))
sex <- rbinom(n, 1, 0.5); ancestry <- ifelse(centre == 4, 1, sample(1:3, n, TRUE, c(0.6, 0.25, 0.15)))
age <- round(rnorm(n, 44, 11)); lofgren <- rbinom(n, 1, plogis(-0.5 - 0.02 * (age - 44) - 0.4 * (ancestry == 2)))
osseous <- rbinom(n, 1, plogis(-0.7 - 0.7 * lofgren + 0.03 * (age - 44) + 0.5 * sex + 0.6 * (ancestry == 2)))
osseous[centre == 2 & lofgren == 1] <- 0
seen <- lofgren; seen[centre == 3] <- NA; seen[sample(which(centre == 1), 12)] <- NA
sex[sample(which(centre != 3), 9)] <- NA
d <- data.frame(centre, sex, ancestry = factor(ancestry), age, lofgren = seen, osseous)
strict <- glm.control(epsilon = 1e-14, maxit = 200)
# glm keeps the weights of the step before its last; once more from the answer and they are the answer's
exact <- function(fit) suppressWarnings(update(fit, start = coef(fit)))
row <- function(fit, covariance, name = "lofgren") {
  b <- coef(fit)[name]; se <- sqrt(covariance[name, name])
  exp(c(b, b - z * se, b + z * se))
}
complete <- na.omit(d)
full <- osseous ~ lofgren + age + sex + ancestry

logistic <- exact(glm(full, binomial, complete, control = strict))
crude <- exact(glm(osseous ~ lofgren, binomial, complete, control = strict))
poisson <- exact(glm(full, poisson(), complete, control = strict))
# without age, whose oldest would have the risk 1: glm does not tell that its answer lies on the boundary
log_binomial <- exact(glm(osseous ~ lofgren + sex + ancestry, binomial("log"), complete, control = strict,
                          start = c(log(mean(complete$osseous)), 0, 0, 0, 0)))
alone <- exact(glm(osseous ~ lofgren + age + sex, binomial, complete[complete$centre == 4, ], control = strict))

stacked <- function(fit, data) {
  X <- model.matrix(fit); y <- data$osseous; p <- ncol(X)
  set <- function(to) { x <- X; x[, "lofgren"] <- to; x }
  risk <- function(beta, to) plogis(drop(set(to) %*% beta))
  theta <- c(coef(fit), mean(risk(coef(fit), 1)), mean(risk(coef(fit), 0)))
  scores <- function(t) cbind(X * (y - plogis(drop(X %*% t[1:p]))), risk(t[1:p], 1) - t[p + 1], risk(t[1:p], 0) - t[p + 2])
  derivative <- sapply(seq_along(theta), function(j) {
    h <- 1e-5 * max(1, abs(theta[j])); e <- replace(numeric(p + 2), j, h)
    (colSums(scores(theta + e)) - colSums(scores(theta - e))) / (2 * h)
  })
  bread <- solve(derivative); V <- (bread %*% crossprod(scores(theta)) %*% t(bread))[p + 1:2, p + 1:2]
  standardised(theta[p + 1:2], V)
}
standardised <- function(r, V) {
  apart <- r[1] - r[2]; se <- sqrt(V[1, 1] + V[2, 2] - 2 * V[1, 2])
  g <- c(1 / r[1], -1 / r[2]); se_log <- sqrt(drop(t(g) %*% V %*% g)); ratio <- r[1] / r[2]
  c(r, apart, apart - z * se, apart + z * se, ratio, ratio * exp(-z * se_log), ratio * exp(z * se_log))
}

# --- the separated centre -------------------------------------------------------------------------------------------
second <- complete[complete$centre == 2, ]
X <- model.matrix(full, second); y <- second$osseous
firth <- glm(full, binomial, second, method = "brglmFit", type = "AS_mean", control = list(epsilon = 1e-13, maxit = 5000))
penalised <- function(held = NULL, b = 0) {
  free <- setdiff(seq_len(ncol(X)), held); beta <- coef(firth); beta[held] <- b
  for (i in 1:5000) {
    mu <- plogis(drop(X %*% beta)); w <- mu * (1 - mu)
    h <- w * rowSums((X %*% solve(crossprod(X * w, X))) * X)
    step <- solve(crossprod(X[, free, drop = FALSE] * w, X[, free, drop = FALSE]), crossprod(X, y - mu + h * (0.5 - mu))[free])
    step <- step / max(1, max(abs(step))); beta[free] <- beta[free] + step
    if (max(abs(step)) < 1e-13) break
  }
  eta <- drop(X %*% beta); w <- plogis(eta) * plogis(-eta)
  sum(y * plogis(eta, log.p = TRUE) + (1 - y) * plogis(-eta, log.p = TRUE)) + as.numeric(determinant(crossprod(X * w, X))$modulus) / 2
}
top <- penalised(); b <- coef(firth)["lofgren"]; se <- sqrt(vcov(firth)["lofgren", "lofgren"])
side <- function(s) {
  short <- function(at) penalised(2, at) - top + qchisq(0.95, 1) / 2
  far <- 1
  while (short(b + s * far * se) > 0) far <- far * 1.5
  uniroot(short, sort(b + s * c(0, far) * se), tol = 1e-13)$root
}
eta <- drop(X %*% coef(firth))
moved <- uniroot(function(a) sum(plogis(eta + a)) - sum(y), c(-5, 5), tol = 1e-14)$root
beta <- coef(firth) + c(moved, rep(0, ncol(X) - 1))
set <- function(to) { x <- X; x[, "lofgren"] <- to; x }
r <- sapply(1:0, function(to) mean(plogis(drop(set(to) %*% beta))))
J <- sapply(1:0, function(to) { m <- plogis(drop(set(to) %*% beta)); colMeans(m * (1 - m) * set(to)) })
flic <- standardised(r, t(J) %*% vcov(firth) %*% J)

# --- diagnostics ----------------------------------------------------------------------------------------------------
roc <- pROC::roc(complete$osseous, fitted(logistic), quiet = TRUE, direction = "<")
auc <- as.numeric(pROC::auc(roc)); reach <- z * sqrt(pROC::var(roc)) / (auc * (1 - auc))
lift <- function(fit) { t <- fit$null.deviance - deviance(fit); 1 - (length(coef(fit)) - 1) / t }
wald <- function(fit, V) { b <- coef(fit)[-1]; 1 - length(b) / drop(t(b) %*% solve(V[-1, -1]) %*% b) }
vif <- car::vif(logistic)
cook <- cooks.distance(logistic)
middle <- (rank(fitted(logistic), ties.method = "average") - 0.5) / nrow(complete)
tenth <- factor(pmin(floor(middle * 10), 9) + 1, 1:10)

write_reference("association.json", "glm, brglmFit, sandwich, vcovCL, car::vif, cooks.distance, pROC; profiles and stacked equations by hand",
  c("stats", "brglm2", "sandwich", "car", "pROC"), list(
  centre = d$centre, sex = d$sex, ancestry = ancestry, age = d$age, lofgren = d$lofgren, osseous = d$osseous,
  logistic = row(logistic, vcov(logistic)), crude = row(crude, vcov(crude)), ancestry_2 = row(logistic, vcov(logistic), "ancestry2"),
  clustered = row(logistic, vcovCL(logistic, cluster = complete$centre, type = "HC0", cadjust = TRUE)),
  prevalence_ratio = row(poisson, sandwich(poisson)), log_binomial = row(log_binomial, vcov(log_binomial)),
  firth = exp(c(b, side(-1), side(1))), alone = row(alone, vcov(alone)),
  standardised = stacked(logistic, complete), standardised_flic = flic,
  vif = vif[, "GVIF"]^(1 / vif[, "Df"]), vif_of = rownames(vif), cook = max(cook),
  cook_of = as.numeric(unlist(complete[which.max(cook), c("lofgren", "age", "sex", "ancestry", "osseous")])),
  c_statistic = c(auc, plogis(qlogis(auc) - reach), plogis(qlogis(auc) + reach)),
  slope = lift(logistic), slope_prevalence_ratio = wald(poisson, sandwich(poisson)), slope_log_binomial = lift(log_binomial),
  seen = tapply(complete$osseous, tenth, mean), foretold = tapply(fitted(logistic), tenth, mean)
))

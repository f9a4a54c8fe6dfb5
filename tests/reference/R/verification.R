# Partly verified patients, by R's own means. Run by regenerate.sh, from tests/reference.
#
# Score limits of a weighted sum of two proportions: the most likely shares under the constraint from the root of the
# profile score, the limits from a second root finding; nothing of our multiplier. Begg and Greenes: a logistic glm of the
# verified, predicted for everybody; the standard error from R's symbolic derivatives of all free parameters. Odds of the
# unverified: the same glm, predicted with an offset. Weighted shares: lm with weights, its sandwich variance by hand.
source("R/write.R")
z2 <- qchisq(0.95, 1)

constrained <- function(pi, y, m, w) {
  range <- c(max(0, (pi - w[2]) / w[1]), min(1, pi / w[1]))
  second <- function(p) (pi - w[1] * p) / w[2]
  slope <- function(p) {
    one <- function(y, m, p) (if (y > 0) y / p else 0) - (if (m > y) (m - y) / (1 - p) else 0)
    one(y[1], m[1], p) / w[1] - one(y[2], m[2], second(p)) / w[2]
  }
  inside <- range + c(1, -1) * 1e-13 * diff(range)
  at <- c(slope(inside[1]), slope(inside[2]))
  p <- if (at[1] <= 0) range[1] else if (at[2] >= 0) range[2] else
    uniroot(slope, inside, tol = 1e-16, maxiter = 10000)$root
  c(p, second(p))
}
excess <- function(pi, y, m, w) {
  p <- constrained(pi, y, m, w)
  (sum(w * y / m) - pi)^2 - z2 * sum(w^2 * p * (1 - p) / m)
}
limits <- function(y, m, w) {
  at <- sum(w * y / m)
  root <- function(ends) uniroot(excess, ends, y = y, m = m, w = w, tol = 1e-15, maxiter = 10000)$root
  c(if (at == 0) 0 else root(c(1e-9, at - 1e-12)), root(c(at + 1e-9, 1 - 1e-9)))
}
strata <- list(list(c(2, 12), c(200, 100), c(800, 200)), list(c(0, 7), c(150, 60), c(900, 100)),
               list(c(0, 0), c(300, 100), c(500, 500)), list(c(1, 0), c(100, 100), c(9500, 500)),
               list(c(90, 3), c(100, 40), c(300, 700)), list(c(20, 30), c(150, 150), c(500, 500)))
found <- t(sapply(strata, function(s) limits(s[[1]], s[[2]], s[[3]] / sum(s[[3]]))))

# One row a cell: record result, stratum, patients, verified, cases.
hepatic <- data.frame(record = c(1, 0), stratum = "a", n = c(429, 221), m = c(263, 81), y = c(231, 27))
register <- data.frame(record = c(1, 0, 1, 0), stratum = c("a", "a", "b", "b"), n = c(40, 760, 30, 170),
                       m = c(40, 150, 20, 100), y = c(31, 3, 16, 9))
shares <- function(cells, odds) {
  formula <- if (length(unique(cells$stratum)) > 1) cbind(y, m - y) ~ record * stratum else cbind(y, m - y) ~ record
  fit <- glm(formula, binomial, cells, control = glm.control(epsilon = 1e-12, maxit = 100))
  verified <- predict(fit)
  with(cells, (y + (n - m) * plogis(verified + log(odds))) / n)
}
accuracy <- function(cells, odds = 1) {
  cases <- cells$n * shares(cells, odds)
  on <- cells$record == 1
  c(se = sum(cases[on]) / sum(cases), sp = sum((cells$n - cases)[!on]) / sum(cells$n - cases),
    pi = sum(cases) / sum(cells$n), ppv = sum(cases[on]) / sum(cells$n[on]),
    npv = 1 - sum(cases[!on]) / sum(cells$n[!on]))
}
# Standard errors: cells are multinomial, cases binomial within; symbolic gradient in all of them.
errors <- function(cells) {
  k <- nrow(cells)
  w <- paste0("w", 1:k); theta <- paste0("t", 1:k)
  on <- cells$record == 1
  add <- function(x) paste(x, collapse = " + ")
  a <- add(paste0(w, "*", theta)[on]); b <- add(paste0(w, "*", theta)[!on])
  c <- add(paste0(w, "*(1-", theta, ")")[!on]); d <- add(paste0(w, "*(1-", theta, ")")[on])
  value <- setNames(as.list(c(cells$n / sum(cells$n), cells$y / cells$m)), c(w, theta))
  p <- unlist(value[w]); t <- unlist(value[theta])
  cov <- matrix(0, 2 * k, 2 * k)
  cov[1:k, 1:k] <- (diag(p) - p %o% p) / sum(cells$n)
  cov[k + 1:k, k + 1:k] <- diag(t * (1 - t) / cells$m)
  sapply(c(se = sprintf("(%s)/(%s+%s)", a, a, b), sp = sprintf("(%s)/(%s+%s)", c, c, d), pi = sprintf("%s+%s", a, b),
           ppv = sprintf("(%s)/(%s)", a, add(w[on])), npv = sprintf("(%s)/(%s)", c, add(w[!on]))), function(text) {
    g <- attr(eval(deriv(parse(text = text), c(w, theta)), value), "gradient")
    sqrt(drop(g %*% cov %*% t(g)))
  })
}

weight <- 1 / rep(c(0.5, 0.2, 0.8), c(4, 6, 3))
sick <- c(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0)
fit <- lm(sick ~ 1, weights = weight)
everyone <- 45
hajek_error <- sqrt(sum((weight * residuals(fit))^2)) / sum(weight)
total <- sum(weight * sick) / everyone
ht_error <- sqrt(sum((weight * sick - total)^2) + (everyone - length(sick)) * total^2) / everyone

write_reference("verification.json", "uniroot, glm, deriv and lm; see R/verification.R", "stats", list(
  cases = unlist(lapply(strata, `[[`, 1)), verified = unlist(lapply(strata, `[[`, 2)),
  patients = unlist(lapply(strata, `[[`, 3)), low = found[, 1], high = found[, 2],
  hepatic = accuracy(hepatic), hepatic_error = errors(hepatic),
  register = accuracy(register), register_error = errors(register),
  odds = c(0.1, 0.5, 2, 5),
  register_at_odds = c(sapply(c(0.1, 0.5, 2, 5), function(o) accuracy(register, o))),
  hajek = unname(coef(fit)), hajek_error = hajek_error, horvitz_thompson = total, horvitz_thompson_error = ht_error
))

# The binomial-normal model from metafor (which asks lme4), and its likelihood by R's own integrate(). Run by regenerate.sh,
# from tests/reference.
#
# With lme4's default stopping rule rma.glmm ends up to 1e-5 away from the maximum (the likelihood at its answer is lower),
# so the rule is tightened here; `default_mu` and `default_tau` keep the answer of the plain call. lme4 takes its standard
# error from finite differences of a deviance that is itself iterated, good to 1e-3 for large studies; `se_mu` is taken
# from second differences of the integrated likelihood instead, and `metafor_se_mu` keeps the other.
source("R/write.R")
suppressMessages(library(metafor))

sets <- list(
  fourteen = list(x = c(4, 10, 2, 7, 0, 22, 31, 5, 1, 9, 3, 12, 40, 6),
                  n = c(736, 300, 90, 120, 45, 400, 210, 88, 60, 150, 77, 333, 1000, 54)),
  rare = list(x = c(0, 0, 1, 0, 3, 0, 1, 12), n = c(20, 35, 60, 15, 90, 44, 30, 200)),
  common = list(x = c(14, 30, 22, 41, 9), n = c(20, 55, 40, 60, 25)),
  wide = list(x = c(1, 45, 3, 80, 0, 20, 55, 2), n = c(100, 60, 50, 90, 80, 40, 300, 210)),
  large = list(x = c(5210, 30871, 871, 12455, 99), n = c(1e6, 2.5e6, 60000, 8e5, 12000)),
  even = list(x = c(5, 11, 19, 30, 42), n = c(50, 100, 200, 300, 400)),
  two = list(x = c(3, 40), n = c(60, 200)),
  pritz1997 = list(x = metadat::dat.pritz1997$xi, n = metadat::dat.pritz1997$ni)
)
tight <- list(glmerCtrl = list(optimizer = "bobyqa", tolPwrss = 1e-9,
                               optCtrl = list(rhobeg = 1e-2, rhoend = 1e-11, maxfun = 1e5)))
log_likelihood <- function(x, n, mu, tau) sum(mapply(function(x, n) {
  h <- function(u) dbinom(x, n, plogis(mu + tau * u), log = TRUE) + dnorm(u, log = TRUE)
  top <- optimize(h, c(-12, 12), maximum = TRUE, tol = 1e-10)
  f <- function(u) exp(h(u) - top$objective)
  width <- min(3, 1 / sqrt(1 + tau^2 * n * plogis(mu + tau * top$maximum) * plogis(-mu - tau * top$maximum)))
  cuts <- top$maximum + width * c(-30, -6, -2, 0, 2, 6, 30)
  part <- function(a, b) integrate(f, a, b, rel.tol = 1e-12, subdivisions = 1000L)$value
  parts <- mapply(part, head(cuts, -1), cuts[-1])
  log(sum(parts)) + top$objective
}, x, n))

rows <- lapply(sets, function(s) {
  plain <- suppressWarnings(rma.glmm(xi = s$x, ni = s$n, measure = "PLO", nAGQ = 25))
  fit <- suppressWarnings(rma.glmm(xi = s$x, ni = s$n, measure = "PLO", nAGQ = 25, control = tight))
  mu <- as.numeric(fit$beta)
  tau <- sqrt(fit$tau2)
  loss <- function(theta) -log_likelihood(s$x, s$n, theta[1], theta[2])
  information <- optimHess(c(mu, tau), loss, control = list(ndeps = c(5e-4, 5e-4)))
  c(studies = length(s$x), mu = mu, se_mu = sqrt(solve(information)[1, 1]), metafor_se_mu = fit$se, tau = tau,
    tau2 = fit$tau2, low = plogis(fit$ci.lb), high = plogis(fit$ci.ub), log_likelihood = log_likelihood(s$x, s$n, mu, tau),
    default_mu = as.numeric(plain$beta), default_tau = sqrt(plain$tau2))
})
table <- do.call(rbind, rows)
write_reference(
  "meta.json", "metafor::rma.glmm(xi, ni, measure = 'PLO', nAGQ = 25, control = tight); see R/meta.R",
  c("metafor", "lme4"),
  c(list(name = names(sets), events = unlist(lapply(sets, `[[`, "x")), n = unlist(lapply(sets, `[[`, "n"))),
    lapply(as.data.frame(table), identity))
)

# The modality model: its special case Se = Sp = 1 from metafor and lme4, and the whole of it by a long run of JAGS.
# Run by regenerate.sh, from tests/reference. JAGS: 4 chains of 400 000 kept iterations, seeds fixed; `mc` is the Monte Carlo
# standard error (coda's time-series one; for quantiles, from the spread between 40 batches).
source("R/write.R")
suppressMessages({library(metafor); library(rjags)})

n <- c(736, 300, 90, 120, 45, 400, 210, 88, 60, 150, 77, 333, 1000, 54)
by <- rep(1:4, length.out = 14)
x <- list(
  one = c(38, 47, 15, 20, 3, 24, 22, 10, 4, 14, 9, 30, 58, 6),
  two = c(20, 25, 12, 15, 2, 40, 25, 9, 1, 11, 10, 44, 30, 7)
)
se <- list(one = c(0.3, 0.6, 0.8, 0.9), two = c(0.5, 0.5, 0.5, 0.5))
se_weight <- list(one = c(20, 30, 40, 30), two = c(2, 2, 2, 2))
sp <- list(one = c(0.99, 0.98, 0.99, 0.97), two = rep(0.99, 4))
sp_weight <- list(one = c(200, 200, 300, 100), two = rep(200, 4))

model <- "model {
  for (k in 1:K) {
    x[k] ~ dbin(f[by[k]] + (se[by[k]] - f[by[k]]) * p[k], n[k])
    logit(p[k]) <- eta[k]
    eta[k] ~ dnorm(mu, pow(tau, -2))
  }
  for (m in 1:4) {
    se[m] ~ dbeta(se_a[m], se_b[m])
    sp[m] ~ dbeta(sp_a[m], sp_b[m])
    f[m] <- 1 - sp[m]
  }
  share ~ dunif(0, 1)
  mu <- logit(share)
  tau ~ dnorm(0, 0.25) T(0, )
}"

posterior <- function(set) {
  v <- se[[set]]; w <- se_weight[[set]]; s <- sp[[set]]; k <- sp_weight[[set]]
  data <- list(K = length(n), x = x[[set]], n = n, by = by, se_a = v * w, se_b = (1 - v) * w, sp_a = s * k, sp_b = (1 - s) * k)
  inits <- lapply(1:4, function(i) list(.RNG.name = "base::Mersenne-Twister", .RNG.seed = 2026 + i, share = 0.1, tau = 0.5))
  fit <- jags.model(textConnection(model), data, inits, n.chains = 4, n.adapt = 5000, quiet = TRUE)
  update(fit, 5000, progress.bar = "none")
  draws <- coda.samples(fit, c("share", "se", "sp"), 400000, thin = 4, progress.bar = "none")
  all <- as.matrix(draws)
  error <- summary(draws)$statistics[, "Time-series SE"]
  q <- quantile(qlogis(all[, "share"]), c(0.025, 0.5, 0.975))
  batches <- matrix(qlogis(all[, "share"]), ncol = 40)
  of_batches <- apply(batches, 2, quantile, c(0.025, 0.5, 0.975))
  names <- c(sprintf("se[%d]", 1:4), sprintf("sp[%d]", 1:4))
  list(mean = colMeans(all)[names], mean_mc = error[names], sd = apply(all, 2, sd)[names],
       quantile = unname(q), quantile_mc = unname(apply(of_batches, 1, sd) / sqrt(40)))
}
answers <- lapply(names(x), posterior)
glmm <- lapply(x, function(events) suppressWarnings(rma.glmm(xi = events, ni = n, measure = "PLO", nAGQ = 25)))
field <- function(name) unname(unlist(lapply(answers, `[[`, name)))
write_reference("modality.json", "rjags (see R/modality.R); rma.glmm(xi, ni, measure = 'PLO', nAGQ = 25)", c("rjags", "metafor", "lme4"), list(
  n = n, modality = by - 1, events = unlist(x, use.names = FALSE),
  sensitivity = unlist(se, use.names = FALSE), sensitivity_weight = unlist(se_weight, use.names = FALSE),
  specificity = unlist(sp, use.names = FALSE), specificity_weight = unlist(sp_weight, use.names = FALSE),
  mean = field("mean"), mean_mc = field("mean_mc"), sd = field("sd"),
  quantile = field("quantile"), quantile_mc = field("quantile_mc"),
  mu = vapply(glmm, function(f) as.numeric(f$beta), 0), tau = vapply(glmm, function(f) sqrt(f$tau2), 0),
  low = vapply(glmm, function(f) plogis(f$ci.lb), 0), high = vapply(glmm, function(f) plogis(f$ci.ub), 0)
))

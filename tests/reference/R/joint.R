# The joint synthesis of ten published series by Markov chain Monte Carlo (JAGS), from the same priors and counts.
# Writes joint.json: posterior medians, means and standard deviations, and the Monte Carlo error of the means.
suppressMessages(library(rjags))
source("R/write.R")

# PERT(low, mode, high) as a stretched beta, and uniform ranges, as the prior 'open' states them.
pert <- function(name, low, mode, high) {
  a <- 1 + 4 * (mode - low) / (high - low)
  b <- 1 + 4 * (high - mode) / (high - low)
  sprintf("%s_u ~ dbeta(%.17g, %.17g)\n%s <- %.17g + %.17g * %s_u\n", name, a, b, name, low, high - low, name)
}
uniform <- function(name, low, high) sprintf("%s ~ dunif(%.17g, %.17g)\n", name, low, high)

model <- paste0(
  "model {\n",
  uniform("osseous", 0.001, 0.6), pert("new", 0.05, 0.3, 1), pert("scanned", 0.5, 1.5, 4),
  pert("back_pain", 0.5, 1.5, 4), uniform("between", 0, 1.2), uniform("s", 0.02, 0.95),
  uniform("d1", 0.2, 0.95), uniform("d0", 0.01, 0.7), uniform("seen", 0.3, 0.98),
  pert("sp_record", 0.985, 0.998, 1), uniform("se_film", 0.03, 0.6), pert("sp_film", 0.95, 0.99, 1),
  uniform("se_mri", 0.2, 0.85), pert("sp_mri", 0.85, 0.96, 1), uniform("se_pet", 0.4, 0.99),
  pert("sp_pet", 0.85, 0.97, 1),
  "
  odds[1] <- 1
  odds[2] <- new
  odds[3] <- scanned
  odds[4] <- back_pain
  se[1] <- (s * d1 + (1 - s) * d0) * seen
  se[2] <- se_film
  se[3] <- se_mri
  se[4] <- se_pet
  sp[1] <- sp_record
  sp[2] <- sp_film
  sp[3] <- sp_mri
  sp[4] <- sp_pet
  for (k in 1:7) {
    u[k] ~ dnorm(0, 1)
    pi[k] <- ilogit(logit(osseous) + log(odds[met[k]]) + between * u[k])
    x[k] ~ dbin(pi[k] * se[looked[k]] + (1 - pi[k]) * (1 - sp[looked[k]]), n[k])
  }
  q <- s * d1 / (s * d1 + (1 - s) * d0)
  for (k in 1:3) { hurting[k] ~ dbin(q, m[k]) }
}")

data <- list(
  x = c(4, 27, 18, 3, 20, 19, 12), n = c(736, 926, 98, 50, 2013, 122, 64),
  met = c(2, 1, 3, 1, 1, 3, 4), looked = c(1, 1, 4, 2, 1, 4, 3),
  hurting = c(42, 10, 38), m = c(88, 20, 64)
)
names <- c("osseous", "new", "scanned", "back_pain", "between", "s", "d1", "d0", "seen", "sp_record", "se_film", "se_mri",
           "se_pet", "sp_pet")
inits <- lapply(1:4, function(i) list(.RNG.name = "base::Mersenne-Twister", .RNG.seed = 100 + i))
fit <- jags.model(textConnection(model), data, inits = inits, n.chains = 4, n.adapt = 5000, quiet = TRUE)
update(fit, 20000, progress.bar = "none")
draws <- coda.samples(fit, names, n.iter = 1500000, thin = 20, progress.bar = "none")
told <- summary(draws)
at <- as.matrix(draws)[, names]
quantile_of <- function(p) unname(apply(at, 2, quantile, probs = p))
write_reference("joint.json", "rjags: 4 chains of 1 500 000 after 25 000, every 20th kept", "rjags", list(
  name = names, mean = unname(colMeans(at)), sd = unname(apply(at, 2, sd)), low = quantile_of(0.025),
  median = quantile_of(0.5), high = quantile_of(0.975),
  error = unname(told$statistics[names, "Time-series SE"])
))

# Posterior of prevalence, sensitivity and specificity from one test, from prevalence::truePrev (JAGS), with the Monte Carlo
# error of every number; and elicited priors from epiR and prevalence. Run by regenerate.sh, from tests/reference.
source("R/write.R")
suppressMessages({ library(prevalence); library(coda); library(epiR) })

cases <- data.frame(
  events = c(60, 142, 8, 0, 321), n = c(500, 742, 210, 60, 10000),
  se = c("~dbeta(81, 21)", "~dunif(0.60, 1.00)", "~dbeta(13, 8)", "~dbeta(18, 4)", "~dbeta(4, 16)"),
  sp = c("~dbeta(191, 11)", "~dunif(0.75, 1.00)", "~dbeta(96, 6)", "~dbeta(98, 4)", "~dbeta(199, 1)"),
  prior_a = c(1, 1, 1, 1, 2), prior_b = c(1, 1, 1, 1, 20)
)
chances <- c(0.025, 0.5, 0.975)
rows <- list()
for (i in seq_len(nrow(cases))) {
  # rjags takes its seeds from R's generator.
  set.seed(20 + i)
  fit <- truePrev(cases$events[i], cases$n[i], SE = as.formula(cases$se[i]), SP = as.formula(cases$sp[i]),
                  prior = c(cases$prior_a[i], cases$prior_b[i]), nchains = 4, burnin = 5000, update = 150000)
  draws <- lapply(c("TP", "SE", "SP"), function(name) do.call(cbind, lapply(fit@mcmc[[name]], as.numeric)))
  names(draws) <- c("prevalence", "sensitivity", "specificity")
  draws$undetected <- draws$prevalence * (1 - draws$sensitivity)
  draws$predictive <- with(draws, prevalence * sensitivity / (prevalence * sensitivity + (1 - prevalence) * (1 - specificity)))
  for (name in names(draws)) {
    d <- draws[[name]]
    # Standard errors by batch means: 200 batches of each of the chains.
    size <- nrow(d) %/% 200
    value <- c(mean(d), quantile(d, chances))
    batches <- function(v) apply(v, 2, function(chain) colMeans(matrix(chain[seq_len(200 * size)], size)))
    error_of <- function(v) { b <- as.numeric(batches(v)); sd(b) / sqrt(length(b)) }
    # of a quantile, as a chance: the error of the share of draws below it
    error <- c(error_of(d), sapply(value[-1], function(q) error_of((d <= q) + 0)))
    rows[[length(rows) + 1]] <- data.frame(case = i, quantity = name, mean = value[1], q1 = value[2], q2 = value[3],
      q3 = value[4], mean_error = error[1], chance_error1 = error[2], chance_error2 = error[3], chance_error3 = error[4])
  }
}
found <- do.call(rbind, rows)

# The interval between the same chances of the same draws does not depend on the order; the elicited priors do not depend on luck.
guess <- data.frame(value = c(0.90, 0.20, 0.60, 0.95), bound = c(0.75, 0.40, 0.80, 0.85), chance = c(0.80, 0.95, 0.90, 0.975))
buster <- mapply(function(v, q, p) {
  r <- epi.betabuster(mode = v, conf = p, greaterthan = q < v, x = q, max.shape1 = 100, step = 0.001)
  c(r$shape1, r$shape2)
}, guess$value, guess$bound, guess$chance)
expert <- function(method) mapply(function(v, q, p) {
  r <- if (q < v) betaExpert(v, lower = q, p = p, method = method) else betaExpert(v, upper = q, p = p, method = method)
  c(r$alpha, r$beta)
}, guess$value, guess$bound, guess$chance)
by_mode <- expert("mode")
by_mean <- expert("mean")
most <- c(0.62, 0.80, 0.90, 0.99)
vose <- sapply(most, function(m) { r <- betaPERT(0.6, m, 1, method = "vose"); c(r$alpha, r$beta) })

write_reference("one_test.json",
  "prevalence::truePrev(x, n, SE, SP, prior, nchains = 4, update = 150000); epiR::epi.betabuster; prevalence::betaExpert, betaPERT('vose')",
  c("prevalence", "rjags", "epiR"),
  c(as.list(cases), as.list(found), list(
    guess_value = guess$value, guess_bound = guess$bound, guess_chance = guess$chance,
    buster_a = buster[1, ], buster_b = buster[2, ], mode_a = by_mode[1, ], mode_b = by_mode[2, ],
    mean_a = by_mean[1, ], mean_b = by_mean[2, ], pert_mode = most, vose_a = vose[1, ], vose_b = vose[2, ])))

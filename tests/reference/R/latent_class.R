# Latent classes by plain optim, and two tests under beliefs by JAGS. Run by regenerate.sh, from tests/reference.
#
# No package knows all of this, so the likelihoods are written out here: a mixture over patterns, the best of some starts
# by BFGS, the Hessian by differences. randomLCA's published figures are in tests/published.
source("R/write.R")

patterns <- function(k) as.matrix(expand.grid(rep(list(0:1), k))[, k:1])
bernoulli <- function(y, p) as.numeric(exp(y %*% log(p) + (1 - y) %*% log1p(-p)))
best <- function(loss, starts) {
  fits <- lapply(starts, function(s) {
    f <- optim(s, loss, method = "BFGS", control = list(maxit = 5000, reltol = 1e-15))
    nlm(loss, f$par, gradtol = 1e-10, steptol = 1e-12, iterlim = 1000)
  })
  fits[[which.min(sapply(fits, `[[`, "minimum"))]]
}
log_loss <- function(n, p) -sum(ifelse(n > 0, n * log(pmax(p, 1e-300)), 0))

# Independent, or with pairs (list of two lists: healthy, diseased) as conditional log odds ratios.
latent <- function(n, pairs = list(list(), list())) {
  k <- log2(length(n)); y <- patterns(k)
  design <- lapply(pairs, function(set) { d <- y; for (p in set) d <- cbind(d, y[, p[1]] * y[, p[2]]); d })
  sizes <- sapply(design, ncol)
  classes <- function(par) lapply(1:2, function(c) {
    q <- exp(design[[c]] %*% par[1 + (c - 1) * sizes[1] + seq_len(sizes[c])]); as.numeric(q / sum(q))
  })
  loss <- function(par) { q <- classes(par); log_loss(n, plogis(par[1]) * q[[2]] + plogis(-par[1]) * q[[1]]) }
  starts <- lapply(c(0.1, 0.3, 0.5), function(pi) {
    c(qlogis(pi), qlogis(rep(0.1, k)), rep(0.1, sizes[1] - k), qlogis(rep(0.7, k)), rep(0.1, sizes[2] - k))
  })
  fit <- best(loss, starts)
  q <- classes(fit$estimate)
  covariance <- solve(optimHess(fit$estimate, loss, control = list(ndeps = rep(1e-4, length(fit$estimate)))))
  list(prevalence = plogis(fit$estimate[1]), sensitivity = as.numeric(q[[2]] %*% y), specificity = 1 - as.numeric(q[[1]] %*% y),
       parameters = fit$estimate, errors = sqrt(diag(covariance)), log_likelihood = -fit$minimum, sizes = sizes)
}

# Probit random effect; the integral by 101 Gauss-Hermite nodes (Golub-Welsch).
hermite <- function(m) {
  e <- eigen({ j <- diag(0, m); for (i in 1:(m - 1)) j[i, i + 1] <- j[i + 1, i] <- sqrt(i); j }, symmetric = TRUE)
  list(u = e$values, w = e$vectors[1, ]^2)
}
nodes <- hermite(101)
random <- function(n, loads) {
  k <- log2(length(n)); y <- patterns(k)
  class <- function(alpha, b) {
    z <- outer(alpha * sqrt(1 + b^2), b * nodes$u, "+")
    as.numeric(exp(y %*% pnorm(z, log.p = TRUE) + (1 - y) %*% pnorm(-z, log.p = TRUE)) %*% nodes$w)
  }
  loss <- function(par) {
    b <- par[2 * k + 2]
    log_loss(n, plogis(par[1]) * class(par[1 + k + 1:k], loads[2] * b) + plogis(-par[1]) * class(par[1 + 1:k], loads[1] * b))
  }
  fit <- best(loss, lapply(c(0.1, 0.35), function(pi) c(qlogis(pi), qnorm(rep(0.1, k)), qnorm(rep(0.7, k)), 0.8)))
  covariance <- solve(optimHess(fit$estimate, loss, control = list(ndeps = rep(1e-3, 2 * k + 2))))
  list(prevalence = plogis(fit$estimate[1]), sensitivity = pnorm(fit$estimate[1 + k + 1:k]),
       specificity = pnorm(-fit$estimate[1 + 1:k]), loading = abs(fit$estimate[2 * k + 2]), errors = sqrt(diag(covariance)),
       log_likelihood = -fit$minimum)
}

# Two tests (rows of n: populations; columns: 00, 01, 10, 11).
hui_walter <- function(n) {
  s <- nrow(n); y <- patterns(2)
  loss <- function(par) {
    p <- plogis(par)
    sum(sapply(1:s, function(i) log_loss(n[i, ], p[i] * bernoulli(y, p[s + 3:4]) + (1 - p[i]) * bernoulli(y, p[s + 1:2]))))
  }
  rate <- rowSums(n[, 3:4, drop = FALSE]) / rowSums(n)
  fit <- best(loss, lapply(c(0.05, 0.2), function(f) c(qlogis(pmin(pmax(rate, 0.05), 0.9)), qlogis(rep(c(f, 1 - f), each = 2)))))
  p <- plogis(fit$estimate)
  list(prevalence = p[1:s], specificity = 1 - p[s + 1:2], sensitivity = p[s + 3:4], log_likelihood = -fit$minimum,
       errors = sqrt(diag(solve(optimHess(fit$estimate, loss, control = list(ndeps = rep(1e-4, s + 4))))))) # of the logits
}

# Posterior by Gibbs sampling; columns of n as above, priors: rows of a, b for prevalences, Se 1, Se 2, Sp 1, Sp 2.
suppressMessages(library(rjags))
gibbs <- function(n, a, b) {
  s <- nrow(n)
  text <- "model {
    for (i in 1:S) {
      n[i, 1:4] ~ dmulti(p[i, 1:4], N[i])
      p[i, 1] <- t[i] * (1 - t[S+1]) * (1 - t[S+2]) + (1 - t[i]) * t[S+3] * t[S+4]
      p[i, 2] <- t[i] * (1 - t[S+1]) * t[S+2] + (1 - t[i]) * t[S+3] * (1 - t[S+4])
      p[i, 3] <- t[i] * t[S+1] * (1 - t[S+2]) + (1 - t[i]) * (1 - t[S+3]) * t[S+4]
      p[i, 4] <- t[i] * t[S+1] * t[S+2] + (1 - t[i]) * (1 - t[S+3]) * (1 - t[S+4])
    }
    for (j in 1:(S+4)) { t[j] ~ dbeta(a[j], b[j]) }
  }"
  start <- lapply(1:4, function(i) list(.RNG.name = "base::Mersenne-Twister", .RNG.seed = i, t = a / (a + b)))
  model <- jags.model(textConnection(text), list(n = n, N = rowSums(n), S = s, a = a, b = b), start, n.chains = 4, quiet = TRUE)
  update(model, 2000, progress.bar = "none")
  draws <- as.matrix(coda.samples(model, "t", 50000, progress.bar = "none"))
  q <- apply(draws, 2, quantile, c(0.5, 0.025, 0.975))
  list(mean = colMeans(draws), sd = apply(draws, 2, sd), median = q[1, ], low = q[2, ], high = q[3, ])
}

dentistry <- c(1880, 789, 43, 75, 23, 63, 8, 22, 188, 191, 17, 67, 15, 85, 8, 56,
               22, 26, 6, 14, 1, 20, 2, 17, 2, 20, 6, 27, 3, 72, 1, 100)
pleural <- c(1513, 23, 59, 12, 21, 19, 11, 34)
tuberculin <- rbind(c(528, 9, 4, 14), c(367, 37, 31, 887))
three <- rbind(c(840, 60, 55, 45), c(300, 45, 50, 105), c(110, 35, 30, 125))
strongyloides <- rbind(c(35, 87, 2, 38))

flat <- function(name, fit) setNames(fit, paste(name, names(fit), sep = "_"))
joseph <- gibbs(strongyloides, c(1, 4.44, 21.96, 71.25, 4.1), c(1, 13.31, 5.49, 3.75, 1.76))
both <- gibbs(three, c(1, 1, 1, 20, 5, 18, 9), c(1, 1, 1, 5, 2, 2, 1))
write_reference("latent_class.json", "optim, nlm, optimHess (base R) and rjags, likelihoods written out", "rjags", c(
  list(dentistry = dentistry, pleural = pleural, tuberculin = as.numeric(t(tuberculin)), three = as.numeric(t(three)),
       strongyloides = as.numeric(strongyloides)),
  flat("dentistry_independent", latent(dentistry)), flat("pleural_independent", latent(pleural)),
  flat("dentistry_pairs", latent(dentistry, list(list(c(4, 5)), list(c(2, 3))))),
  flat("dentistry_both", random(dentistry, c(1, 1))), flat("dentistry_healthy", random(dentistry, c(1, 0))),
  flat("tuberculin_ml", hui_walter(tuberculin)), flat("three_ml", hui_walter(three)),
  flat("strongyloides_bayes", joseph), flat("three_bayes", both)
))

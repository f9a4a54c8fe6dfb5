# Performance measures with base R functions alone (mean, sd, var, ks.test, chisq.test). Run by regenerate.sh, from tests/reference.
source("R/write.R")
set.seed(2019)
r <- 200
estimate <- 0.5 + rgamma(r, 4) / 20
std_error <- 0.1 * exp(rnorm(r) / 4)
low <- estimate - 1.96 * std_error
high <- estimate + 1.9 * std_error
truth <- 0.7
n <- r
v <- std_error^2
ratio <- sqrt(mean(v)) / sd(estimate)
share <- function(x) c(mean(x), sqrt(mean(x) * (1 - mean(x)) / n))
average <- function(x) c(mean(x), sd(x) / sqrt(n))
width <- high - low
edge <- unname(quantile(width, c(0.5 - 0.5 / sqrt(n), 0.5 + 0.5 / sqrt(n))))
pit <- pbeta(runif(r), 1.1, 1)
ks <- ks.test(pit, "punif", exact = TRUE)
chi <- chisq.test(table(cut(pit, seq(0, 1, 0.1))))
write_reference("performance.json", "mean, sd, var, quantile, ks.test(exact = TRUE), chisq.test", "stats", list(
  estimate = estimate, std_error = std_error, low = low, high = high, truth = truth, pit = pit,
  bias = average(estimate - truth), relative_bias = average((estimate - truth) / truth),
  empirical_error = c(sd(estimate), sd(estimate) / sqrt(2 * (n - 1))),
  model_error = c(sqrt(mean(v)), sqrt(var(v) / (4 * n * mean(v)))),
  relative_error = c(ratio - 1, ratio * sqrt(var(v) / (4 * n * mean(v)^2) + 1 / (2 * (n - 1)))),
  mean_squared_error = average((estimate - truth)^2), coverage = share(low <= truth & truth <= high),
  bias_eliminated_coverage = share(low <= mean(estimate) & mean(estimate) <= high),
  power = share(low > 0.6 | high < 0.6), mean_width = average(width), median_width = c(median(width), diff(edge) / 2),
  uniformity = unname(c(chi$statistic, chi$p.value, ks$statistic, ks$p.value))
))

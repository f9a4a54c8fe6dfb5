# Melded limits of the true share with validated sensitivity and specificity, by plain Monte Carlo of their definition
# (Bayer, Fay and Graubard 2023, simple random sample; R package asht does the same). Run by regenerate.sh, from tests/reference.
source("R/write.R")
set.seed(2023)

cases <- data.frame(
  events = c(60, 51, 8, 0, 4060, 40), n = c(500, 2971, 210, 60, 11284, 40),
  sensitivity_events = c(80, 32, 30, 18, 178, 38), sensitivity_n = c(100, 33, 50, 20, 179, 40),
  specificity_events = c(190, 20, 93, 100, 358, 60), specificity_n = c(200, 20, 100, 100, 359, 60)
)
draws <- 4e6
# A confidence distribution of x of n: beta, with the point 0 or 1 where a shape is 0.
lower <- function(x, n) if (x == 0) rep(0, draws) else rbeta(draws, x, n - x + 1)
upper <- function(x, n) if (x == n) rep(1, draws) else rbeta(draws, x + 1, n - x)
# A draw with f >= s, a test no better than chance, counts as 0, as in asht.
solved <- function(p, f, s) ifelse(f >= s | p <= f, 0, ifelse(p >= s, 1, (p - f) / (s - f)))
limits <- function(x, n, xs, ns, xp, np) {
  low <- solved(lower(x, n), 1 - lower(xp, np), upper(xs, ns))
  high <- solved(upper(x, n), 1 - upper(xp, np), lower(xs, ns))
  unname(c(quantile(low, 0.025), quantile(high, 0.975)))
}
found <- mapply(limits, cases$events, cases$n, cases$sensitivity_events, cases$sensitivity_n, cases$specificity_events,
                cases$specificity_n)
write_reference("melded.json", "4e6 draws of the confidence distributions, R's rbeta and quantile", "stats",
  c(as.list(cases), list(low = found[1, ], high = found[2, ])))

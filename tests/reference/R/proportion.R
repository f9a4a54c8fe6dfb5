# Limits of one proportion from other programs. Run by regenerate.sh, from tests/reference.
#
# prevalence::propCI, stats::binom.test and stats::prop.test are used where they have the method and their rule at the ends
# is ours. mid-p, likelihood ratio and Blaker have no home in Debian's R, so their defining equations are solved here with
# R's own pbinom: mid-p and likelihood ratio by uniroot, Blaker by a grid over all p refined by halving. epiR's Blaker is
# kept beside it: it steps by 1e-4.
source("R/write.R")

pairs <- rbind(
  c(0, 1), c(1, 1), c(1, 2), c(0, 20), c(1, 29), c(5, 5), c(3, 10), c(29, 99), c(50, 100), c(15, 148), c(81, 263),
  c(59, 355), c(4, 736), c(736, 736), c(13, 9999), c(3, 1e6), c(500000, 1e6)
)
cases <- merge(data.frame(events = pairs[, 1], n = pairs[, 2]), data.frame(level = c(0.9, 0.95, 0.99)))

ends <- function(x, n, limits) c(if (x == 0) 0 else limits[1], if (x == n) 1 else limits[2])
root <- function(f, low, high) if (low == high) low else uniroot(f, c(low, high), tol = 1e-16, maxiter = 10000)$root

mid_p <- function(x, n, a) ends(x, n, c(
  if (x > 0) root(function(p) pbinom(x, n, p, lower.tail = FALSE) + dbinom(x, n, p) / 2 - a / 2, 0, x / n) else NA,
  if (x < n) root(function(p) pbinom(x - 1, n, p) + dbinom(x, n, p) / 2 - a / 2, x / n, 1) else NA
))

likelihood_ratio <- function(x, n, a) {
  fall <- function(p) 2 * (dbinom(x, n, x / n, log = TRUE) - dbinom(x, n, p, log = TRUE)) - qchisq(1 - a, 1)
  ends(x, n, c(if (x > 0) root(fall, 1e-12, x / n) else NA, if (x < n) root(fall, x / n, 1 - 1e-12) else NA))
}

acceptability <- function(x, n, p) vapply(p, function(p) { # Blaker 2000: both tails as unlikely as the one of x
  upper <- pbinom(x - 1, n, p, lower.tail = FALSE)
  lower <- pbinom(x, n, p)
  if (upper <= lower) {
    k <- qbinom(upper, n, p) + 1
    while (k >= 0 && pbinom(k, n, p) > upper * (1 + 1e-13)) k <- k - 1
    min(1, upper + (if (k >= 0) pbinom(k, n, p) else 0))
  } else {
    k <- qbinom(lower, n, p, lower.tail = FALSE) - 1
    while (k <= n && pbinom(k - 1, n, p, lower.tail = FALSE) > lower * (1 + 1e-13)) k <- k + 1
    min(1, lower + (if (k <= n) pbinom(k - 1, n, p, lower.tail = FALSE) else 0))
  }
}, 0)

blaker <- function(x, n, a) {
  outer <- ends(x, n, c(qbeta(a / 2, x, n - x + 1), qbeta(1 - a / 2, x + 1, n - x)))
  refine <- function(out, inside) { # out is rejected, inside accepted, nothing accepted beyond out
    for (i in 1:200) {
      middle <- (out + inside) / 2
      if (acceptability(x, n, middle) > a) inside <- middle else out <- middle
    }
    inside
  }
  limit <- function(from) { # the accepted point of a fine grid that is nearest to Clopper-Pearson's limit
    grid <- from + (x / n - from) * seq(0, 1, length.out = 200001)[-1]
    for (block in split(grid, rep(1:100, each = 2000))) {
      good <- which(acceptability(x, n, block) > a)
      if (length(good)) return(refine(block[good[1]] - (grid[2] - grid[1]), block[good[1]]))
    }
  }
  ends(x, n, c(if (x > 0) limit(outer[1]) else NA, if (x < n) limit(outer[2]) else NA))
}

by_case <- function(f) t(mapply(f, cases$events, cases$n, 1 - cases$level))
prevalence_ci <- function(method) t(mapply(function(x, n, level) {
  if (x == 0 || x == n) return(c(NA, NA)) # prevalence is one-sided there
  unlist(prevalence::propCI(x, n, method = method, level = level)[c("lower", "upper")])
}, cases$events, cases$n, cases$level))

methods <- list(
  wilson = t(mapply(function(x, n, level) {
    suppressWarnings(prop.test(x, n, conf.level = level, correct = FALSE)$conf.int)
  }, cases$events, cases$n, cases$level)),
  clopper_pearson = t(mapply(function(x, n, level) binom.test(x, n, conf.level = level)$conf.int,
                             cases$events, cases$n, cases$level)),
  agresti_coull = prevalence_ci("agresti.coull"),
  jeffreys = by_case(function(x, n, a) ends(x, n, qbeta(c(a / 2, 1 - a / 2), x + 0.5, n - x + 0.5))),
  mid_p = by_case(mid_p),
  likelihood_ratio = by_case(likelihood_ratio),
  blaker = by_case(blaker),
  blaker_epir = t(mapply(function(x, n, level) {
    if (n > 1e5) return(c(NA, NA)) # stepping by 1e-4 is wider than the interval
    as.numeric(epiR::epi.prev(x, n, se = 1, sp = 1, method = "blaker", units = 1, conf.level = level)$ap[2:3])
  }, cases$events, cases$n, cases$level))
)
columns <- as.list(cases)
for (name in names(methods)) {
  columns[[paste0(name, "_low")]] <- methods[[name]][, 1]
  columns[[paste0(name, "_high")]] <- methods[[name]][, 2]
}
write_reference(
  "proportion.json",
  "prop.test(correct = FALSE), binom.test, prevalence::propCI, epiR::epi.prev; see R/proportion.R",
  c("stats", "prevalence", "epiR"), columns
)

# Numbers of cases from two to four lists, by R's own glm. Run by regenerate.sh, from tests/reference.
#
# Rcapture is not in Debian; it is glm(family = poisson) around the same tables. Each model is fitted to the cells seen;
# the profile likelihood fills the never-seen cell with a number, fits the whole table, and adds log(N! / (N - n)!).
source("R/write.R")
options(warn = -1)  # glm warns where a fitted mean tends to 0
control <- list(epsilon = 1e-14, maxit = 200)

# cells in the order 1 ... 2^k - 1: bit i tells list i
histories <- function(k) {
  h <- as.data.frame(t(sapply(seq_len(2^k - 1), function(cell) bitwAnd(cell, 2^(0:(k - 1))) > 0)) * 1)
  setNames(h, LETTERS[1:k])
}
bracket <- function(terms) {
  largest <- Filter(function(t) !any(sapply(terms, function(u) length(u) > length(t) && all(t %in% u))), terms)
  words <- sapply(largest, paste, collapse = "")
  paste0("[", words[order(-nchar(words), words)], "]", collapse = "")
}
models <- function(k) {
  more <- unlist(lapply(seq_len(max(k - 2, 0)) + 1, function(o) combn(LETTERS[1:k], o, simplify = FALSE)), FALSE)
  sets <- lapply(0:(2^length(more) - 1), function(code) more[bitwAnd(code, 2^(seq_along(more) - 1)) > 0])
  hierarchical <- function(set) all(sapply(set, function(t) {
    length(t) == 2 || all(sapply(seq_along(t), function(i) list(t[-i]) %in% set))
  }))
  lapply(Filter(function(s) length(s) == 0 || hierarchical(s), sets), function(s) c(as.list(LETTERS[1:k]), s))
}
fitted_model <- function(counts, terms, k) {
  f <- as.formula(paste("y ~", paste(sapply(terms, paste, collapse = ":"), collapse = " + ")))
  fit <- glm(f, family = poisson, data = cbind(histories(k), y = counts), control = control)
  mu <- exp(coef(fit)[[1]])
  c(cases = sum(counts) + mu, std_error = sqrt(mu + mu^2 * vcov(fit)[1, 1]), deviance = deviance(fit), aic = AIC(fit),
    bic = AIC(fit) + length(terms) * (log(sum(counts)) - 2) + log(sum(counts)) - 2)
}
limits <- function(counts, terms, k, odds_ratio = 1) {
  f <- as.formula(paste("y ~", paste(sapply(terms, paste, collapse = ":"), collapse = " + ")))
  data <- rbind(histories(k), rep(0, k))
  shift <- log(odds_ratio) * data$A * data$B
  n <- sum(counts)
  value <- function(log_missing) {
    missing <- exp(log_missing)
    y <- c(counts, missing)
    data$y <- y
    fit <- glm(f, family = poisson, data = data, offset = shift, control = control)
    lgamma(n + missing + 1) - lgamma(missing + 1) + sum(ifelse(y > 0, y * log(fitted(fit) / (n + missing)), 0))
  }
  best <- optimize(value, c(log(1e-4), log(100 * n)), maximum = TRUE, tol = 1e-10)
  gap <- function(x) value(x) - best$objective + qchisq(0.95, 1) / 2
  low <- if (gap(log(1e-4)) > 0) n else n + exp(uniroot(gap, c(log(1e-4), best$maximum), tol = 1e-12)$root)
  c(low, n + exp(uniroot(gap, c(best$maximum, log(1e4 * n)), tol = 1e-12)$root))
}

sets <- list(
  diabetes = c(709, 74, 104, 182, 650, 20, 157, 10, 12, 7, 18, 8, 46, 14, 58),
  filled = c(30, 41, 22, 5, 60, 11, 8, 3, 13, 6, 4, 2, 1, 9, 7),
  rivest = c(71, 53, 155, 43, 7, 13, 72),
  cormack = c(54, 3, 5, 14, 29, 24, 72),
  zeros = c(14, 1, 53, 0, 3, 0, 5, 2, 12, 0, 29, 0, 24, 0, 72)
)
rows <- do.call(rbind, lapply(names(sets), function(set) {
  counts <- sets[[set]]
  k <- log2(length(counts) + 1)
  all <- models(k)
  numbers <- t(sapply(all, function(terms) fitted_model(counts, terms, k)))
  data.frame(set = set, name = sapply(all, bracket), numbers)
}))
# with cells of 0 glm goes on to infinity in some models: no choice among those
best <- do.call(rbind, lapply(setdiff(names(sets), "zeros"), function(set) {
  counts <- sets[[set]]
  k <- log2(length(counts) + 1)
  mine <- rows[rows$set == set, ]
  do.call(rbind, lapply(c("aic", "bic"), function(criterion) {
    place <- which.min(mine[[criterion]])
    weight <- exp(-(mine[[criterion]] - min(mine[[criterion]])) / 2)
    weight <- weight / sum(weight)
    mean <- sum(weight * mine$cases)
    l <- limits(counts, models(k)[[place]], k)
    data.frame(best_set = set, criterion = criterion, best_name = mine$name[place], best_low = l[1], best_high = l[2],
               mean = mean, mean_error = sum(weight * sqrt(mine$std_error^2 + (mine$cases - mean)^2)))
  }))
}))
two <- expand.grid(case = 1:5, odds_ratio = c(0.25, 1, 4))
tables <- rbind(c(167, 781, 254), c(16, 19, 19), c(1, 12, 9), c(30, 4, 6), c(20, 0, 7))
two_limits <- t(mapply(function(case, psi) limits(tables[case, c(2, 3, 1)], list("A", "B"), 2, psi),
                       two$case, two$odds_ratio))
write_reference("log_linear.json", "glm(family = poisson), AIC, optimize, uniroot", "stats", c(
  list(counts_set = rep(names(sets), lengths(sets)), counts = unlist(sets)),
  as.list(rows), as.list(best),
  list(both = tables[two$case, 1], first_only = tables[two$case, 2], second_only = tables[two$case, 3],
       odds_ratio = two$odds_ratio, two_low = two_limits[, 1], two_high = two_limits[, 2])
))

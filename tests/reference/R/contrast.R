# Contrasts of two groups from R's own functions on real data, and by root search where no program is exact. Run by
# regenerate.sh, from tests/reference.
#
# 2 x 2 tables: MASS::birthwt (low weight by smoking, hypertension, irritability, race), datasets::esoph (cases by alcohol and by
# tobacco), datasets::UCBAdmissions (by department), epitools::wcgs, epitools::oswego, and made tables with zero
# cells. Score limits are roots of the score statistic with the constrained maximum of the likelihood found by halving its slope,
# no formula; the exact odds ratio sums dhyper. `fisher.test` itself stops at about 1e-4.
source("R/write.R")
options(warn = -1)
suppressMessages({library(MASS); library(epitools); library(Epi); library(epiR)})

two <- function(event, group) c(sum(event & group), sum(group), sum(event & !group), sum(!group))
data(wcgs); data(oswego)
b <- MASS::birthwt
alcohol <- tapply(esoph$ncases, as.integer(esoph$alcgp) > 2, sum); alcohol0 <- tapply(esoph$ncontrols, as.integer(esoph$alcgp) > 2, sum)
tobacco <- tapply(esoph$ncases, as.integer(esoph$tobgp) > 2, sum); tobacco0 <- tapply(esoph$ncontrols, as.integer(esoph$tobgp) > 2, sum)
tables <- rbind(
  two(b$low == 1, b$smoke == 1), two(b$low == 1, b$ht == 1), two(b$low == 1, b$ui == 1), two(b$low == 1, b$race == 1),
  two(wcgs$chd69 == 1, wcgs$ncigs0 > 0), two(wcgs$chd69 == 1, wcgs$dibpat0 == 1),
  two(oswego$ill == "Y", oswego$vanilla.ice.cream == "Y"), two(oswego$ill == "Y", oswego$spinach == "Y"),
  t(apply(UCBAdmissions, 3, function(d) c(d[1, 1], sum(d[, 1]), d[1, 2], sum(d[, 2])))),
  c(alcohol[2], alcohol[2] + alcohol0[2], alcohol[1], alcohol[1] + alcohol0[1]),
  c(tobacco[2], tobacco[2] + tobacco0[2], tobacco[1], tobacco[1] + tobacco0[1]),
  c(0, 16, 15, 72), c(7, 34, 1, 34), c(5, 20, 0, 17), c(12, 12, 3, 10), c(4, 9, 11, 11), c(1, 3, 1, 3)
)
x1 <- as.numeric(tables[, 1]); n1 <- as.numeric(tables[, 2]); x0 <- as.numeric(tables[, 3]); n0 <- as.numeric(tables[, 4])
z <- qnorm(0.975)
statistic <- function(kind, at, a, m, c, n) {
  if (kind == "difference") {
    low <- max(0, -at); high <- min(1, 1 - at)
    slope <- function(p) { q <- p + at; ifelse(a > 0, a / q, 0) - ifelse(m > a, (m - a) / (1 - q), 0) + ifelse(c > 0, c / p, 0) - ifelse(n > c, (n - c) / (1 - p), 0) }
    p0 <- halved(slope, low, high); p1 <- p0 + at
    (a / m - c / n - at) / sqrt(p1 * (1 - p1) / m + p0 * (1 - p0) / n)
  } else if (kind == "ratio") {
    high <- min(1, 1 / at)
    slope <- function(p) { q <- p * at; ifelse(a > 0, a / p, 0) - ifelse(m > a, at * (m - a) / (1 - q), 0) + ifelse(c > 0, c / p, 0) - ifelse(n > c, (n - c) / (1 - p), 0) }
    p0 <- halved(slope, 0, high); p1 <- p0 * at
    (a / m - at * c / n) / sqrt(p1 * (1 - p1) / m + at^2 * p0 * (1 - p0) / n)
  } else {
    low <- max(0, a + c - n); high <- min(m, a + c)
    gap <- function(k) log(at) - log(k) - log(n - a - c + k) + log(m - k) + log(a + c - k)
    k <- halved(gap, low, high)
    (a - k) * sqrt(1 / k + 1 / (m - k) + 1 / (a + c - k) + 1 / (n - a - c + k))
  }
}
halved <- function(slope, low, high) {  # a falling function's zero, by halving
  for (i in 1:200) { middle <- (low + high) / 2; if (slope(middle) > 0) low <- middle else high <- middle }
  (low + high) / 2
}
halve <- function(f, low, high) {
  for (i in 1:200) { middle <- (low + high) / 2; if (f(middle) > 0) low <- middle else high <- middle }
  (low + high) / 2
}
score <- function(kind, a, m, c, n, factor) {
  estimate <- switch(kind, difference = a / m - c / n, ratio = (a / m) / (c / n), odds = (a / (m - a)) / (c / (n - c)))
  if (kind == "difference") { ends <- c(-1, 1); back <- identity } else { ends <- c(-60, 60); back <- exp; estimate <- log(estimate) }
  estimate <- max(min(estimate, ends[2]), ends[1])
  s <- function(t) statistic(kind, back(t), a, m, c, n) / sqrt(factor)
  low <- if (estimate > ends[1]) back(halve(function(t) s(t) - z, ends[1], estimate)) else if (kind == "difference") -1 else 0
  high <- if (estimate < ends[2]) back(halve(function(t) s(t) + z, estimate, ends[2])) else if (kind == "difference") 1 else Inf
  c(low, high)
}
N <- n1 + n0
scored <- function(kind, corrected) t(mapply(function(a, m, c, n) score(kind, a, m, c, n, if (corrected) (m + n) / (m + n - 1) else 1), x1, n1, x0, n0))
columns <- list(x1 = x1, n1 = n1, x0 = x0, n0 = n0)
put <- function(name, matrix) { columns[[paste0(name, "_low")]] <<- matrix[, 1]; columns[[paste0(name, "_high")]] <<- matrix[, 2] }
for (kind in c("difference", "ratio", "odds")) { put(paste0(kind, "_plain"), scored(kind, FALSE)); put(paste0(kind, "_corrected"), scored(kind, TRUE)) }
newcombe <- ci.pd(x1, x0, n1 - x1, n0 - x0, method = "Nc", print = FALSE)
put("newcombe", newcombe[, 6:7])
mover <- t(mapply(function(a, m, c, n) {
  w1 <- prop.test(a, m, correct = FALSE)$conf.int; w0 <- prop.test(c, n, correct = FALSE)$conf.int; p <- a / m; q <- c / n
  low <- (p * q - sqrt((p * q)^2 - w1[1] * w0[2] * (2 * p - w1[1]) * (2 * q - w0[2]))) / (w0[2] * (2 * q - w0[2]))
  high <- (p * q + sqrt((p * q)^2 - w1[2] * w0[1] * (2 * p - w1[2]) * (2 * q - w0[1]))) / (w0[1] * (2 * q - w0[1]))
  g <- qlogis(p) - qlogis(q)
  c(low, high, exp(g - sqrt((qlogis(p) - qlogis(w1[1]))^2 + (qlogis(w0[2]) - qlogis(q))^2)),
    exp(g + sqrt((qlogis(w1[2]) - qlogis(p))^2 + (qlogis(q) - qlogis(w0[1]))^2)))
}, x1, n1, x0, n0))
put("mover_ratio", mover[, 1:2]); put("mover_odds", mover[, 3:4])
wald <- t(mapply(function(a, m, c, n) {
  rr <- riskratio.wald(matrix(c(n - c, m - a, c, a), 2))$measure[2, ]; or <- oddsratio.wald(matrix(c(n - c, m - a, c, a), 2))$measure[2, ]
  c(rr[2:3], or[2:3])
}, x1, n1, x0, n0))
put("katz", wald[, 1:2]); put("woolf", wald[, 3:4])
put("wald", cbind(x1 / n1 - x0 / n0 - z * sqrt(x1 * (n1 - x1) / n1^3 + x0 * (n0 - x0) / n0^3), x1 / n1 - x0 / n0 + z * sqrt(x1 * (n1 - x1) / n1^3 + x0 * (n0 - x0) / n0^3)))
columns$pearson_p <- mapply(function(a, m, c, n) chisq.test(matrix(c(a, m - a, c, n - c), 2), correct = FALSE)$p.value, x1, n1, x0, n0)
epir <- t(mapply(function(a, m, c, n) as.numeric(unlist(epiR:::zRRscore(c(a, m - a, c, n - c), 0.95)))[1:3], x1, n1, x0, n0))
columns$epir_low <- as.numeric(epir[, 2]); columns$epir_high <- as.numeric(epir[, 3])

exact <- t(mapply(function(a, m, c, n) {
  k <- max(0, a + c - n):min(m, a + c); w <- dhyper(k, m, n, a + c, log = TRUE)
  prob <- function(t) { v <- w + t * k; v <- exp(v - max(v)); v / sum(v) }
  root <- function(f, all) if (all) NA else exp(halve(f, -60, 60))
  lowest <- a == min(k); highest <- a == max(k)
  up <- function(t, half) { p <- prob(t); sum(p[k > a]) + half * p[k == a] }
  c(if (lowest) 0 else if (highest) Inf else root(function(t) a - sum(k * prob(t)), FALSE),
    if (lowest) 0 else root(function(t) 0.025 - up(t, 1), FALSE), if (highest) Inf else root(function(t) 0.975 - up(t, 0), FALSE),
    if (lowest) 0 else root(function(t) 0.025 - up(t, 0.5), FALSE), if (highest) Inf else root(function(t) 0.975 - up(t, 0.5), FALSE),
    fisher.test(matrix(c(a, m - a, c, n - c), 2))$p.value,
    min(1, 2 * min(phyper(a, m, n, a + c), phyper(a - 1, m, n, a + c, lower.tail = FALSE))),
    as.numeric(fisher.test(matrix(c(a, m - a, c, n - c), 2))$conf.int))
}, x1, n1, x0, n0))
colnames(exact) <- c("exact_estimate", "exact_low", "exact_high", "mid_low", "mid_high", "fisher_p", "central_p", "fisher_test_low", "fisher_test_high")
for (name in colnames(exact)) columns[[name]] <- exact[, name]

# Strata: UCBAdmissions by department, esoph by age, wcgs by age, birthwt by race with an empty stratum.
strata <- function(array) list(x1 = as.numeric(array[1, 1, ]), n1 = as.numeric(colSums(array[, 1, ])), x0 = as.numeric(array[1, 2, ]), n0 = as.numeric(colSums(array[, 2, ])))
old <- esoph$agegp
by_age <- sapply(levels(old), function(g) { h <- as.integer(esoph$alcgp) > 2; i <- old == g
  c(sum(esoph$ncases[i & h]), sum(esoph$ncontrols[i & h]), sum(esoph$ncases[i & !h]), sum(esoph$ncontrols[i & !h])) })
age <- cut(wcgs$age0, c(0, 42, 46, 50, 54, 99))
sets <- list(
  ucb = UCBAdmissions,
  esoph = array(by_age, c(2, 2, 6)),
  wcgs = table(factor(wcgs$chd69, c(1, 0)), factor(wcgs$dibpat0, c(1, 0)), age),
  birthwt = table(factor(b$low, c(1, 0)), factor(b$smoke, c(1, 0)), b$race)
)
for (name in names(sets)) {
  array <- array(as.numeric(sets[[name]]), dim(sets[[name]])); s <- strata(array)
  for (part in names(s)) columns[[paste0(name, "_", part)]] <- s[[part]]
  test <- mantelhaen.test(array, correct = FALSE)
  out <- epi.2by2(as.table(aperm(array, c(2, 1, 3))), method = "cohort.count", units = 1)$massoc.detail
  bd <- local({  # Breslow-Day with Tarone, cells by root search
    or <- test$estimate; use <- apply(array, 3, function(t) all(rowSums(t) > 0) && all(colSums(t) > 0)); v <- d <- numeric(0)
    for (i in which(use)) { t <- array[, , i]; m <- sum(t[, 1]); n <- sum(t[, 2]); e <- sum(t[1, ])
      k <- halved(function(k) log(or) - log(k) - log(n - e + k) + log(m - k) + log(e - k), max(0, e - n), min(m, e))
      v <- c(v, 1 / (1 / k + 1 / (m - k) + 1 / (e - k) + 1 / (n - e + k))); d <- c(d, t[1, 1] - k) }
    stat <- sum(d^2 / v) - sum(d)^2 / sum(v); c(stat, length(v) - 1, pchisq(stat, length(v) - 1, lower.tail = FALSE))
  })
  columns[[paste0(name, "_mh")]] <- c(test$estimate, test$conf.int, test$statistic, test$p.value,
    as.numeric(out$RR.mh.wald[1:3]), bd)
  columns[[paste0(name, "_rd")]] <- as.numeric(out$ARisk.mh.sato[1:3])
}

# Location: lengths of stay and weights.
pairs <- list(
  sleep = list(sleep$extra[sleep$group == 1], sleep$extra[sleep$group == 2]),
  weight = list(b$bwt[b$smoke == 1], b$bwt[b$smoke == 0]),
  age = list(b$age[b$smoke == 1], b$age[b$smoke == 0]),
  faithful = list(faithful$waiting[faithful$eruptions > 3.5], faithful$waiting[faithful$eruptions <= 3.5]),
  pressure = list(as.numeric(wcgs$sbp0[wcgs$chd69 == 1]), as.numeric(wcgs$sbp0[wcgs$chd69 == 0])),
  membrane = list(c(0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46), c(1.15, 0.88, 0.90, 0.74, 1.21)),
  co2 = list(CO2$uptake[CO2$Type == "Quebec"] + (1:42) * 1e-6, CO2$uptake[CO2$Type == "Mississippi"] - (1:42) * 1e-7)
)
for (name in names(pairs)) {
  p <- pairs[[name]]; w <- wilcox.test(p[[1]], p[[2]], conf.int = TRUE, tol.root = 1e-12); t <- t.test(p[[1]], p[[2]])
  d <- sort(outer(p[[1]], p[[2]], "-"))
  columns[[paste0(name, "_1")]] <- p[[1]]; columns[[paste0(name, "_0")]] <- p[[2]]
  columns[[paste0(name, "_wilcox")]] <- c(median(d), as.numeric(w$conf.int), w$p.value)
  columns[[paste0(name, "_welch")]] <- c(t$estimate[1] - t$estimate[2], t$stderr, t$parameter, t$conf.int, t$p.value)
}

# Ordinal: MASS::housing (satisfaction by contact), esoph (age of cases against controls), birthwt (visits by smoking).
sat <- xtabs(Freq ~ Cont + Sat, MASS::housing)
ordinal <- list(housing = list(sat["High", ], sat["Low", ]),
  esoph_age = list(tapply(esoph$ncases, old, sum), tapply(esoph$ncontrols, old, sum)),
  visits = list(as.numeric(table(factor(b$ftv[b$smoke == 1], 0:6))), as.numeric(table(factor(b$ftv[b$smoke == 0], 0:6)))))
for (name in names(ordinal)) {
  one <- as.numeric(ordinal[[name]][[1]]); zero <- as.numeric(ordinal[[name]][[2]]); k <- length(one)
  used <- one + zero > 0; y <- rbind(zero[used], one[used]); g <- c(0, 1)
  fit <- VGAM::vglm(y ~ g, VGAM::cumulative(parallel = TRUE, reverse = TRUE), epsilon = 1e-14, maxit = 100)
  flat <- VGAM::vglm(y ~ 1, VGAM::cumulative(parallel = TRUE, reverse = TRUE), epsilon = 1e-14, maxit = 100)
  beta <- VGAM::coef(fit)["g"]
  polr <- MASS::polr(factor(rep(1:sum(used), 2), ordered = TRUE) ~ rep(c(0, 1), each = sum(used)), weights = c(zero[used], one[used]), Hess = TRUE,
    control = list(reltol = 1e-15, maxit = 1000))
  lr <- 2 * (VGAM::logLik(fit) - VGAM::logLik(flat)); gap <- VGAM::deviance(fit); df <- sum(used) - 2
  # Brunner-Munzel by midranks.
  r <- rank(c(rep(1:k, one), rep(1:k, zero))); m <- sum(one); n <- sum(zero); r1 <- r[1:m]; r0 <- r[-(1:m)]
  in1 <- rank(rep(1:k, one)); in0 <- rank(rep(1:k, zero)); theta <- (mean(r1) - (m + 1) / 2) / n
  s1 <- var(r1 - in1) / n^2 / m; s0 <- var(r0 - in0) / m^2 / n; dfb <- (s1 + s0)^2 / (s1^2 / (m - 1) + s0^2 / (n - 1))
  reach <- qt(0.975, dfb) * sqrt(s1 + s0) / (theta * (1 - theta))
  v <- function(t) t * (1 - t) / (m * n) * (1 + ((m + n) / 2 - 1) * ((1 - t) / (2 - t) + t / (1 + t)))
  low <- halve(function(t) (theta - t) - z * sqrt(v(t)), 0, theta); high <- halve(function(t) (theta - t) + z * sqrt(v(t)), theta, 1)
  columns[[paste0(name, "_1")]] <- one; columns[[paste0(name, "_0")]] <- zero
  columns[[paste0(name, "_odds")]] <- c(beta, sqrt(vcov(polr)[1, 1]), pchisq(lr, 1, lower.tail = FALSE), gap, df, pchisq(gap, df, lower.tail = FALSE))
  columns[[paste0(name, "_superiority")]] <- c(theta, low, high, plogis(qlogis(theta) - reach), plogis(qlogis(theta) + reach), 2 * pt(-abs(theta - 0.5) / sqrt(s1 + s0), dfb))
}

# Standardised differences of several categories: one left out, MASS::ginv, as Yang and Dalton write it.
smd <- function(one, zero) { t <- (one / sum(one))[-1]; c <- (zero / sum(zero))[-1]
  s <- ((diag(t, length(t)) - t %*% t(t)) + (diag(c, length(c)) - c %*% t(c))) / 2; sqrt(t(t - c) %*% MASS::ginv(s) %*% (t - c))[1] }
columns$smd <- c(smd(as.numeric(ordinal$housing[[1]]), as.numeric(ordinal$housing[[2]])), smd(as.numeric(ordinal$esoph_age[[1]]), as.numeric(ordinal$esoph_age[[2]])),
  smd(table(b$race[b$smoke == 1]), table(b$race[b$smoke == 0])))
columns$race_1 <- as.numeric(table(b$race[b$smoke == 1])); columns$race_0 <- as.numeric(table(b$race[b$smoke == 0]))

# Multiplicity.
p <- columns$fisher_p; p[c(3, 9)] <- NA
columns$p_raw <- p; columns$p_holm <- p.adjust(p, "holm"); columns$p_bh <- p.adjust(p, "BH")

# Season: deaths by month, months of unequal length; cosinor by glm.
length_of <- c(31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
series <- list(lung = tapply(ldeaths, cycle(ldeaths), sum), accidents = tapply(USAccDeaths, cycle(USAccDeaths), sum),
  drivers = tapply(UKDriverDeaths, cycle(UKDriverDeaths), sum), killed = tapply(Seatbelts[, "VanKilled"], cycle(Seatbelts), sum))
angle <- 2 * pi * (1:12 - 0.5) / 12
for (name in names(series)) {
  o <- as.numeric(series[[name]]); f <- glm(o ~ cos(angle) + sin(angle) + offset(log(length_of)), poisson, epsilon = 1e-14)
  r <- as.numeric(series$drivers); h <- glm(cbind(o, r) ~ cos(angle) + sin(angle), binomial, epsilon = 1e-14)
  share <- length_of / sum(length_of); e <- cbind(cos(angle), sin(angle)); mu <- colSums(share * e); S <- t(e) %*% (share * e) - mu %*% t(mu)
  d <- colSums(o / sum(o) * e) - mu
  both <- (o + r) / sum(o + r); mb <- colSums(both * e); Sb <- t(e) %*% (both * e) - mb %*% t(mb); db <- colSums((o / sum(o) - r / sum(r)) * e)
  n <- sum(o) + sum(r)
  columns[[paste0(name, "_counts")]] <- o
  columns[[paste0(name, "_glm")]] <- c(coef(f)[2:3], vcov(f)[2:3, 2:3], f$null.deviance - f$deviance, f$deviance)
  columns[[paste0(name, "_logit")]] <- c(coef(h)[2:3], vcov(h)[2:3, 2:3], h$null.deviance - h$deviance, h$deviance)
  columns[[paste0(name, "_rayleigh")]] <- c(sum(o) * t(d) %*% solve(S) %*% d, (n - 1) / n * sum(o) * sum(r) / n * t(db) %*% solve(Sb) %*% db)
}
write_reference("contrast.json", "score statistics, dhyper, mantelhaen.test, epi.2by2, wilcox.test, t.test, vglm, polr, p.adjust, glm; see the script",
  c("epiR", "epitools", "Epi", "MASS", "VGAM"), columns)

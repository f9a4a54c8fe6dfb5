# Survival curves, incidence, tests and means from survival, cmprsk, etm and Epi. Run by regenerate.sh, from tests/reference.
#
# Data: lung, mgus2, heart and aml of survival, and a made cohort with ties, late entry, a group without events and
# weights. Ages of mgus2 are in months, so that late entry has ties too.
suppressMessages({library(survival); library(cmprsk); library(etm)})
source("R/write.R")
out <- list()
put <- function(name, values) out[[name]] <<- as.vector(values)
some <- function(n) unique(c(seq(1, n, by = max(1, n %/% 60)), n)) # long curves: about 60 of their times
rows <- function(set, ...) for (n in names(list(...))) put(paste0(set, "_", n), as.numeric(list(...)[[n]]))

# ---- data
m <- mgus2
m$time <- ifelse(m$pstat == 1, m$ptime, m$futime)
m$event <- ifelse(m$pstat == 1, 1, 2 * m$death)
m <- m[m$time > 0, ]
m$from <- 12 * m$age
m$weight <- 0.5 + (seq_len(nrow(m)) %% 7) / 4
m$third <- findInterval(m$age, c(65, 77))
rows("mgus2", exit = m$time, event = m$event, entry = m$from, weight = m$weight, sex = m$sex == "M", third = m$third)
l <- lung[complete.cases(lung[, c("age", "sex", "ph.ecog", "ph.karno")]), ]
rows("lung", exit = l$time, event = l$status - 1, age = l$age, sex = l$sex - 1, ecog = l$ph.ecog, karno = l$ph.karno)
set.seed(20261123)
made <- data.frame(entry = sample(0:4, 80, TRUE), stay = sample(1:6, 80, TRUE), event = sample(0:2, 80, TRUE),
                   group = sample(0:2, 80, TRUE), weight = round(runif(80, 0.2, 3), 3), x = round(rnorm(80), 2))
made$entry[1:8] <- 0
made$exit <- made$entry + made$stay
made$event[made$group == 2 & made$event == 1] <- 0 # no event of cause 1 in group 2
rows("made", exit = made$exit, event = made$event, entry = made$entry, weight = made$weight, group = made$group,
     x = made$x)

# ---- Kaplan-Meier and its limits, median
for (type in c("log-log", "log", "plain", "arcsin")) {
  f <- survfit(Surv(time, status == 2) ~ 1, l, conf.type = type)
  put(paste0("km_low_", type), f$lower); put(paste0("km_high_", type), f$upper)
  q <- quantile(f, c(0.1, 0.25, 0.5, 0.75, 0.9))
  put(paste0("quantile_low_", type), q$lower); put(paste0("quantile_high_", type), q$upper)
}
put("km_time", f$time); put("km_survival", f$surv); put("km_error", f$std.err * f$surv); put("km_at_risk", f$n.risk)
put("quantile", q$quantile)
flat <- survfit(Surv(1:8, rep(1, 8)) ~ 1, conf.type = "log-log")
q <- quantile(flat, c(0.25, 0.5, 0.75))
put("flat_quantile", q$quantile); put("flat_low", q$lower); put("flat_high", q$upper)
f <- survfit(Surv(from, from + time, event > 0) ~ 1, m, conf.type = "log-log", robust = FALSE)
s <- some(length(f$time))
put("late_time", f$time[s]); put("late_survival", f$surv[s]); put("late_error", (f$std.err * f$surv)[s])
put("late_at_risk", f$n.risk[s]); put("late_low", f$lower[s]); put("late_high", f$upper[s])
f <- survfit(Surv(from, from + time, event > 0) ~ 1, m, start.time = 720.5, conf.type = "log-log", robust = FALSE)
s <- some(length(f$time))
put("since_time", f$time[s]); put("since_survival", f$surv[s]); put("since_error", (f$std.err * f$surv)[s])

# ---- cumulative incidence: infinitesimal jackknife (survival), Greenwood's kind (etm), Aalen's (cmprsk)
jackknife <- function(name, formula, data, weights = NULL) {
  data$w <- if (is.null(weights)) 1 else weights
  data$row <- seq_len(nrow(data))
  f <- survfit(formula, data, weights = w, id = row)
  s <- some(length(f$time))
  put(paste0(name, "_time"), f$time[s])
  for (k in 1:2) {
    put(paste0(name, "_incidence", k), f$pstate[s, k + 1]); put(paste0(name, "_error", k), f$std.err[s, k + 1])
  }
}
jackknife("plain", Surv(time, factor(event, 0:2)) ~ 1, m)
jackknife("weighted", Surv(time, factor(event, 0:2)) ~ 1, m, m$weight)
jackknife("age", Surv(from, from + time, factor(event, 0:2)) ~ 1, m)
jackknife("made_both", Surv(entry, exit, factor(event, 0:2)) ~ 1, made, made$weight)
jackknife("made_late", Surv(entry, exit, factor(event, 0:2)) ~ 1, made)
f <- survfit(Surv(time, event > 0) ~ 1, m, weights = weight, robust = TRUE)
s <- some(length(f$time))
put("weighted_survival_time", f$time[s]); put("weighted_survival", f$surv[s]); put("weighted_survival_error", f$std.err[s]) # of S itself, since robust
greenwood <- function(name, entry, exit, event) {
  d <- data.frame(id = seq_along(exit), from = "0", to = ifelse(event == 0, "cens", event), entry = entry, exit = exit)
  tra <- matrix(FALSE, 3, 3, dimnames = list(0:2, 0:2)); tra[1, 2:3] <- TRUE
  f <- etm(d, c("0", "1", "2"), tra, "cens", s = 0)
  s <- some(length(f$time))
  put(paste0(name, "_time"), f$time[s])
  for (k in 1:2) {
    put(paste0(name, "_incidence", k), f$est["0", as.character(k), s])
    put(paste0(name, "_error", k), sqrt(f$cov[paste("0", k), paste("0", k), s]))
    low <- summary(f, tr.choice = paste(0, k), ci.fun = "cloglog")[[1]]
    put(paste0(name, "_low", k), low[s, "lower"]); put(paste0(name, "_high", k), low[s, "upper"])
  }
}
greenwood("etm_plain", 0, m$time, m$event)
greenwood("etm_age", m$from, m$from + m$time, m$event)
greenwood("etm_made", made$entry, made$exit, made$event)
f <- timepoints(cuminc(m$time, m$event), c(60, 120, 240))
put("cuminc_incidence", f$est); put("cuminc_error", sqrt(f$var)) # causes within times

# ---- Gray, log-rank, trend
gray <- function(name, ...) {
  tests <- cuminc(...)$Tests
  put(paste0("gray_", name), tests[, "stat"]); put(paste0("gray_p_", name), tests[, "pv"])
}
gray("sex", m$time, m$event, m$sex); gray("third", m$time, m$event, m$third)
gray("third_rho", m$time, m$event, m$third, rho = 1); gray("made", made$exit, made$event, made$group)
logrank <- function(name, ...) {
  f <- survdiff(...)
  put(paste0("logrank_", name), c(f$chisq, f$obs, f$exp)); put(paste0("logrank_var_", name), f$var)
}
l$sex <- l$sex - 1; l$status <- l$status - 1
logrank("sex", Surv(time, status) ~ sex, l); logrank("ecog", Surv(time, status) ~ ph.ecog, l)
logrank("ecog_rho", Surv(time, status) ~ ph.ecog, l, rho = 1)
f <- survdiff(Surv(time, status) ~ sex + strata(ph.ecog), l)
put("logrank_strata", c(f$chisq, rowSums(f$obs), rowSums(f$exp))); put("logrank_var_strata", f$var)
f <- survdiff(Surv(time, status) ~ sex + strata(ph.ecog), l, rho = 0.5)
put("logrank_strata_rho", f$chisq)
f <- survdiff(Surv(time, status) ~ ph.ecog, l)
s <- 0:3 # scores
put("trend_ecog", sum(s * (f$obs - f$exp)) / sqrt(s %*% f$var %*% s))
exact <- function(...) coxph(..., ties = "exact")$score # the exact likelihood's score test is the log-rank test
put("late_logrank_made", exact(Surv(entry, exit, event == 2) ~ factor(group), made))
put("late_logrank_mgus2", exact(Surv(from, from + time, event == 1) ~ sex, m))

# ---- restricted means, of survival and of time lost (area under the influence of each patient)
t <- summary(survfit(Surv(time, status) ~ sex, l), rmean = 730)$table
put("rmst", t[, "rmean"]); put("rmst_error", t[, "se(rmean)"])
lost <- function(name, f, tau) {
  width <- diff(c(f$time[f$time <= tau], tau)); inside <- f$time <= tau
  put(paste0(name, "_lost"), colSums(f$pstate[inside, 2:3] * width))
  u <- f$influence.pstate[, 1 + which(inside), 2:3] # the first is time 0
  put(paste0(name, "_lost_error"), apply(u, 3, function(one) sqrt(sum((one %*% width)^2))))
}
lost("plain", survfit(Surv(time, factor(event, 0:2)) ~ 1, m, influence = TRUE), 240)
never <- made; never$entry <- 0
lost("made", survfit(Surv(exit, factor(event, 0:2)) ~ 1, never, influence = TRUE), 9)

# ---- proportional hazards, curves of a Cox model
zph <- function(name, fit, transforms = c("km", "rank", "identity", "log"), ...) {
  put(paste0("beta_", name), coef(fit))
  for (g in transforms) {
    z <- cox.zph(fit, transform = g, ...)
    put(paste0("zph_", name, "_", g), z$table[, "chisq"]); put(paste0("zph_p_", name, "_", g), z$table[, "p"])
  }
  z
}
tight <- coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50)
put("zph_y", zph("lung", coxph(Surv(time, status) ~ age + sex + ph.karno, l, control = tight))$y)
for (v in c("age", "sex", "ph.karno")) { # the likelihood ratio of the model with an effect changing in proportion to time
  l$one <- l[[v]]
  narrow <- coxph(Surv(time, status) ~ age + sex + ph.karno, l)
  wide <- coxph(Surv(time, status) ~ age + sex + ph.karno + tt(one), l, tt = function(x, t, ...) x * t)
  out$widened_lung <- c(out$widened_lung, 2 * (wide$loglik[2] - narrow$loglik[2]))
}
invisible(zph("strata", coxph(Surv(time, status) ~ age + ph.karno + strata(sex), l, control = tight)))
invisible(zph("factor", coxph(Surv(time, status) ~ age + factor(pmin(ph.ecog, 2)), l, control = tight)))
h <- heart
rows("heart", entry = h$start, exit = h$stop, event = h$event, age = h$age, year = h$year, surgery = h$surgery,
     transplant = as.numeric(h$transplant) - 1)
invisible(zph("heart", coxph(Surv(start, stop, event) ~ age + year + surgery + transplant, h, control = tight)))
invisible(zph("made", coxph(Surv(entry, exit, event == 2) ~ x + factor(group), made, control = tight), terms = FALSE))
invisible(zph("aml", coxph(Surv(time, status) ~ x, aml, control = tight)))
fit <- coxph(Surv(time, status) ~ age + sex + ph.karno, l, control = tight)
new <- data.frame(age = c(50, 70), sex = c(0, 1), ph.karno = c(60, 100))
s <- summary(survfit(fit, new, conf.type = "log-log"), times = c(100, 365, 700))
put("cox_survival", s$surv); put("cox_error", s$std.err); put("cox_low", s$lower); put("cox_high", s$upper)
all <- survfit(fit, transform(l, sex = 1))
put("cox_mean", rowMeans(summary(all, times = c(100, 365, 700))$surv))
fit <- coxph(Surv(start, stop, event) ~ age + year + surgery + transplant, h, control = tight)
s <- summary(survfit(fit, data.frame(age = 3, year = 2, surgery = 0, transplant = "1")), times = c(30, 100, 700))
put("cox_heart_survival", s$surv); put("cox_heart_error", s$std.err)

# ---- person-time, rates, piecewise exponential
cuts <- c(90, 180, 365)
pieces <- survSplit(Surv(time, status) ~ sex + ph.ecog, l, cut = cuts, episode = "piece", start = "start")
fit <- glm(status ~ factor(piece) + sex + ph.ecog + offset(log(time - start)), poisson, pieces, epsilon = 1e-14)
put("piecewise", coef(fit)); put("piecewise_error", sqrt(diag(vcov(fit))))
split <- coxph(Surv(start, time, status) ~ sex:factor(piece), pieces, control = tight)
put("split_beta", coef(split))
m$none <- 0
lex <- Epi::Lexis(list(months = from), list(months = from + time), exit.status = event, entry.status = none, data = m)
lex <- Epi::splitLexis(lex, breaks = c(0, 600, 720, 840, 960, 2000), time.scale = "months")
put("lexis_time", tapply(Epi::dur(lex), Epi::timeBand(lex, "months", "left"), sum))
put("lexis_first", tapply(lex$lex.Xst == 1, Epi::timeBand(lex, "months", "left"), sum))
x <- c(0, 1, 7, 35, 1200); y <- c(4, 0, 9, 20, 1100); a <- c(10, 22.5, 100, 1000, 1e5); b <- c(12, 20, 90, 2000, 1e5)
put("rate_events", x); put("rate_time", a); put("rate_other_events", y); put("rate_other_time", b)
one <- sapply(seq_along(x), function(i) poisson.test(x[i], a[i])$conf.int)
two <- sapply(seq_along(x), function(i) poisson.test(c(x[i], y[i]), c(a[i], b[i]))$conf.int)
put("rate_low", one[1, ]); put("rate_high", one[2, ]); put("ratio_low", two[1, ])
put("ratio_high", ifelse(is.finite(two[2, ]), two[2, ], NA))
write_reference("survival.json", "survival, cmprsk, etm, Epi: the calls stand in R/survival.R",
                c("survival", "cmprsk", "etm", "Epi"), out)

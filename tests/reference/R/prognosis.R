# A cohort of prognosis and what survival and etm say of it. Run by regenerate.sh, from tests/reference.
#
# 240 made patients with tied times, left truncation, deaths that compete, ages, three centres, and weights. Years have one
# decimal, so that many are tied. In R tied entries and exits follow the same rule as here: at risk in (entry, exit].
suppressMessages({library(survival); library(etm)})
source("R/write.R")
out <- list()
put <- function(name, values) out[[name]] <<- as.vector(values)
set.seed(20261124)
n <- 240
d <- data.frame(arm = rbinom(n, 1, 0.35), sex = rbinom(n, 1, 0.5), age = sample(20:70, n, TRUE),
                centre = sample(0:2, n, TRUE), weight = round(runif(n, 0.3, 3), 2))
d$entry <- round(pmin(rexp(n, 3), 1.4), 1)
d$entry[1:14] <- 0
hazard <- 0.25 * exp(0.8 * d$arm - 0.3 * d$sex + 0.01 * (d$age - 45))
event <- d$entry + pmax(round(rexp(n, hazard), 1), 0.1)
death <- d$entry + pmax(round(rexp(n, 0.06), 1), 0.1)
end <- d$entry + pmax(round(runif(n, 0.5, 12), 1), 0.1)
d$exit <- round(pmin(event, death, end), 1)
d$code <- ifelse(event <= pmin(death, end), 1, ifelse(death <= end, 2, 0)) # at a tie the event comes first
d$had <- as.integer(d$code == 1)
for (name in names(d)) put(name, d[[name]])
years <- c(0.5, 1, 2, 3, 5, 10)
at <- function(f) summary(f, times = years, extend = TRUE)

# ---- curves by arm
for (a in 0:1) {
  own <- d[d$arm == a, ]
  f <- survfit(Surv(entry, exit, had) ~ 1, own, conf.type = "log-log", robust = FALSE)
  s <- at(f)
  put(paste0("km_", a), s$surv); put(paste0("km_error_", a), s$std.err)
  put(paste0("km_low_", a), s$lower); put(paste0("km_high_", a), s$upper)
  q <- quantile(f, 0.5)
  put(paste0("median_", a), c(q$quantile, q$lower, q$upper))
  m <- summary(f, rmean = 5)$table
  put(paste0("mean_", a), c(m["rmean"], m["se(rmean)"]))
  e <- etm(data.frame(id = seq_len(nrow(own)), from = 0, to = ifelse(own$code == 0, "cens", own$code),
                      entry = own$entry, exit = own$exit), c("0", "1", "2"),
           matrix(c(FALSE, TRUE, TRUE, FALSE, FALSE, FALSE, FALSE, FALSE, FALSE), 3, byrow = TRUE), "cens", 0)
  put(paste0("cif_", a), sapply(years, function(y) e$est["0", "1", max(which(e$time <= y))]))
  put(paste0("cif_error_", a), sapply(years, function(y) sqrt(e$cov["0 1", "0 1", max(which(e$time <= y))])))
  own$row <- seq_len(nrow(own))
  w <- survfit(Surv(entry, exit, factor(code)) ~ 1, own, weights = weight, id = row)
  s <- at(w)
  put(paste0("weighted_cif_", a), s$pstate[, 2]); put(paste0("weighted_cif_error_", a), s$std.err[, 2])
  p <- poisson.test(sum(own$had), sum(own$exit - own$entry))
  put(paste0("rate_", a), c(p$estimate, p$conf.int))
}

# ---- Cox: crude, adjusted, by cluster, by stratum, by stretch; test of proportional hazards; standardised survival
tight <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 60)
fit <- function(formula) coxph(formula, d, control = tight, ties = "efron")
told <- function(name, f) {put(name, coef(f)); put(paste0(name, "_error"), sqrt(diag(vcov(f))))}
told("crude", fit(Surv(entry, exit, had) ~ arm))
full <- fit(Surv(entry, exit, had) ~ arm + sex + age)
told("adjusted", full)
told("clustered", fit(Surv(entry, exit, had) ~ arm + sex + age + cluster(centre)))
told("stratified", fit(Surv(entry, exit, had) ~ arm + age + strata(sex)))
z <- cox.zph(full)$table
put("zph", z[, "p"])
d$id <- seq_len(n)
s <- survSplit(Surv(entry, exit, had) ~ arm + sex + age + centre, d, cut = c(1, 3), episode = "stretch", start = "entry")
for (k in 1:3) s[[paste0("arm", k)]] <- s$arm * (s$stretch == k)
late <- Surv(entry, exit, had) ~ arm1 + arm2 + arm3 + sex + age
told("stretches", coxph(late, s, control = tight))
told("stretches_clustered", coxph(update(late, . ~ . + cluster(centre)), s, control = tight))
for (a in 0:1) {
  everybody <- d; everybody$arm <- a
  put(paste0("standardised_", a), rowMeans(at(survfit(full, newdata = everybody))$surv))
}
write_reference("prognosis.json", "survival, etm: the calls stand in R/prognosis.R", c("survival", "etm"), out)

# Data that ship with lifelines (rossi, multicenter AIDS cohort) and statsmodels (spector, fair), and what survival,
# brglm2 and sandwich say of them. Run by regenerate.sh, from tests/reference; python must find both packages.
suppressMessages({library(survival); library(brglm2); library(sandwich)})
source("R/write.R")
out <- list()
put <- function(name, values) out[[name]] <<- as.vector(values)
place <- function(package, file) {
  said <- sprintf("import %s, pathlib; print(pathlib.Path(%s.__file__).parent / 'datasets' / '%s')", package, package, file)
  system2(Sys.getenv("PYTHON", "python"), c("-c", shQuote(said)), stdout = TRUE)
}

# ---- rossi: 432 convicts, 114 arrested within a year, many in the same week
d <- read.csv(place("lifelines", "rossi.csv"))
f <- coxph(Surv(week, arrest) ~ fin + age + prio, d, ties = "efron", control = coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50))
put("rossi_cox", coef(f)); put("rossi_cox_error", sqrt(diag(vcov(f))))
put("rossi_log_rank", survdiff(Surv(week, arrest) ~ fin, d)$chisq)
s <- summary(survfit(Surv(week, arrest) ~ fin, d, conf.type = "log-log"), times = c(10, 26, 52), extend = TRUE)
put("rossi_km", s$surv); put("rossi_km_low", s$lower); put("rossi_km_high", s$upper); put("rossi_at_risk", s$n.risk)
put("rossi_zph", cox.zph(f, transform = "km")$table[, "p"])

# ---- multicenter AIDS cohort: 78 men who entered some years after they fell ill
d <- read.table(place("lifelines", "multicenter_aids_cohort.tsv"), header = TRUE, sep = "\t")
d <- d[!is.na(d$T), ]
s <- summary(survfit(Surv(W, T, D) ~ 1, d, conf.type = "log-log"), times = c(2, 4, 6, 8), extend = TRUE)
put("aids_km", s$surv); put("aids_km_low", s$lower); put("aids_km_high", s$upper); put("aids_at_risk", s$n.risk)

# ---- spector: 32 students
d <- read.csv(place("statsmodels", "spector/spector.csv"), sep = " ")
names(d)[1:4] <- c("obs", "GPA", "TUCE", "PSI")
if (!"GRADE" %in% names(d)) d <- setNames(d[, 1:5], c("obs", "GPA", "TUCE", "PSI", "GRADE"))
f <- glm(GRADE ~ GPA + TUCE + PSI, binomial, d, control = glm.control(1e-14, 100))
put("spector_logistic", coef(f)); put("spector_error", sqrt(diag(vcov(f))))
f <- glm(GRADE ~ GPA + TUCE + PSI, binomial, d, method = "brglm_fit", type = "AS_mean",
         control = list(epsilon = 1e-12, maxit = 1000))
put("spector_firth", coef(f))

# ---- fair: 6366 women; ratios of shares with robust errors
d <- read.csv(place("statsmodels", "fair/fair.csv"))
d$any <- as.integer(d$affairs > 0)
f <- glm(any ~ rate_marriage + age + religious, poisson, d, control = glm.control(1e-14, 100))
put("fair_poisson", coef(f)); put("fair_error", sqrt(diag(vcovHC(f, type = "HC0"))))
write_reference("shipped.json", "R/shipped.R", c("survival", "brglm2", "sandwich"), out)

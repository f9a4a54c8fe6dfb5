# The example study of R's rsimsum, made again from the recipe and the seed that its documentation prints: log hazard ratios of
# a trial by Cox's model and by the exponential one (whose estimate and variance have a closed form). Run by regenerate.sh.
source("R/write.R")
library(survival)
trial <- function(n, shape) {
  x <- rbinom(n, 1, 0.5)
  t <- (-log(runif(n)) / (0.5 * exp(-0.5 * x)))^(1 / shape)
  day <- 1 / 365.242
  early <- t <= day
  t[early] <- day + rnorm(sum(early), sd = 1e-4)
  data.frame(x, t = pmin(abs(t), 5), d = as.numeric(abs(t) < 5))
}
cox <- function(z) {
  fit <- coxph(Surv(t, d) ~ x, data = z)
  c(coef(fit), sqrt(vcov(fit)))
}
exponential <- function(z) {
  d <- tapply(z$d, z$x, sum)
  years <- tapply(z$t, z$x, sum)
  c(diff(log(d / years)), sqrt(sum(1 / d)))
}
set.seed(755353002)
columns <- list()
for (shape in c(1, 1.5)) for (n in c(50, 250)) {
  trials <- lapply(1:100, function(i) trial(n, shape))
  for (model in c("cox", "exponential")) {
    found <- sapply(trials, get(model))
    name <- paste(model, if (shape == 1) "exponential" else "weibull", n, sep = "_")
    columns[[paste0(name, "_estimate")]] <- unname(found[1, ])
    columns[[paste0(name, "_error")]] <- unname(found[2, ])
  }
}
write_reference("relhaz.json", "set.seed(755353002); rbinom, runif; coxph(Surv(t, d) ~ x)", c("survival", "stats"), columns)

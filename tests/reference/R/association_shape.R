# Interactions, tests of exposures as a whole and spline curves of logistic models. Run by regenerate.sh, from
# tests/reference.
#
# Data: MASS::birthwt. Additive measures: epiR::epi.interaction, and by hand with the delta method; MOVER limits by hand.
# Curves: rms::contrast. Firth's estimates: brglm2; the penalised likelihood ratio by a search of the script's own.
source("R/write.R")
suppressMessages({library(MASS); library(rms); library(epiR); library(brglm2); library(sandwich)})
strict <- glm.control(epsilon = 1e-14, maxit = 200)
values <- list()
keep <- function(name, x) values[[name]] <<- if (is.character(x)) x else as.numeric(x)
birth <- transform(birthwt, race = factor(race, labels = c("white", "black", "other")))
for (name in c("low", "smoke", "ht", "age", "lwt")) keep(name, birth[[name]])
keep("race", as.character(birth$race))

# --- interaction of two flags ---------------------------------------------------------------------------------------
measures <- function(name, b, v, z = qnorm(0.975)) {
  one <- exp(b[1]); other <- exp(b[2]); both <- exp(sum(b))
  reri <- both - one - other + 1; slope <- c(both - one, both - other, both)
  ap <- reri / both
  ap_slope <- c((both - one) / both - reri / both, (both - other) / both - reri / both, 1 - reri / both)
  s <- (both - 1) / (one + other - 2)
  s_slope <- c(both / (both - 1) - one / (one + other - 2), both / (both - 1) - other / (one + other - 2),
               both / (both - 1))
  error <- function(d) sqrt(drop(d %*% v %*% d))
  keep(paste0(name, "_estimate"), c(exp(b[3]), reri, ap, s, both))
  keep(paste0(name, "_error"), c(exp(b[3]) * sqrt(v[3, 3]), error(slope), error(ap_slope), s * error(s_slope),
                                 both * sqrt(sum(v))))
  # MOVER of the sum RERI = R11 - R10 - R01 + 1, as in Zou's paper
  l <- rbind(c(1, 1, 1), c(1, 0, 0), c(0, 1, 0)); w <- l %*% v %*% t(l); logs <- drop(l %*% b); r <- cov2cor(w)
  t <- exp(logs); low <- exp(logs - z * sqrt(diag(w))); high <- exp(logs + z * sqrt(diag(w)))
  reach <- function(d) sqrt(drop(d %*% r %*% d))
  keep(paste0(name, "_excess_limits"), c(
    reri - reach(c(t[1] - low[1], -(high[2] - t[2]), -(high[3] - t[3]))),
    reri + reach(c(high[1] - t[1], -(t[2] - low[2]), -(t[3] - low[3])))))
}
fit <- glm(low ~ smoke * ht + age, binomial, birth, control = strict)
at <- c("smoke", "ht", "smoke:ht")
measures("flags", coef(fit)[at], vcov(fit)[at, at])
own <- epi.interaction(fit, coef = match(at, names(coef(fit))), param = "product")
keep("epir", c(own$reri$est, own$apab$est, own$s$est))
v <- vcov(fit)
keep("smoke_given_ht", exp(c(coef(fit)["smoke"], sum(coef(fit)[c("smoke", "smoke:ht")]))))
keep("smoke_given_ht_error", c(sqrt(v["smoke", "smoke"]), sqrt(sum(v[c("smoke", "smoke:ht"), c("smoke", "smoke:ht")]))))
firth <- glm(low ~ smoke * ht + age, binomial, birth, method = "brglmFit", type = "AS_mean",
             epsilon = 1e-13, maxit = 5000, max_step_factor = 50)
measures("firth", coef(firth)[at], vcov(firth)[at, at])
robust <- vcovCL(fit, cluster = birth$race, type = "HC0", cadjust = TRUE)
measures("clustered", coef(fit)[at], robust[at, at])

# --- tests ----------------------------------------------------------------------------------------------------------
ratio <- function(name, small, large)
  keep(name, c(deviance(small) - deviance(large), df.residual(small) - df.residual(large)))
full <- glm(low ~ smoke * race, binomial, birth, control = strict)
ratio("test_smoke", glm(low ~ race, binomial, birth, control = strict), full)
ratio("test_race", glm(low ~ smoke, binomial, birth, control = strict), full)
ratio("test_pair", glm(low ~ smoke + race, binomial, birth, control = strict), full)
keep("car_pair", car::Anova(full, type = 2)["smoke:race", "LR Chisq"])

knots <- function(x, k) quantile(x, list(`3` = c(.1, .5, .9), `4` = c(.05, .35, .65, .95))[[as.character(k)]])
bent <- glm(low ~ rcs(lwt, knots(lwt, 4)) + smoke, binomial, birth, control = strict)
ratio("test_lwt", glm(low ~ smoke, binomial, birth, control = strict), bent)
ratio("test_bends", glm(low ~ lwt + smoke, binomial, birth, control = strict), bent)

penalised <- function(x, y, held) {
  free <- setdiff(seq_len(ncol(x)), held); beta <- rep(0, ncol(x))
  value <- function(b) {
    eta <- drop(x %*% b); w <- plogis(eta) * plogis(-eta)
    sum(y * eta) - sum(log1p(exp(eta))) + as.numeric(determinant(crossprod(x * w, x))$modulus) / 2
  }
  for (i in 1:5000) {
    mu <- plogis(drop(x %*% beta)); w <- mu * (1 - mu)
    h <- w * rowSums((x %*% solve(crossprod(x * w, x))) * x)
    step <- solve(crossprod(x[, free] * w, x[, free]), crossprod(x, y - mu + h * (0.5 - mu))[free])
    beta[free] <- beta[free] + step / max(1, max(abs(step)))
    if (max(abs(step)) < 1e-13) break
  }
  value(beta)
}
x <- model.matrix(~ smoke * race + I((age - 20) / 10), birth)  # any coding of age: the difference of values is the same
keep("penalised", sapply(list(c(2, 6, 7), c(3, 4, 6, 7), c(6, 7)), function(s)
  2 * (penalised(x, birth$low, integer(0)) - penalised(x, birth$low, s))))

# --- curves ---------------------------------------------------------------------------------------------------------
options(datadist = "around"); around <- datadist(birth)
curve <- lrm(low ~ rcs(lwt, knots(lwt, 4)) + smoke, data = birth, eps = 1e-12, tol = 1e-14, maxit = 200)
places <- quantile(birth$lwt, c(0.05, 0.25, 0.75, 0.95))
told <- contrast(curve, list(lwt = places, smoke = 0), list(lwt = median(birth$lwt), smoke = 0))
keep("places", places); keep("curve", told$Contrast); keep("curve_error", told$SE)

write_reference("association_shape.json", "R/association_shape.R",
                c("MASS", "rms", "epiR", "brglm2", "sandwich", "car"), values)

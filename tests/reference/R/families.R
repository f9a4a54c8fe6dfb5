# Regressions within clusters, of ordered and of several kinds of outcome, on public data and a made cohort. Run by
# regenerate.sh, from tests/reference.
#
# Data: lme4::cbpp (15 herds, grouped counts), geepack::respiratory (111 patients, four visits), MASS::housing (grouped
# counts), and 400 made patients of 9 centres with a level of the outcome that hardly anybody has, and missing values.
# Mancl and DeRouen's covariance is the script's own, with the matrices of the paper written out patient by patient;
# Brant's test is car's, rms has the observed information of proportional odds.
source("R/write.R")
suppressMessages({library(geepack); library(MASS); library(nnet); library(VGAM); library(rms); library(car)
                  library(lme4); library(brglm2)})
out <- list()
put <- function(name, values) out[[name]] <<- as.vector(values)
# vglm warns that it halves its last steps: it is asked for more digits than it has
exactly <- function(...) suppressWarnings(vglm(...))
# car's test, with its logistic regressions run to the end. It writes the covariance of two cuts into both corners without
# turning one of them round, so that its matrix is not symmetric (2e-4 of the statistic): mended here, and kept beside.
brant_of_car <- getS3method("poTest", "polr")
environment(brant_of_car) <- list2env(list(glm = function(...) stats::glm(..., control = list(epsilon = 1e-14, maxit = 100))),
                                      parent = environment(brant_of_car))
tight <- geese.control(epsilon = 1e-13, maxit = 500)

# ---- generalised estimating equations, exchangeable
mancl <- function(x, y, id, beta, rho) {
  mu <- plogis(drop(x %*% beta)); d <- x * (mu * (1 - mu))
  inverse <- function(i) {
    s <- sqrt(mu[i] * (1 - mu[i])); r <- matrix(rho, length(i), length(i)); diag(r) <- 1
    solve(r * outer(s, s))
  }
  whole <- split(seq_along(y), id)
  bread <- solve(Reduce(`+`, lapply(whole, function(i) t(d[i, , drop = FALSE]) %*% inverse(i) %*% d[i, , drop = FALSE])))
  meat <- Reduce(`+`, lapply(whole, function(i) {
    di <- d[i, , drop = FALSE]; v <- inverse(i)
    h <- di %*% bread %*% t(di) %*% v
    s <- t(di) %*% v %*% solve(diag(length(i)) - h, y[i] - mu[i])
    s %*% t(s)
  }))
  sqrt(diag(bread %*% meat %*% bread))
}
equations <- function(name, formula, d, id) {
  d$id <- as.integer(factor(id)); d <- d[order(d$id), ]
  f <- geeglm(formula, binomial, d, id = id, corstr = "exchangeable", std.err = "san.se", control = tight)
  put(paste0(name, "_estimate"), coef(f))
  put(paste0(name, "_robust"), sqrt(diag(f$geese$vbeta)))
  put(paste0(name, "_correlation"), f$geese$alpha)
  put(paste0(name, "_mancl"), mancl(model.matrix(f), f$y, d$id, coef(f), f$geese$alpha))
}
b <- cbpp; for (one in names(b)) put(paste0("cbpp_", one), as.integer(as.character(b[[one]])))
each <- b[rep(seq_len(nrow(b)), b$size), ]
each$ill <- unlist(Map(function(i, n) rep(1:0, c(i, n - i)), b$incidence, b$size))
equations("cbpp", ill ~ period, each, each$herd)
data(respiratory); r <- respiratory
put("resp_outcome", r$outcome); put("resp_patient", r$center * 1000 + r$id); put("resp_centre", r$center)
put("resp_active", as.integer(r$treat == "A")); put("resp_male", as.integer(r$sex == "M")); put("resp_age", r$age)
put("resp_baseline", r$baseline)
r$active <- r$treat == "A"; r$male <- r$sex == "M"
equations("resp", outcome ~ factor(center) + active + male + age + baseline, r, r$center * 1000 + r$id)

# ---- proportional odds
ordinal <- function(name, formula, d, columns) {
  f <- exactly(formula, cumulative(parallel = TRUE, reverse = TRUE), d, epsilon = 1e-14, maxit = 200)
  put(paste0(name, "_vglm"), coef(f)[-(1:columns)])
  p <- polr(formula, d, Hess = TRUE, control = list(reltol = 1e-16, maxit = 1000))
  put(paste0(name, "_polr"), coef(p)); put(paste0(name, "_polr_error"), sqrt(diag(vcov(p)))[seq_along(coef(p))])
  l <- lrm(formula, d, eps = 1e-14, tol = 1e-14, maxit = 100)
  here <- names(coef(l))[-(1:columns)]
  put(paste0(name, "_lrm"), coef(l)[here]); put(paste0(name, "_lrm_error"), sqrt(diag(vcov(l)))[here])
  put(paste0(name, "_value"), logLik(f))
  test <- brant_of_car(p)
  v <- test$vcov; v[lower.tri(v)] <- t(v)[lower.tri(v)]
  gap <- test$D %*% as.vector(test$b[, -1])
  put(paste0(name, "_brant"), c(t(gap) %*% solve(test$D %*% v %*% t(test$D), gap), test$df))
  put(paste0(name, "_brant_of_car"), test$chisq)
  free <- exactly(formula, cumulative(parallel = FALSE, reverse = TRUE), d, epsilon = 1e-14, maxit = 200)
  put(paste0(name, "_free"), 2 * (logLik(free) - logLik(f)))
}
h <- housing[rep(seq_len(nrow(housing)), housing$Freq), 1:4]
for (one in names(housing)[1:4]) put(paste0("housing_", one), as.integer(housing[[one]]) - 1L)
put("housing_Freq", housing$Freq)
ordinal("housing", Sat ~ Infl + Type + Cont, h, 2)

# ---- several kinds
kinds <- function(name, formula, d, columns) {
  m <- exactly(formula, multinomial(refLevel = 1), d, epsilon = 1e-14, maxit = 200)
  put(paste0(name, "_multinomial"), coef(m)); put(paste0(name, "_multinomial_error"), sqrt(diag(vcov(m))))
  w <- multinom(formula, d, reltol = 1e-16, abstol = 1e-12, maxit = 2000, trace = FALSE)
  put(paste0(name, "_multinom"), coef(w))
}
h$kind <- factor(h$Sat, ordered = FALSE)
kinds("housing", kind ~ Infl + Type + Cont, h)

# ---- a made cohort: 9 centres, ages, a flag missing in some, a stage that nobody has and one that hardly anybody has
set.seed(20261201)
n <- 400
centre <- sample(1:9, n, TRUE)
d <- data.frame(centre, flag = rbinom(n, 1, 0.3), male = rbinom(n, 1, 0.5), age = sample(20:75, n, TRUE))
eta <- 0.8 * d$flag - 0.4 * d$male + 0.02 * (d$age - 45) + rnorm(9, 0, 0.6)[centre]
d$had <- rbinom(n, 1, plogis(eta - 0.7))
latent <- eta + rlogis(n)
d$stage <- cut(latent, c(-Inf, -0.6, 0.9, 2.2, Inf), labels = FALSE) - 1L
d$stage[d$stage >= 2] <- d$stage[d$stage >= 2] + 1L # nobody has level 2 of 0 to 4
d$kind <- cut(latent, c(-Inf, 0, 1.2, 3.9, Inf), labels = FALSE) - 1L
d$flag[c(7, 50, 51, 222, 399)] <- NA
for (one in names(d)) put(paste0("made_", one), d[[one]])
known <- d[!is.na(d$flag), ]
equations("made", had ~ flag + male + age, known, known$centre)
known$ordered <- factor(known$stage, ordered = TRUE)
ordinal("made", ordered ~ flag + male + age, known, 3)
often <- known[known$kind <= 2, ]; often$kind <- factor(often$kind)
kinds("made", kind ~ flag + male + age, often)
rare <- known[known$kind %in% c(0, 3), ]
put("made_rare", coef(glm(I(kind == 3) ~ flag + male + age, binomial, rare, method = "brglmFit", type = "AS_mean",
                          control = list(epsilon = 1e-13, maxit = 1000))))
put("made_rare_n", sum(known$kind == 3))
write_reference("families.json", "geepack, VGAM, MASS, rms, nnet, car, brglm2: the calls stand in R/families.R",
                c("geepack", "VGAM", "MASS", "rms", "nnet", "car", "lme4", "brglm2"), out)

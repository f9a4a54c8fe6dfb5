# Logistic regression of an outcome seen with error, and record-level bias analysis by the published recipe, written again.
# Run by regenerate.sh, from tests/reference. episensr is not used: the recipe is simulated by hand, glm.fit fits each draw.
source("R/write.R")
set.seed(20260)

# Four patterns of exposure and sex: patients, and those in whom the outcome is seen.
exposed <- c(0, 1, 0, 1)
male <- c(0, 0, 1, 1)
n <- c(900, 300, 500, 700)
seen <- c(117, 56, 123, 246)
x <- cbind(1, exposed, male)

# Magder and Hughes: glm with a link that holds the error; then the EM algorithm of the paper; then Jeffreys' penalty by optim.
error_link <- function(se, sp) structure(list(
  linkfun = function(mu) qlogis((mu - 1 + sp) / (se + sp - 1)),
  linkinv = function(eta) 1 - sp + (se + sp - 1) * plogis(eta),
  mu.eta = function(eta) (se + sp - 1) * dlogis(eta),
  valideta = function(eta) TRUE, name = "seen with error"
), class = "link-glm")
known <- function(se, sp) {
  fit <- glm(cbind(seen, n - seen) ~ exposed + male, family = binomial(link = error_link(se, sp)),
             start = c(-2, 0, 0), control = glm.control(epsilon = 1e-13, maxit = 200))
  list(coef = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))))
}
em <- function(se, sp) {
  beta <- c(-2, 0, 0)
  for (step in 1:20000) {
    risk <- plogis(drop(x %*% beta))
    right <- se * risk / (se * risk + (1 - sp) * (1 - risk))
    missed <- (1 - se) * risk / ((1 - se) * risk + sp * (1 - risk))
    cases <- seen * right + (n - seen) * missed
    again <- suppressWarnings(glm.fit(x, cbind(cases, n - cases), family = binomial()))$coefficients
    if (max(abs(again - beta)) < 1e-13) break
    beta <- again
  }
  unname(beta)
}
penalised <- function(se, sp, few) {
  minus <- function(beta) {
    risk <- plogis(drop(x %*% beta))
    p <- 1 - sp + (se + sp - 1) * risk
    slope <- (se + sp - 1) * risk * (1 - risk)
    information <- crossprod(x, x * (n * slope^2 / (p * (1 - p))))
    -sum(few * log(p) + (n - few) * log(1 - p)) - as.numeric(determinant(information)$modulus) / 2
  }
  start <- c(-3, 0, 0)
  for (again in 1:5) start <- optim(start, minus, method = "Nelder-Mead", control = list(reltol = 1e-16, maxit = 20000))$par
  unname(start)
}
alike <- known(0.8, 0.95)
apart <- known(ifelse(exposed == 1, 0.9, 0.7), ifelse(exposed == 1, 0.93, 0.97))
few <- c(12, 0, 5, 9)

# The recipe: Se ~ Beta(16, 4), Sp ~ Beta(190, 10); the share seen in each pattern with its chance; predictive values;
# true outcomes drawn anew; the model fitted to them; its conventional random error added.
recipe <- function(draws, cells) {
  se <- rbeta(draws, 16, 4); sp <- rbeta(draws, 190, 10)
  found <- t(sapply(seq_len(draws), function(d) {
    yes <- tapply(seen, cells, sum); no <- tapply(n - seen, cells, sum)
    share <- rbeta(length(yes), yes + 0.5, no + 0.5)[cells]
    true <- (share - 1 + sp[d]) / (se[d] + sp[d] - 1)
    if (any(true < 0 | true > 1)) return(c(NA, NA))
    right <- true * se[d] / share
    missed <- true * (1 - se[d]) / (1 - share)
    cases <- rbinom(4, seen, right) + rbinom(4, n - seen, missed)
    fit <- glm(cbind(cases, n - cases) ~ exposed + male, family = binomial())
    b <- coef(fit)[["exposed"]]
    c(b, b + rnorm(1) * sqrt(vcov(fit)["exposed", "exposed"]))
  }))
  quantile(found[, 2], c(0.025, 0.5, 0.975), na.rm = TRUE, names = FALSE)
}
draws <- 20000
by_pattern <- recipe(draws, 1:4)
by_exposure <- recipe(draws, c(1, 2, 1, 2))

write_reference("misclassified.json", "glm with a link of one's own; EM by glm.fit; optim; rbeta, rbinom, glm", "stats", list(
  n = n, seen = seen, few = few,
  alike = alike$coef, alike_error = alike$se, alike_em = em(0.8, 0.95), apart = apart$coef, apart_error = apart$se,
  penalised = penalised(0.6, 0.99, few), penalised_alike = penalised(0.8, 0.95, seen),
  draws = draws, by_pattern = by_pattern, by_exposure = by_exposure
))

# A synthetic cohort compared by R's own functions, as the estimators of Löfgren syndrome do. Run by regenerate.sh, from
# tests/reference.
#
# 300 patients: whole ages (ties), calcium missing in some, ancestry of one level in one centre, therapy that nobody of the youngest
# has, a record so rare that Fisher's test is asked for. Standardised risks: glm, and the stacked estimating equations solved with a
# numeric derivative of all scores by all parameters (no formula of the influence).
source("R/write.R")
set.seed(20)
n <- 300
centre <- sample(1:3, n, TRUE); sex <- rbinom(n, 1, 0.45)
ancestry <- ifelse(centre == 1, 1, sample(1:3, n, TRUE, c(0.6, 0.3, 0.1)))
age <- round(rnorm(n, 42, 12)); lofgren <- rbinom(n, 1, plogis(-0.6 - 0.03 * (age - 42) - 0.5 * sex - 0.4 * (ancestry == 2)))
chance <- ifelse(lofgren == 1, 0, rbinom(n, 1, 0.2))
fever <- ifelse(chance == 1, 0, rbinom(n, 1, ifelse(lofgren == 1, 0.4, 0.1)))
skin <- rbinom(n, 1, 0.2 - 0.08 * lofgren)
therapy <- ifelse(age < 25, 0, rbinom(n, 1, plogis(-0.8 - 1.2 * lofgren + 0.02 * (age - 42) + 0.5 * (ancestry == 2))))
osseous <- c(1, rep(0, n - 1)); calcium <- round(rnorm(n, 2.4, 0.1), 2); calcium[sample(n, 60)] <- NA

test <- function(table) (sum(table) - 1) / sum(table) * suppressWarnings(chisq.test(table, correct = FALSE))$statistic
p2 <- function(table) pchisq(unname(test(table)), (nrow(table) - 1) * (sum(colSums(table) > 0) - 1), lower.tail = FALSE)
three <- ifelse(lofgren == 1, 1, ifelse(chance == 1, 3, 2))
raw <- c(
  sex = p2(table(lofgren, sex)), ancestry = p2(table(lofgren, ancestry)), age = t.test(age[lofgren == 1], age[lofgren == 0])$p.value,
  fever = p2(table(lofgren, fever)), skin = p2(table(lofgren, skin)), calcium = t.test(calcium[lofgren == 1], calcium[lofgren == 0])$p.value,
  therapy = p2(table(lofgren, therapy)), osseous = fisher.test(table(lofgren, osseous))$p.value
)
wilcox <- suppressWarnings(wilcox.test(age[lofgren == 1], age[lofgren == 0], conf.int = TRUE, tol.root = 1e-12))
welch <- t.test(age[lofgren == 1], age[lofgren == 0])
centres <- mantelhaen.test(table(lofgren, fever, centre), correct = FALSE)

X <- cbind(1, lofgren, age, sex, ancestry == 2, ancestry == 3) + 0
fit <- glm(therapy ~ X - 1, family = binomial, control = glm.control(epsilon = 1e-14, maxit = 100))
set <- function(to) { x <- X; x[, 2] <- to; x }
risk <- function(beta, to) plogis(set(to) %*% beta)
theta <- c(coef(fit), mean(risk(coef(fit), 1)), mean(risk(coef(fit), 0)))
scores <- function(t) cbind(X * as.vector(therapy - plogis(X %*% t[1:6])), risk(t[1:6], 1) - t[7], risk(t[1:6], 0) - t[8])
derivative <- sapply(1:8, function(j) { h <- 1e-5 * max(1, abs(theta[j])); e <- replace(numeric(8), j, h); (colSums(scores(theta + e)) - colSums(scores(theta - e))) / (2 * h) })
bread <- solve(derivative); V <- bread %*% crossprod(scores(theta)) %*% t(bread)
d <- theta[7] - theta[8]; se <- sqrt(V[7, 7] + V[8, 8] - 2 * V[7, 8])
g <- c(1 / theta[7], -1 / theta[8]); ratio <- log(theta[7] / theta[8]); ratio_se <- sqrt(drop(t(g) %*% V[7:8, 7:8] %*% g))
z <- qnorm(0.975)

write_reference("lofgren.json", "chisq.test, fisher.test, t.test, wilcox.test, kruskal.test, mantelhaen.test, p.adjust, glm with stacked equations", "stats", list(
  centre = centre, sex = sex, ancestry = ancestry, age = age, lofgren = lofgren, chance = chance, fever = fever, skin = skin,
  therapy = therapy, osseous = osseous, calcium = calcium,
  tested = names(raw), raw = as.numeric(raw), holm = p.adjust(raw, "holm"), bh = p.adjust(raw, "BH"),
  shift = c(wilcox$estimate, wilcox$conf.int), welch = c(-diff(welch$estimate), welch$conf.int),
  groups_skin = p2(table(three, skin)), groups_age = kruskal.test(age, three)$p.value, groups_ancestry = p2(table(three, ancestry)),
  centres = c(centres$estimate, centres$conf.int, centres$p.value),
  standardised = c(theta[7:8], d, d - z * se, d + z * se, exp(ratio), exp(ratio - z * ratio_se), exp(ratio + z * ratio_se))
))

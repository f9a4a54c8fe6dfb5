# Limits of the true share with sensitivity and specificity known, from epiR. Run by regenerate.sh, from tests/reference.
#
# epiR::epi.prev has no method for estimated sensitivity and specificity; Lang and Reiczigel's interval is tested on the
# examples of their paper instead (tests/published).
source("R/write.R")

cases <- data.frame(
  events = c(23, 6, 8, 12, 7, 0, 50, 148), n = c(150, 151, 210, 189, 124, 40, 100, 150),
  sensitivity = c(0.96, 0.964, 0.6, 0.65, 0.7, 0.5, 0.8, 0.9), specificity = c(0.89, 0.927, 0.9, 0.95, 0.99, 1, 0.8, 1)
)
true <- function(method) t(mapply(function(x, n, se, sp) {
  as.numeric(epiR::epi.prev(x, n, se = se, sp = sp, method = method, units = 1, conf.level = 0.95)$tp)
}, cases$events, cases$n, cases$sensitivity, cases$specificity))
wilson <- true("wilson")
exact <- true("c-p")
write_reference("misclassification.json", "epiR::epi.prev(..., method = 'wilson' and 'c-p', units = 1)$tp", "epiR", c(
  as.list(cases),
  list(estimate = wilson[, 1], wilson_low = wilson[, 2], wilson_high = wilson[, 3],
       clopper_pearson_low = exact[, 2], clopper_pearson_high = exact[, 3])
))

# One reference file: first key "source", then named columns of numbers (printed with %.17g, so that regenerating unchanged
# values changes no byte) or texts. A missing number is null.
number <- function(x) ifelse(is.finite(x), sprintf("%.17g", x), "null")
text <- function(x) paste0('"', gsub('"', '\\\\"', x), '"')
column <- function(x) paste0("[", paste(if (is.character(x)) text(x) else number(x), collapse = ", "), "]")

write_reference <- function(path, call, packages, columns) {
  versions <- vapply(packages, function(p) as.character(packageVersion(p)), "")
  source <- c(call = call, r_version = as.character(getRversion()), setNames(versions, paste0(packages, "_version")))
  head <- paste0("    ", text(names(source)), ": ", text(source), collapse = ",\n")
  body <- paste0("  ", text(names(columns)), ": ", vapply(columns, column, ""), collapse = ",\n")
  writeLines(c("{", '  "source": {', head, "  },", body, "}"), path)
}

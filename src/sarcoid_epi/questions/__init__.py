"""Reports of one question each on a cohort: Löfgren syndrome, association, prognosis."""

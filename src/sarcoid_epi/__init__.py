"""Epidemiological cohort analysis of sarcoidosis."""

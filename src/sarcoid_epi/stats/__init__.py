"""Statistical methods by name: numbers in, numbers out, arrays in, arrays out, broadcasting over leading axes.

Modules are imported by name (``from sarcoid_epi.stats.proportion import wilson``); this file imports nothing.
"""

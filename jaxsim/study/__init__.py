"""Verbs over any process: visit many points (sweep), or look for the best one (fit)."""

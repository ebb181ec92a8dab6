"""Statements that are compiled once and prepared once, for queries of every request."""

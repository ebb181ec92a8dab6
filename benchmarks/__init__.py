"""Benchmarks with goals, as ratios to rivals: ``python -m benchmarks [name ...]``."""

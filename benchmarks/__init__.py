"""What Seenby has to reach, measured side by side: ``python -m benchmarks [name ...]``."""

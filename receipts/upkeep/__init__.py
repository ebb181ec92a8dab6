"""What operators run during live traffic: backfilling, checking, pruning."""

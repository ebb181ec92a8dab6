"""What operators run beside live traffic: backfilling, checking, pruning."""

"""The only place where status rows, counts, watermarks and receipt events change."""

"""The vendors' own clients, as published, against a running Seenby: `make test-clients`."""

"""The pages in a real browser: `make test-browser`. No part of the suite on two databases."""

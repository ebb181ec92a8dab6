"""The HTTP API, version 1: shapes on the wire, and one small view for each role."""

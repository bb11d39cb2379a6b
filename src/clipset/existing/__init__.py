"""Clips that exist already: found by their names, verified by decoding, taken into a ledger."""

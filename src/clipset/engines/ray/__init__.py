"""The same work on many machines: one station a node and egress, fed by the driver, which alone writes the ledger.

The only package that imports Ray; it is loaded where `--engine ray` asks for it.
"""

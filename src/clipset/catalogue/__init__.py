"""Datasets by name: where their lists are, what is known of them."""

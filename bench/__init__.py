"""Benchmarks: `make bench` runs them all; `python -m bench.bench_load` one."""

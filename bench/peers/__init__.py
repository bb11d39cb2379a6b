"""What people use today, beside clipset: the contenders of `bench.bench_peers`."""

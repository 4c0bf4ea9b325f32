# What CI does.
ci:
    .ci/run

# The server on the fixtures.
demo:
    cargo run --release -- serve --store target/demo.db --load fixtures/index/jobs.ndjson fixtures/results

# Rewrites the fixtures.
fixtures:
    cargo run --example generate_fixtures -- fixtures/results fixtures/index

# mlgate against what could stand in its place, a quarter of an hour on a quiet machine: writes docs/benchmarks.md.
bench:
    bench/run
    bench/idle

# Stores the instructions of the hot paths, after a change that was meant.
counts:
    bench/counts/run --store

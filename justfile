# What CI does.
ci:
    .ci/run

# The server on the fixtures.
demo:
    cargo run --release -- serve --store target/demo.db --load fixtures/index/jobs.ndjson fixtures/results

# Rewrites the fixtures.
fixtures:
    cargo run --example generate_fixtures -- fixtures/results fixtures/index

bench:
    cargo bench

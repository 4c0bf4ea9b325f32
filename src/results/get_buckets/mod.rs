//! Get Buckets.

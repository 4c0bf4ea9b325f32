//! What Elasticsearch accepts as a time.

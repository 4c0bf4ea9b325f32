"""The Python client: `client.py URL JOB SIZE TIMES buckets|search`. With `search` it searches and reshapes itself.

Prints the median wall time and the CPU of one request, both in milliseconds, and a digest of the last reply."""

import hashlib
import json
import os
import statistics
import sys
import time
import warnings

from elasticsearch import Elasticsearch

warnings.simplefilter("ignore")
url, job, size, times, mode = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
client = Elasticsearch(url, basic_auth=tuple(os.environ["BENCH_USER"].split(":", 1)), request_timeout=60)


def buckets():
    return client.ml.get_buckets(job_id=job, size=size).body


def search():
    found = client.search(
        index=f".ml-anomalies-{job}",
        size=size,
        query={"bool": {"filter": [{"term": {"result_type": "bucket"}}, {"term": {"job_id": job}}]}},
        sort=[{"timestamp": "asc"}],
        track_total_hits=True,
    ).body
    if found["timed_out"] or found["_shards"]["failed"]:
        raise RuntimeError("in part")
    return {"count": found["hits"]["total"]["value"], "buckets": [hit["_source"] for hit in found["hits"]["hits"]]}


ask = {"buckets": buckets, "search": search}[mode]
for _ in range(3):
    ask()
walls, cpu = [], time.process_time()
for _ in range(times):
    begun = time.perf_counter()
    last = ask()
    walls.append(time.perf_counter() - begun)
cpu = (time.process_time() - cpu) / times
digest = hashlib.sha256(json.dumps(last, sort_keys=True).encode()).hexdigest()
print(json.dumps({"wall": statistics.median(walls) * 1e3, "cpu": cpu * 1e3, "digest": digest}))

"""The measurement itself: see `run`, which starts the clusters and installs the peers."""

import argparse
import json
import os
import resource
import signal
import statistics
import subprocess
import time

from elasticsearch import Elasticsearch, helpers as from_helpers
from opensearchpy import OpenSearch, helpers as to_helpers

ROUNDS = 3
FIRST = 1_454_530_200_000


def results(job, count):
    """Buckets, each with its influencer and six records."""
    for number in range(count):
        step, kind = divmod(number, 8)
        at = FIRST + step * 300_000
        common = {"job_id": job, "timestamp": at, "bucket_span": 300, "is_interim": False}
        if kind == 0:
            inner = {"result_type": "bucket_influencer", "influencer_field_name": "bucket_time", "anomaly_score": step % 97 + 0.25,
                     "initial_anomaly_score": step % 97 + 0.25, "raw_anomaly_score": 2.32119, "probability": 5.75042e-6, **common}
            yield f"{job}_bucket_{at}_300", {**common, "result_type": "bucket", "anomaly_score": step % 97 + 0.25, "event_count": 153,
                                            "initial_anomaly_score": step % 97 + 0.5, "bucket_influencers": [inner], "processing_time_ms": 2}
        elif kind == 1:
            yield f"{job}_bucket_influencer_{at}_300_bucket_time", {
                **common, "result_type": "bucket_influencer", "influencer_field_name": "bucket_time", "anomaly_score": step % 97 + 0.25,
                "initial_anomaly_score": step % 97 + 0.25, "raw_anomaly_score": 2.32119, "probability": 5.75042e-6}
        else:
            host = f"host-{number * 7919 % 500}"
            yield f"{job}_record_{at}_300_0_{number}_8", {
                **common, "result_type": "record", "probability": 0.00123 / kind, "record_score": step % 89 + kind, "initial_record_score": 12.5,
                "multi_bucket_impact": -5.0, "detector_index": 0, "function": "mean", "function_description": "mean",
                "field_name": "response_ms", "partition_field_name": "host", "partition_field_value": host, "typical": [102.3],
                "actual": [number % 1000 + 0.5], "host": [host],
                "influencers": [{"influencer_field_name": "host", "influencer_field_values": [host]}]}


def timed(command, env=None):
    before = time.monotonic()
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said, _ = process.communicate()
    assert process.returncode == 0, (command[0], said[-2000:])
    return time.monotonic() - before, said


def main():
    flags = argparse.ArgumentParser()
    for name in ("mlgate", "elasticdump", "mapping", "elasticsearch", "opensearch"):
        flags.add_argument("--" + name)
    flags.add_argument("--documents", type=int)
    flags.add_argument("--compared", type=int)
    asked = flags.parse_args()
    source = Elasticsearch(asked.elasticsearch, basic_auth=("elastic", "elasticpw"), request_timeout=120)
    target = OpenSearch(asked.opensearch, http_auth=("admin", "adminpw"), timeout=120)
    mapping = json.load(open(asked.mapping))
    sizes = {"few": asked.compared, "many": asked.documents - asked.compared}
    for job, count in sizes.items():
        index = f".ml-anomalies-custom-{job}"
        source.indices.create(index=index, settings=mapping["settings"], mappings=mapping["mappings"])
        actions = ({"_index": index, "_id": id_, "_source": body} for id_, body in results(job, count))
        for _ in from_helpers.streaming_bulk(source, actions, chunk_size=4000, max_chunk_bytes=4 << 20):
            pass
        source.indices.refresh(index=index)
        source.indices.forcemerge(index=index, max_num_segments=5)
    env = {**os.environ, "MLGATE_FROM_USERNAME": "elastic", "MLGATE_FROM_PASSWORD": "elasticpw",
           "MLGATE_TO_USERNAME": "admin", "MLGATE_TO_PASSWORD": "adminpw"}
    copy = [asked.mlgate, "copy", "--from", asked.elasticsearch, "--to", asked.opensearch]

    # killed three times
    whole = [*copy, "--state", "state", "--no-verify"]
    began = time.monotonic()
    for kill in range(3):
        child = subprocess.Popen(whole, env=env)
        steps = lambda: sum(1 for _ in open("state")) if os.path.exists("state") else 0
        before = steps()
        while steps() < before + max(1, asked.documents // 4 // 4000 - 3) and child.poll() is None:
            time.sleep(0.05)
        assert child.poll() is None, "it was over too soon"
        child.send_signal(signal.SIGKILL)
        child.wait()
        print(f"killed after {time.monotonic() - began:.0f} s, {before} steps before, {steps()} now", flush=True)
    _, said = timed(whole, env)
    copied = time.monotonic() - began
    print(said.strip())
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"copied {asked.documents} documents, killed three times, in {copied:.0f} s ({asked.documents / copied:.0f}/s); peak resident {peak:.0f} MB", flush=True)
    spent, said = timed([*copy, "--verify"], env)
    print(said.strip())
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"verified in {spent:.0f} s; peak resident {peak:.0f} MB", flush=True)

    # side by side
    index = ".ml-anomalies-custom-few"

    def fresh(create):
        target.indices.delete(index=index, ignore_unavailable=True)
        if create:
            target.indices.create(index=index, body=mapping)

    def with_mlgate():
        fresh(False)
        return timed([*copy, "--jobs", "few", "--no-verify"], env)[0]

    def with_elasticdump():
        fresh(True)
        login = lambda address, user: address.replace("//", f"//{user}@") + "/" + index
        return timed([asked.elasticdump, f"--input={login(asked.elasticsearch, 'elastic:elasticpw')}",
                      f"--output={login(asked.opensearch, 'admin:adminpw')}", "--type=data", "--limit=4000", "--noRefresh"])[0]

    def with_streaming_bulk():
        fresh(True)
        began = time.monotonic()
        hits = from_helpers.scan(source, index=index, size=4000)
        actions = ({"_index": index, "_id": hit["_id"], "_source": hit["_source"]} for hit in hits)
        for _ in to_helpers.streaming_bulk(target, actions, chunk_size=4000):
            pass
        return time.monotonic() - began

    peers = {"mlgate": with_mlgate, "elasticdump": with_elasticdump, "streaming_bulk": with_streaming_bulk}
    taken = {name: [] for name in peers}
    for _ in range(ROUNDS):
        for name, run in peers.items():
            taken[name].append(run())
            target.indices.refresh(index=index)
            found = target.count(index=index)["count"]
            assert found == asked.compared, (name, found)
    rates = {name: asked.compared / statistics.median(times) for name, times in taken.items()}
    for name, rate in rates.items():
        each = ", ".join(f"{asked.compared / spent:.0f}" for spent in taken[name])
        print(f"{name}: {rate:.0f} documents/s ({each}); mlgate has {rates['mlgate'] / rate:.2f} of its rate")


main()

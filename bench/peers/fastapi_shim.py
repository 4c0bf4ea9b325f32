"""What a Python programmer would write to serve Get Buckets: FastAPI and httpx, privileges kept for five seconds."""

import os
import time

import httpx
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse

app = FastAPI()
client = httpx.AsyncClient(base_url=os.environ["UPSTREAM"], limits=httpx.Limits(max_keepalive_connections=64), trust_env=False)
allowed_until: dict[tuple[str, str], float] = {}


async def check(authorization: str, job: str):
    if allowed_until.get((authorization, job), 0) > time.monotonic():
        return
    question = {"cluster": ["monitor_ml"], "index": [{"names": [f".ml-anomalies-{job}"], "privileges": ["read"]}]}
    headers = {"Authorization": authorization}
    reply = await client.post("/_security/user/_has_privileges", json=question, headers=headers)
    if reply.status_code != 200 or not reply.json()["has_all_requested"]:
        raise HTTPException(403)
    allowed_until[authorization, job] = time.monotonic() + 5


@app.get("/_ml/anomaly_detectors/{job}/results/buckets")
async def get_buckets(request: Request, job: str, size: int = 100):
    authorization = request.headers.get("Authorization", "")
    await check(authorization, job)
    body = {
        "from": 0,
        "size": size,
        "query": {"bool": {"filter": [{"term": {"result_type": "bucket"}}, {"term": {"job_id": job}}]}},
        "sort": [{"timestamp": "asc"}],
        "track_total_hits": True,
    }
    reply = await client.post(f"/.ml-anomalies-{job}/_search", json=body, headers={"Authorization": authorization})
    found = reply.json()
    if reply.status_code != 200 or found["timed_out"] or found["_shards"]["failed"]:
        raise HTTPException(502)
    hits = found["hits"]
    return JSONResponse({"count": hits["total"]["value"], "buckets": [hit["_source"] for hit in hits["hits"]]})

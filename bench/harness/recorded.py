"""The stub cluster for what is timed: nginx, which answers with recorded bytes and costs less than anything that stands
before it. Questions about callers are answered with a yes; everything else is a file."""

from __future__ import annotations

import json
from pathlib import Path

from .documents import bucket, search_reply
from .peers import nginx_with
from .places import DATA
from .process import OTHER_CORE, Process, free_port

# Buckets a page; the job is called `b100` and so on.
PAGES = [1, 10, 100, 1_000, 10_000]

MISSING_CREDENTIALS = (
    '{"error":{"root_cause":[],"type":"security_exception","reason":'
    '"missing authentication credentials for REST request [/]"},"status":401}'
)

SERVER = """open_file_cache max=100; open_file_cache_valid 1h;
  server {{
    listen 127.0.0.1:{port} backlog=4096; root {folder}; default_type application/json;
    add_header X-elastic-product Elasticsearch always;
    location = / {{ add_header X-elastic-product Elasticsearch always; add_header WWW-Authenticate 'Basic realm="security"' always; return 401 '{unknown}'; }}
    location = /_security/user/_has_privileges {{ return 200 '{yes}'; }}
    location ~ /_field_caps$ {{ return 200 '{fields}'; }}
    location ~ ^/.ml-anomalies-(b[0-9]+)/_search$ {{ error_page 405 =200 /$1.json; return 405; }}
    location = /logs/_search {{ error_page 405 =200 /1kb.json; return 405; }}
    location ~ ^/logs/_doc/(.*)$ {{ try_files /$1.json =404; }}
  }}"""


def _yes() -> str:
    granted = ["cluster:monitor/xpack/ml/job/results/buckets/get", "monitor_ml", "monitor", "manage_ml", "manage"]
    index = {f".ml-anomalies-b{size}": {"read": True} for size in PAGES}
    answer = {"username": "ml_reader", "has_all_requested": True, "cluster": dict.fromkeys(granted, True), "index": index}
    return json.dumps({**answer, "application": {}})


def _fields() -> str:
    """As Elasticsearch tells of indices that have Elastic's mapping: every field is a keyword, none has another beside it."""
    names = ["job_id", "result_type", "over_field_value", "partition_field_value", "by_field_value", "field_name", "function"]
    keyword = {"keyword": {"type": "keyword", "metadata_field": False, "searchable": True, "aggregatable": True}}
    return json.dumps({"indices": [".ml-anomalies-shared"], "fields": dict.fromkeys(names, keyword)})


def files() -> Path:
    """Writes the recorded replies."""
    folder = DATA / "recorded"
    folder.mkdir(parents=True, exist_ok=True)
    for size in PAGES:
        (folder / f"b{size}.json").write_bytes(search_reply([bucket(f"b{size}", step) for step in range(size)]))
    (folder / "1kb.json").write_bytes(b'{"_source":"' + b"x" * 1010 + b'"}')
    (folder / "97kb.json").write_bytes((folder / "b100.json").read_bytes())
    return folder


def start() -> Process:
    port = free_port()
    server = SERVER.format(port=port, folder=files(), unknown=MISSING_CREDENTIALS, yes=_yes(), fields=_fields())
    return nginx_with("cluster", server, port, OTHER_CORE)

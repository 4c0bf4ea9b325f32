"""A genuine Elasticsearch with X-Pack security, started by the launchers of the tests, with one job's results."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .documents import bucket, record, records_of
from .load import Client, basic
from .places import ROOT
from .process import on_all_cores

VERSION = "8.19.21"
LAUNCHERS = ROOT / "tests" / "clusters" / "elasticsearch"
USER = "elastic:elasticpw"
JOB = "bench"
BUCKETS = 1_000


class NotHere(Exception):
    """This machine cannot run the server."""


class Genuine:
    """Up within a `with`."""

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mlgate-bench-"))
        command = [LAUNCHERS / "up.sh", VERSION, self.folder, "0", f"watch-pid={os.getpid()}"]
        done = subprocess.run(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**os.environ, "HEAP": "1g"},
            preexec_fn=on_all_cores,
        )
        if done.returncode:
            raise NotHere((done.stdout + done.stderr)[-800:])
        self.port = int((self.folder / "address").read_text().strip().rsplit(":", 1)[1])
        self.authorization = basic(*USER.split(":"))
        self._load()
        return self

    def __exit__(self, *_):
        subprocess.run([str(LAUNCHERS / "down.sh"), str(self.folder)], capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def client(self, port: int | None = None) -> Client:
        return Client(port or self.port, self.authorization)

    def _load(self):
        client = self.client()
        index = ".ml-anomalies-shared"
        client.call("PUT", f"/{index}", (ROOT / "fixtures" / "index" / "results-mapping.json").read_bytes())
        for begin in range(0, BUCKETS, 250):
            lines = []
            for step in range(begin, begin + 250):
                # As in real results, most buckets have influencers: only those are expanded.
                documents = [bucket(JOB, step, () if step % 50 == 49 else ("bucket_time", "airline"))]
                documents += [record(JOB, step, number) for number in range(records_of(step))]
                for document in documents:
                    lines += [json.dumps({"index": {"_index": index}}), document]
            client.call("POST", "/_bulk", ("\n".join(lines) + "\n").encode())
        alias = {"index": index, "alias": f".ml-anomalies-{JOB}", "filter": {"term": {"job_id": {"value": JOB}}}, "is_hidden": True}
        client.call("POST", "/_aliases", {"actions": [{"add": alias}]})
        client.call("POST", f"/{index}/_forcemerge?max_num_segments=1")
        client.call("POST", f"/{index}/_refresh")

    def searches(self) -> int:
        """How many searches the index has answered."""
        stats = json.loads(self.client().call("GET", "/.ml-anomalies-shared/_stats/search?expand_wildcards=all"))
        return stats["_all"]["primaries"]["search"]["query_total"]

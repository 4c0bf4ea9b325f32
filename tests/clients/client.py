"""One official Python client, any major version, against one server: what its calls gave, as one line of JSON.

The argument is a JSON object: major, url, user, password, refused (a user and a password), and tag, where ordinary calls
are to be tried as well: it makes names of indices unique.
"""

import json
import sys

from elasticsearch import Elasticsearch, helpers

ASKED = json.loads(sys.argv[1])
MAJOR = ASKED["major"]
JOB = "it-ops-kpi"


def client(user, password, **options):
    if MAJOR >= 8:
        return Elasticsearch([ASKED["url"]], basic_auth=(user, password), request_timeout=60, **options)
    return Elasticsearch([ASKED["url"]], http_auth=(user, password), timeout=60, **options)


def ml(es):
    if MAJOR == 5:
        from elasticsearch_xpack import XPackClient

        return XPackClient(es).ml
    return es.xpack.ml if MAJOR == 6 else es.ml


def attempt(call):
    """What a call gives, or the class and the status of what it raises."""
    try:
        return call()
    except Exception as error:
        status = getattr(error, "status_code", None)
        return {"raised": type(error).__name__, "status": status if isinstance(status, int) else str(error)[:300]}


def timestamps(reply):
    return [reply["count"]] + [bucket["timestamp"] for bucket in reply["buckets"]]


def records(reply):
    return [reply["count"], len(reply["buckets"][0]["records"])]


def get_buckets(es):
    """Each way in which the client can ask."""
    get = ml(es).get_buckets
    scores = lambda **options: [
        [bucket["anomaly_score"], bucket["timestamp"]] for bucket in get(job_id=JOB, **options)["buckets"]
    ]
    ways = {
        "options": lambda: scores(anomaly_score=80, start="1454530200001"),
        "sorted": lambda: timestamps(get(job_id=JOB, sort="anomaly_score", desc=True, size=3)),
        "timestamp": lambda: timestamps(get(job_id=JOB, timestamp="1454943900000")),
        "expand": lambda: records(get(job_id=JOB, timestamp="1454943900000", expand=True)),
        "unknown job": lambda: get(job_id="no-such-job"),
        "no bucket": lambda: get(job_id=JOB, timestamp="1"),
        "bad": lambda: get(job_id=JOB, timestamp="1454943900000", start="1"),
    }
    if MAJOR >= 8:
        ways["page"] = lambda: timestamps(get(job_id=JOB, page={"from": 1, "size": 2}, sort="anomaly_score", desc=True))
    else:
        body = {"page": {"from": 1, "size": 2}, "sort": "anomaly_score", "desc": True}
        ways["page"] = lambda: timestamps(get(job_id=JOB, body=body))
    found = {way: attempt(call) for way, call in ways.items()}
    if MAJOR < 7:
        posting = ml(client(ASKED["user"], ASKED["password"], send_get_body_as="POST"))
        found["posted"] = attempt(lambda: timestamps(posting.get_buckets(job_id=JOB, body=body)))
    for what, (user, password) in [("refused", ASKED["refused"]), ("unknown", (ASKED["user"], "wrong"))]:
        other = attempt(lambda: client(user, password))
        found[what] = attempt(lambda: ml(other).get_buckets(job_id=JOB))
    return found


def number(hit):
    return hit["_source"]["n"]


def ordinary(es, index):
    """What is passed on: each step's result."""
    body = (lambda **fields: fields) if MAJOR >= 8 else (lambda **fields: {"body": fields})
    typed = {"doc_type": "_doc"} if MAJOR < 7 else {}
    found = {}

    def step(name, call):
        found[name] = attempt(call)

    def search():
        reply = es.search(index=index, **body(query={"range": {"n": {"lt": 100}}}, sort=[{"n": "desc"}], size=3))
        return [number(hit) for hit in reply["hits"]["hits"]]

    def scroll():
        reply = es.search(index=index, scroll="1m", size=100, **body(sort=[{"n": "asc"}]))
        numbers = []
        while reply["hits"]["hits"]:
            numbers += [number(hit) for hit in reply["hits"]["hits"]]
            reply = es.scroll(scroll_id=reply["_scroll_id"], scroll="1m")
        es.clear_scroll(scroll_id=reply["_scroll_id"])
        return [len(numbers), numbers == sorted(numbers), sum(numbers)]

    def point_in_time():
        pit = es.open_point_in_time(index=index, keep_alive="1m")["id"]
        numbers, after = [], {}
        while True:
            page = es.search(size=100, **body(pit={"id": pit, "keep_alive": "1m"}, sort=[{"n": "asc"}], **after))
            if not page["hits"]["hits"]:
                break
            numbers += [number(hit) for hit in page["hits"]["hits"]]
            after = {"search_after": page["hits"]["hits"][-1]["sort"]}
        es.close_point_in_time(**body(id=pit))
        return [len(numbers), sum(numbers)]

    document = (lambda fields: {"document": fields}) if MAJOR >= 8 else (lambda fields: {"body": fields})
    actions = [{"_index": index, "_id": str(n), "_source": {"n": n, "text": "x" * 50}} for n in range(1, 301)]
    if MAJOR < 7:
        # these would name a type otherwise
        bulk = lambda: len(
            es.bulk(
                body="".join(
                    json.dumps(line) + "\n"
                    for action in actions
                    for line in ({"index": {"_index": index, "_id": action["_id"]}}, action["_source"])
                ),
                refresh=True,
            )["items"]
        )
    else:
        bulk = lambda: helpers.bulk(es, actions, refresh=True, chunk_size=70)[0]
    step("info", lambda: es.info()["version"]["number"])
    step("ping", es.ping)
    step("create", lambda: es.indices.create(index=index)["acknowledged"])
    step("index", lambda: es.index(index=index, id="0", refresh=True, **document({"n": 0}), **typed)["result"])
    step("bulk", bulk)
    step("count", lambda: es.count(index=index)["count"])
    step("search", search)
    step("scroll", scroll)
    step("scan", lambda: sum(number(hit) for hit in helpers.scan(es, index=index, size=50)))
    if MAJOR >= 7:
        step("point in time", point_in_time)
    step("get", lambda: es.get(index=index, id="7", **typed)["_source"]["n"])
    step("missing", lambda: es.get(index=index, id="none", **typed))
    step("delete", lambda: es.indices.delete(index=index)["acknowledged"])
    return found


es = client(ASKED["user"], ASKED["password"])
found = {} if ASKED.get("only_ordinary") else {"buckets": get_buckets(es)}
if ASKED.get("tag"):
    found["ordinary"] = ordinary(es, ASKED["tag"])
print(json.dumps(found))

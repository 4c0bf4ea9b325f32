"""Result documents as Elastic stores them, and the search replies that hold them."""

from __future__ import annotations

SPAN = 300
FIRST = 1_454_284_800_000
INDEX = ".ml-anomalies-shared"

_INFLUENCER = (
    '{"job_id":"%(job)s","result_type":"bucket_influencer","influencer_field_name":"%(field)s",'
    '"initial_anomaly_score":%(score)s,"anomaly_score":%(score)s,"raw_anomaly_score":2.32119,"probability":0.00575042,'
    '"timestamp":%(time)d,"bucket_span":300,"is_interim":false}'
)


def score(step: int) -> str:
    return f"{1 + (step * 7919) % 98}.{1 + (step * 104729) % 9999:04d}1"


def bucket(job: str, step: int, fields: tuple = ("bucket_time", "airline")) -> str:
    """A bucket as 8.x stores it: exactly as the API shows it."""
    time, shown = FIRST + step * SPAN * 1000, score(step)
    influencers = ",".join(_INFLUENCER % {"job": job, "field": field, "score": shown, "time": time} for field in fields)
    return (
        f'{{"job_id":"{job}","timestamp":{time},"anomaly_score":{shown},"bucket_span":300,"initial_anomaly_score":{shown},'
        f'"event_count":153,"is_interim":false,"bucket_influencers":[{influencers}],"processing_time_ms":2,'
        '"result_type":"bucket"}'
    )


def record(job: str, step: int, number: int) -> str:
    time = FIRST + step * SPAN * 1000
    return (
        f'{{"job_id":"{job}","result_type":"record","probability":0.0{number + 1}5,"multi_bucket_impact":-5.0,'
        f'"record_score":{score(step + number)},"initial_record_score":{score(step + number)},"bucket_span":300,'
        f'"detector_index":{number},"is_interim":false,"timestamp":{time},"function":"mean","function_description":"mean","typical":[81.0625],'
        f'"actual":[96.4],"field_name":"responsetime"}}'
    )


def records_of(step: int) -> int:
    """0 to 8 records a bucket, 4 on average."""
    return (step * 5) % 9


def search_reply(sources: list[str], total: int | None = None) -> bytes:
    """As Elasticsearch answers a search by time."""
    hits = ",".join(
        f'{{"_index":"{INDEX}","_id":"{number}","_score":null,"_source":{source},"sort":[{_time(source)}]}}'
        for number, source in enumerate(sources)
    )
    return (
        '{"took":3,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},"hits":{"total":'
        f'{{"value":{len(sources) if total is None else total},"relation":"eq"}},"max_score":null,"hits":[{hits}]}}}}'
    ).encode()


def _time(source: str) -> str:
    return source.split('"timestamp":', 1)[1].split(",", 1)[0].rstrip("}")


def buckets_query(job: str, size: int) -> dict:
    """The search that mlgate sends for a page by time."""
    return {
        "from": 0,
        "size": size,
        "query": {"bool": {"filter": [{"term": {"result_type": {"value": "bucket"}}}, {"term": {"job_id": {"value": job}}}]}},
        "sort": [{"timestamp": {"order": "asc"}}],
        "track_total_hits": True,
    }


def records_query(job: str, times: list[int]) -> dict:
    """The search that mlgate sends for the records of a page."""
    order = ["record_score", "over_field_value", "partition_field_value", "by_field_value", "field_name", "function"]
    filters = [
        {"terms": {"timestamp": times}},
        {"term": {"result_type": {"value": "record"}}},
        {"term": {"job_id": {"value": job}}},
    ]
    return {
        "from": 0,
        "size": 10_000,
        "query": {"bool": {"filter": filters}},
        "sort": [{"timestamp": {"order": "asc"}}, {"probability": {"order": "asc", "missing": "_last"}}]
        + [{name: {"order": "asc"}} for name in order],
        "track_total_hits": True,
    }

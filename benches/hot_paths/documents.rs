//! Search replies as a cluster gives them.

/// A bucket as 8.x stores it. One that is not `canonical` has a field that the API does not show, and is read whole.
pub fn bucket(step: usize, canonical: bool) -> String {
    let time = 1_454_943_900_000 + step * 300_000;
    let unknown = if canonical { "" } else { r#","added_later":{"by":["another","version"]}"# };
    format!(
        r#"{{"job_id":"j","timestamp":{time},"anomaly_score":17.{step:03}1,"bucket_span":300,"initial_anomaly_score":17.{step:03}1,"event_count":153,"is_interim":false,"bucket_influencers":[{{"job_id":"j","result_type":"bucket_influencer","influencer_field_name":"bucket_time","initial_anomaly_score":17.5,"anomaly_score":17.5,"raw_anomaly_score":2.32119,"probability":0.00575042,"timestamp":{time},"bucket_span":300,"is_interim":false}}],"processing_time_ms":2,"result_type":"bucket"{unknown}}}"#
    )
}

/// A record of a bucket.
pub fn record(step: usize, number: usize) -> String {
    let time = 1_454_943_900_000 + step * 300_000;
    format!(
        r#"{{"job_id":"j","result_type":"record","probability":0.0{number}5,"multi_bucket_impact":-5.0,"record_score":94.1706,"initial_record_score":94.1706,"bucket_span":300,"detector_index":{number},"is_interim":false,"timestamp":{time},"function":"mean","function_description":"mean","typical":[81.0625],"actual":[96.4],"field_name":"responsetime"}}"#
    )
}

pub fn search_reply(sources: &[String]) -> String {
    let hits: Vec<String> = sources
        .iter()
        .enumerate()
        .map(|(number, source)| {
            let time = source.split("\"timestamp\":").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or("0");
            format!(
                r#"{{"_index":".ml-anomalies-shared","_id":"{number}","_score":null,"_source":{source},"sort":[{time}]}}"#
            )
        })
        .collect();
    format!(
        r#"{{"took":3,"timed_out":false,"_shards":{{"total":1,"successful":1,"skipped":0,"failed":0}},"hits":{{"total":{{"value":{},"relation":"eq"}},"max_score":null,"hits":[{}]}}}}"#,
        sources.len(),
        hits.join(",")
    )
}

/// 100 buckets.
pub fn buckets(canonical: bool) -> String {
    search_reply(&(0..100).map(|step| bucket(step, canonical)).collect::<Vec<_>>())
}

/// Four records of each of them.
pub fn records() -> String {
    let each = (0..100).flat_map(|step| (0..4).map(move |number| record(step, number)));
    search_reply(&each.collect::<Vec<_>>())
}

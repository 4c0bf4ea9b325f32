use http::Method;
use mlgate::route::Route;

/// A path leads where its parts say, however it is spelled, and trailing slashes change nothing.
pub fn route(input: &[u8]) {
    let path = String::from_utf8_lossy(input);
    let found = Route::find(&Method::GET, &path);
    assert_eq!(Route::find(&Method::POST, &path), found);
    assert_eq!(Route::find(&Method::GET, &format!("{path}/")), found);

    let mut parts: Vec<&str> = path.split('/').collect();
    while parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    let ours = match &parts[..] {
        ["", "_ml", rest @ ..] | ["", "_xpack", "ml", rest @ ..] => {
            matches!(
                rest,
                ["anomaly_detectors", _, "results", "buckets"] | ["anomaly_detectors", _, "results", "buckets", _]
            )
        }
        _ => false,
    };
    match found {
        Ok(Route::GetBuckets { dialect, job_id, timestamp }) => {
            assert!(ours);
            let timestamp = timestamp.map(|text| format!("/{}", escaped(&text))).unwrap_or_default();
            let base = if parts[1] == "_ml" { "/_ml" } else { "/_xpack/ml" };
            let spelled = format!("{base}/anomaly_detectors/{}/results/buckets{timestamp}", escaped(&job_id));
            let Ok(Route::GetBuckets { dialect: same, job_id: again, .. }) = Route::find(&Method::GET, &spelled) else {
                panic!("{spelled} is not found");
            };
            assert_eq!((same, again), (dialect, job_id));
        }
        Ok(Route::Other) => assert!(!ours),
        Ok(other) => panic!("{other:?} for a GET"),
        Err(_) => assert!(ours && path.contains('%')),
    }
}

fn escaped(text: &str) -> String {
    let digit = |value: u8| char::from(b"0123456789ABCDEF"[usize::from(value)]);
    text.bytes().flat_map(|byte| ['%', digit(byte >> 4), digit(byte & 15)]).collect()
}

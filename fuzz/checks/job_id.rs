use mlgate::results::job_id::JobId;

/// What is taken for a job id can be put into an index expression and into a path, and means only itself there.
pub fn job_id(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte);
    let outer = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = text.as_bytes();
    let right = outer(bytes.first()) && outer(bytes.last()) && bytes.len() <= 64 && bytes.iter().copied().all(allowed);
    match JobId::parse(&text) {
        Ok(job) => {
            assert!(right, "{text:?}");
            assert_eq!(job.as_str(), text);
            let path = format!("/{}/_search", job.results_alias());
            assert_eq!(path.parse::<http::Uri>().expect("a path").path(), path);
        }
        Err(reason) => assert!(!right, "{text:?}: {reason}"),
    }
}

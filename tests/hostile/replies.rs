//! Cases 59 to 62 and 64: clusters that fail, and what must not lead to another one. More of the first three is in `tests/upstream`.

use crate::{
    BUCKETS, SECRET, Site,
    recorder::{NOTHING, Recorder, reply},
    support::{Program, basic, send},
};

/// A search reply with one hit, whose parts can be replaced.
const ONE_HIT: &str = r#"{"took":1,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},"hits":{"total":{"value":1,"relation":"eq"},"max_score":null,"hits":[{"_index":".ml-anomalies-shared","_id":"x","_score":null,"_source":{"job_id":"farequote","result_type":"bucket","timestamp":1454943900000,"bucket_span":300},"sort":[1454943900000]}]}}"#;

#[test]
fn case_59_a_cluster_that_cannot_be_reached() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for upstream in [format!("http://{gone}"), "http://no-such-host.invalid:9200".to_owned(), format!("https://{gone}")]
    {
        let configuration = format!("upstream = '{upstream}'\npass_through = 'all'\n");
        let program = Program::start(&configuration);
        for target in [BUCKETS, "/x"] {
            let answer = send(program.address, "GET", target, &[("Authorization", &basic("u", SECRET))], None);
            assert!(matches!(answer.status, 502 | 503), "{upstream}: {answer:?}");
            assert!(answer.body.contains("\"error\":{\"root_cause\""), "{answer:?}");
            for hidden in [&*gone.to_string(), "no-such-host", SECRET] {
                assert!(!answer.body.contains(hidden), "{answer:?}");
            }
        }
        let (log, _) = program.stop();
        assert!(!log.contains(SECRET) && !log.contains(&basic("u", SECRET)[6..]));
    }
}

/// How often each path came, with answers that break off the first time.
fn twice_at_most(broken: &'static str, target: &str, status: u16, times: usize) {
    let cluster = Recorder::answering(move |asked| asked.head.contains(broken).then(Vec::new));
    let site = Site::before(cluster, "");
    let answer = site.ask("POST", target, "", "");
    assert_eq!(answer.status, status, "{broken}: {answer:?}");
    let came = site.cluster.targets().iter().filter(|target| target.contains(broken)).count();
    assert_eq!(came, times, "{broken}");
}

#[test]
fn case_60_only_what_reads_is_sent_again() {
    twice_at_most("/.ml-anomalies-it-ops-kpi/_search", BUCKETS, 502, 2);
    twice_at_most("/x", "/x", 502, 1);
}

#[test]
fn case_61_half_an_answer_is_none() {
    for cut in [1, 100, NOTHING.len() - 1] {
        let cluster = Recorder::answering(move |asked| {
            let head = &asked.head;
            head.contains("cut=").then(|| {
                let mut whole = reply(200, "Connection: close\r\n", NOTHING);
                whole.truncate(whole.len() - cut);
                whole
            })
        });
        let site = Site::before(cluster, "");
        // Passed on: the connection breaks off.
        let request = format!("GET /x?cut= HTTP/1.1\r\nHost: h\r\nAuthorization: {}\r\n\r\n", basic("u", SECRET));
        let raw = crate::support::send_raw(site.address(), request.as_bytes());
        let text = String::from_utf8_lossy(&raw).into_owned();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(body.len(), NOTHING.len() - cut);
        site.end();
    }
    for cut in [1, 100, ONE_HIT.len() - 1] {
        let cluster = Recorder::answering(move |asked| {
            let head = &asked.head;
            head.contains("farequote/_search").then(|| {
                let mut whole = reply(200, "Connection: close\r\n", ONE_HIT);
                whole.truncate(whole.len() - cut);
                whole
            })
        });
        let site = Site::before(cluster, "");
        let answer = site.get(&BUCKETS.replace("it-ops-kpi", "farequote"));
        assert_eq!(answer.status, 502, "{cut}: {answer:?}");
        site.end();
    }
}

#[test]
fn case_62_searches_that_are_not_whole() {
    let with = |from: &str, to: &str| {
        assert!(ONE_HIT.contains(from));
        ONE_HIT.replace(from, to)
    };
    let cases = [
        (ONE_HIT.to_owned(), 200),
        (with("{\"value\":1,\"relation\":\"eq\"}", "1"), 200),
        (with("\"timed_out\":false", "\"timed_out\":true"), 0),
        (with("\"failed\":0", "\"failed\":1,\"failures\":[]"), 0),
        (with("\"total\":{\"value\":1,\"relation\":\"eq\"},", ""), 0),
        (with("\"total\":{\"value\":1", "\"total\":{\"value\":\"1\""), 0),
        (with("\"_source\":{\"job_id\"", "\"_sauce\":{\"job_id\""), 0),
        (with("\"job_id\":\"farequote\"", "\"job_id\":\"it-ops-kpi\""), 0),
        ("{}".to_owned(), 0),
        ("[]".to_owned(), 0),
        ("not json".to_owned(), 0),
        (format!("{ONE_HIT}x"), 0),
        (String::new(), 0),
    ];
    for (number, (body, status)) in cases.into_iter().enumerate() {
        let text = body.clone();
        let cluster = Recorder::answering(move |asked| {
            asked.target().contains("farequote/_search").then(|| reply(200, "", &text))
        });
        let site = Site::before(cluster, "");
        let answer = site.get(&BUCKETS.replace("it-ops-kpi", "farequote"));
        if status == 200 {
            assert_eq!(answer.status, 200, "{number}: {answer:?}");
            assert!(answer.body.starts_with("{\"count\":1,"), "{answer:?}");
        } else {
            assert!(answer.status >= 500, "{number} {body}: {answer:?}");
            assert!(answer.body.contains("\"error\""), "{answer:?}");
        }
        site.end();
    }
}

/// Case 64, the part about the way to the cluster: proxies of the environment are not asked.
#[test]
fn case_64_proxies_of_the_environment() {
    let (cluster, proxy) = (Recorder::start(), Recorder::start());
    let address = format!("http://{}", proxy.address);
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let variables = names.map(|name| (name, &*address));
    let configuration = format!("upstream = 'http://{}'\npass_through = 'all'\n", cluster.address);
    let program = Program::start_among(&variables, &configuration);
    for target in [BUCKETS, "/x"] {
        let answer = send(program.address, "GET", target, &[("Authorization", &basic("u", SECRET))], None);
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(proxy.targets(), [""; 0]);
    assert!(cluster.targets().contains(&"/x".to_owned()));
}

/// Case 64, the part about redirects: one is relayed where it is passed on, and an error where it is the answer to a search.
#[test]
fn case_64_a_redirect_is_not_followed() {
    let elsewhere = Recorder::start();
    let lines = format!("Location: http://{}/x\r\n", elsewhere.address);
    let cluster = Recorder::answering(move |asked| {
        let other = asked.target() == "/moved" || asked.target().contains("farequote/_search");
        other.then(|| reply(302, &lines, ""))
    });
    let site = Site::before(cluster, "");
    assert_eq!(site.get("/moved").status, 302);
    let answer = site.get(&BUCKETS.replace("it-ops-kpi", "farequote"));
    assert_eq!(answer.status, 502, "{answer:?}");
    assert_eq!(elsewhere.targets(), [""; 0]);
    site.end();
}

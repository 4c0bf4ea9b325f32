//! Bodies in every format, whole and broken.

use std::borrow::Cow;

use mlgate::xcontent::{Node, filter_path::FilterPath, media_type::Format, render::render};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};

use crate::support::damage::damage;

const FIELDS: &[&str] =
    &["job_id", "timestamp", "expand", "exclude_interim", "start", "end", "page", "anomaly_score", "sort", "desc"];

/// A body, its media type, and whether places in it are offsets.
#[derive(Debug, Clone)]
pub struct Encoded {
    pub bytes: Vec<u8>,
    pub media_type: &'static str,
    pub binary: bool,
}

fn text() -> impl Strategy<Value = Node> {
    select(
        &[
            "",
            "true",
            "false",
            "1",
            "80",
            "80.5",
            "abc",
            "now-1d",
            "1600000000000",
            "2020-09-13T12:26:40Z",
            "2020-09-13||/d",
            "anomaly_score",
            "timestamp",
            "nosuch",
            "é",
            "日本",
            "😀",
            "1.2.3",
            " 5 ",
            "0x10",
            "yes",
            "2016-02-30",
            "NaN",
            "a\"b\\c\n",
        ][..],
    )
    .prop_map(Node::from)
}

fn scalar() -> impl Strategy<Value = Node> {
    let long = select(&[0, 1, -1, 5, 100, 10_000, 2_147_483_648, i64::MAX, i64::MIN, 1_600_000_000_000][..]);
    let double = select(&[0.0, 0.5, 80.5, -1.5, 1e300, 1e10, 2_147_483_647.5][..]);
    prop_oneof![4 => text(), 2 => long.prop_map(Node::Long), 1 => double.prop_map(Node::Double), 2 => any::<bool>().prop_map(Node::Bool), 1 => Just(Node::Null)]
}

fn value() -> impl Strategy<Value = Node> {
    let page = vec((select(&["from", "size", "from", "size", "fro"][..]), scalar()), 0..3).prop_map(|fields| {
        Node::Object(fields.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect())
    });
    prop_oneof![6 => scalar(), 2 => page, 1 => vec(scalar(), 0..3).prop_map(Node::Array)]
}

fn good(field: &'static str) -> BoxedStrategy<Node> {
    match field {
        "page" => (0_i64..5, 0_i64..20)
            .prop_map(|(from, size)| {
                Node::Object(vec![("from".into(), Node::Long(from)), ("size".into(), Node::Long(size))])
            })
            .boxed(),
        "anomaly_score" => select(&[0.0, 5.0, 50.5][..]).prop_map(Node::Double).boxed(),
        "expand" | "exclude_interim" | "desc" => any::<bool>().prop_map(Node::Bool).boxed(),
        "sort" => select(&["timestamp", "anomaly_score", "event_count"][..]).prop_map(Node::from).boxed(),
        _ => select(&["1600000000000", "2020", "now", "1454943900000"][..]).prop_map(Node::from).boxed(),
    }
}

fn tree() -> impl Strategy<Value = Node> {
    let field = prop_oneof![9 => select(FIELDS), 1 => select(&["strt", "", "from", "é", "sort "][..])];
    let pair =
        field.prop_flat_map(|field| (Just(Cow::Borrowed(field)), prop_oneof![2 => good(field), 1 => value().boxed()]));
    prop_oneof![12 => vec(pair, 0..4).prop_map(Node::Object), 1 => value()]
}

/// Something is cut off, put in, or turned into something else.
fn broken(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&[u8]] = &[
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\"",
        b"\\",
        b"/",
        b"//x\n",
        b"/*c*/",
        b"#",
        b"'",
        b"0",
        b"-",
        b".",
        b"e",
        b"nul",
        b"\\ud83d",
        b"\\u00",
        b"\n",
        b"\t",
        b"\r\n",
        b" ",
        b"\0",
        b"\x1f",
        b"\x7f",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\xc3\xa9",
        b"\xe2\x80\xa8",
        b"NaN",
        b"+1",
        b"01",
        b"1e",
        b"tru",
        b"\xa1",
        b"\x9f",
        b"\x5f",
        b"\x1b",
        b"\x18",
        b"\xfb",
        b"\xfc",
        b"&a ",
        b"*a",
        b"!!int ",
        b"- ",
        b"? ",
        b"| ",
        b"%",
    ];
    (any::<Index>(), 0_usize..4, select(PIECES), 0..4).prop_map(move |(place, cut, piece, how)| {
        let mut bytes = bytes.clone();
        match how {
            0 => damage(&mut bytes, place, usize::MAX, []),
            1 => damage(&mut bytes, place, 0, piece.iter().copied()),
            2 => damage(&mut bytes, place, cut, []),
            _ => damage(&mut bytes, place, cut, piece.iter().copied()),
        }
        bytes
    })
}

pub fn body() -> BoxedStrategy<Encoded> {
    let formats = prop_oneof![
        8 => Just((Format::Json, "application/json")),
        1 => Just((Format::Json, "application/vnd.elasticsearch+json")),
        1 => Just((Format::Json, "application/x-ndjson")),
        3 => Just((Format::Yaml, "application/yaml")),
        2 => Just((Format::Cbor, "application/cbor")),
        1 => Just((Format::Cbor, "application/vnd.elasticsearch+cbor")),
        2 => Just((Format::Smile, "application/smile")),
    ];
    let encoded = (tree(), formats, any::<bool>())
        .prop_map(|(tree, (format, media_type), pretty)| {
            let bytes = render(format, pretty, &FilterPath::default(), |sink| tree.write(sink));
            Encoded { bytes, media_type, binary: format != Format::Json }
        })
        .boxed();
    prop_oneof![
        3 => encoded.clone(),
        2 => encoded.clone().prop_flat_map(|encoded| broken(encoded.bytes.clone()).prop_map(move |bytes| Encoded { bytes, ..encoded.clone() })),
        1 => encoded.prop_flat_map(|encoded| {
            let recoded = wide(&encoded);
            select(recoded).prop_map(move |bytes| Encoded { bytes, ..encoded.clone() })
        }),
    ]
    .boxed()
}

/// The same text in other encodings, and twice.
fn wide(encoded: &Encoded) -> Vec<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(&encoded.bytes) else { return vec![encoded.bytes.clone()] };
    let units = |mark: bool, bytes: fn(u16) -> [u8; 2]| {
        mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16()).flat_map(bytes).collect::<Vec<u8>>()
    };
    let codes = |mark: bool, bytes: fn(u32) -> [u8; 4]| {
        mark.then_some(0xFEFF).into_iter().chain(text.chars().map(u32::from)).flat_map(bytes).collect::<Vec<u8>>()
    };
    vec![
        [b"\xef\xbb\xbf", &*encoded.bytes].concat(),
        units(true, u16::to_be_bytes),
        units(true, u16::to_le_bytes),
        units(false, u16::to_be_bytes),
        units(false, u16::to_le_bytes),
        codes(true, u32::to_be_bytes),
        codes(true, u32::to_le_bytes),
        codes(false, u32::to_be_bytes),
        codes(false, u32::to_le_bytes),
        [&*encoded.bytes, &*encoded.bytes].concat(),
        [b"  \n", &*encoded.bytes, b"  trailing"].concat(),
    ]
}

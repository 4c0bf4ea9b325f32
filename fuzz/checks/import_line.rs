use mlgate::{
    results::documents::{bucket::Bucket, record::Record},
    store::embedded::import::{formats::Content, lines::Lines},
    xcontent::json::parser::JsonParser,
};

/// Every byte of a file belongs to one unit, the lines of units go up, and every document stands in the file as it is.
pub fn import_line(input: &[u8]) {
    let mut lines = Lines::new(input, 0, 0);
    let (mut offset, mut last) = (0, 0);
    while let Some(unit) = lines.next_unit().expect("memory can be read") {
        assert!(unit.line > last, "line {} after line {last}", unit.line);
        last = unit.line;
        if let Ok(Content::Documents(documents)) = unit.content {
            for document in documents {
                assert!(contains(input, document.source));
                let _ = Bucket::read(&mut JsonParser::stored(document.source));
                let _ = Record::read(&mut JsonParser::stored(document.source));
            }
        }
        assert!(lines.offset() > offset && lines.line() >= last);
        offset = lines.offset();
    }
    assert_eq!(offset, input.len() as u64);
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

//! The hot paths, to have their instructions counted: `hot_paths CASE TIMES` does one of them so often and says nothing.
//! `bench/counts/run` counts them under valgrind and compares with what is stored. Without arguments: the names.
//!
//! Everything runs in one thread, so that the same is done in the same order.

#![allow(missing_docs, clippy::unwrap_used)]

mod cluster;
mod documents;
mod in_process;
mod whole;

/// A name, and what does it so often.
type Case = (&'static str, fn(usize));

const CASES: [Case; 8] = [
    ("pass_through_1kb", whole::pass_through),
    ("get_buckets_100", whole::get_buckets),
    ("expand_100", whole::expand),
    ("not_known", whole::not_known),
    ("reshape_100", in_process::reshape),
    ("reshape_100_read_whole", in_process::reshape_read_whole),
    ("warm_check", in_process::warm_check),
    ("embedded_page_100", whole::embedded_page),
];

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let [name, times] = &asked[..] else {
        for (name, _) in CASES {
            println!("{name}");
        }
        return;
    };
    let (_, case) = CASES.iter().find(|(known, _)| known == name).unwrap();
    case(times.parse().unwrap());
}

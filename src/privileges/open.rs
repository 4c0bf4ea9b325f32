//! No authority: everyone may. Only where the configuration says so with `unsafe_` in the key, and on loopback.

use super::authority::{Authority, Judging, Question, Verdict, Who};

/// Says yes.
pub struct OpenToAll;

impl Authority for OpenToAll {
    fn judge<'a>(&'a self, _: Question<'a>) -> Judging<'a> {
        let who = Who { user: "_anonymous".into(), realm: "none".into(), ..Who::default() };
        Box::pin(async move { Ok(Verdict { who, cluster: Ok(()), read: Ok(()) }) })
    }
}

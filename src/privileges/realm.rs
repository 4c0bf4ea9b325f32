//! The file realm as an authority.

use std::sync::Arc;

use super::{
    authority::{Authority, Judging, NoVerdict, Question, Verdict, Who},
    file_realm::{FileRealm, Identity, Unauthenticated},
    refusal,
};

/// Users, roles and keys in files.
pub struct Realm {
    files: Arc<FileRealm>,
}

// === impl Realm ===

impl Realm {
    #[must_use]
    pub fn new(files: Arc<FileRealm>) -> Self {
        Self { files }
    }

    async fn ask(&self, question: Question<'_>) -> Result<Verdict, NoVerdict> {
        let identity = match question.caller.looked_up() {
            Some(user) => self.files.look_up(user).ok_or_else(|| Unauthenticated::User { user: user.to_owned() }),
            None => self.files.authenticate(question.caller.authorization()).await,
        };
        let identity = identity.map_err(|refused| {
            let reason = refused.reason(refusal::THIS_REQUEST);
            NoVerdict::Unauthenticated(refusal::unauthenticated(reason, refused.additional(), refused.cause()))
        })?;
        Ok(judge(identity, question))
    }
}

impl Authority for Realm {
    fn judge<'a>(&'a self, question: Question<'a>) -> Judging<'a> {
        Box::pin(self.ask(question))
    }

    fn reload(&self) {
        self.files.reload();
    }
}

fn judge(identity: Identity, question: Question<'_>) -> Verdict {
    let who = match &identity.api_key {
        Some(id) => refusal::api_key(id, &identity.user),
        None => refusal::user(&identity.user, &identity.roles, &identity.missing_roles),
    };
    let cluster = if refusal::ASKED.iter().any(|privilege| identity.has_cluster(privilege)) {
        Ok(())
    } else {
        Err(refusal::no_cluster_privilege(&who))
    };
    let read = match question.job.filter(|job| question.index_read && !identity.may_read(&job.results_alias())) {
        Some(job) => Err(refusal::no_read(&who, job)),
        None => Ok(()),
    };
    let Identity { user, realm, api_key, roles, .. } = identity;
    Verdict { who: Who { user, realm: realm.to_owned(), roles, api_key }, cluster, read }
}

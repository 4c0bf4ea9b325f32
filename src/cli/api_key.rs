//! `mlgate api-key`: keys for the file realm.

use std::path::PathBuf;

use anyhow::Context as _;
use comfy_table::Table;
use jiff::{SignedDuration, Timestamp};

use crate::privileges::file_realm::{
    FileRealm, RealmFiles,
    api_keys::{ApiKeys, create, invalidate},
};

#[derive(Debug, clap::Args)]
pub(super) struct ApiKeyCommand {
    /// Folder with the files of the realm
    #[arg(long, env = "MLGATE_REALM", value_name = "FOLDER", global = true)]
    realm: Option<PathBuf>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a key; it is shown this once
    Create {
        /// What the key is for
        #[arg(long)]
        name: String,
        /// Whose key it is
        #[arg(long)]
        user: String,
        /// After which time it ends, as 30d or 12h
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
        /// JSON file with roles, as in roles.yml, that limit the key
        #[arg(long, value_name = "FILE")]
        role_descriptors: Option<PathBuf>,
    },
    /// Show all keys, without the keys
    List,
    /// Invalidate a key, for good
    Revoke { id: String },
}

// === impl ApiKeyCommand ===

impl ApiKeyCommand {
    pub fn run(self) -> anyhow::Result<()> {
        let directory = self.realm.context("realm: must be set")?;
        let realm = FileRealm::open(RealmFiles { directory: directory.clone(), jwt: None })?;
        match self.action {
            Action::Create { name, user, expires, role_descriptors } => {
                realm
                    .look_up(&user)
                    .with_context(|| format!("there is no user [{user}] in {}", directory.display()))?;
                let expiration = expires.as_deref().map(expiration).transpose()?;
                let descriptors = match role_descriptors {
                    Some(file) => {
                        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
                        serde_json::from_str(&text).with_context(|| file.display().to_string())?
                    }
                    None => serde_json::Map::new(),
                };
                let key = create(&directory, &name, &user, expiration, descriptors)?;
                println!("{}", serde_json::to_string_pretty(&key)?);
            }
            Action::List => {
                let mut table = Table::new();
                table.set_header(["id", "name", "owner", "creation", "expiration", "invalidated"]);
                for key in ApiKeys::read(&directory)?.iter() {
                    let expiration = key.expiration.map(|time| time.to_string()).unwrap_or_default();
                    let creation = key.creation.to_string();
                    let invalidated = key.invalidated.to_string();
                    table.add_row([&key.id, &key.name, &key.owner, &creation, &expiration, &invalidated]);
                }
                println!("{table}");
            }
            Action::Revoke { id } => {
                invalidate(&directory, &id)?;
                println!("{id} is invalidated");
            }
        }
        Ok(())
    }
}

fn expiration(text: &str) -> anyhow::Result<Timestamp> {
    // A day is 24 hours here, as in Elasticsearch.
    let (number, unit) = text.split_at(text.len() - usize::from(text.ends_with(['d', 'h', 'm', 's'])));
    let seconds = match unit {
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        "s" => 1,
        _ => anyhow::bail!("expires: [{text}] must be a number with d, h, m or s"),
    };
    let number: i64 = number.parse().with_context(|| format!("expires: [{text}]"))?;
    let duration = SignedDuration::from_secs(number.saturating_mul(seconds));
    Timestamp::now().checked_add(duration).with_context(|| format!("expires: [{text}]"))
}

//! `mlgate copy`: moves results from one place to another, and looks whether they got there.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};

use super::endpoint::{Account, Endpoint};
use crate::{
    config::Settings,
    transfer::{
        Copy,
        journal::{Journal, Whence},
        plan::{Chosen, Plan},
        source::{CursorKind, Source},
        target::{FileFormat, Target},
        trouble::{Patience, Trouble},
        verify::compare,
    },
};

/// Days that differ and are named one by one.
const NAMED: usize = 20;

#[derive(Debug, clap::Args)]
pub(super) struct CopyCommand {
    #[command(flatten)]
    pub settings: Settings,
    /// Where the results are: a cluster's address, a file, or embedded for the store
    #[arg(long, value_name = "URL|FILE|embedded")]
    from: Endpoint,
    /// Where they are to be
    #[arg(long, value_name = "URL|FILE|embedded")]
    to: Endpoint,
    #[command(flatten)]
    source: FromAccount,
    #[command(flatten)]
    target: ToAccount,
    #[command(flatten)]
    how: How,
    /// Say what would be moved, and move nothing
    #[arg(long, conflicts_with_all = ["verify", "no_verify"])]
    dry_run: bool,
    /// Move nothing, and say whether the target has what the source has
    #[arg(long, conflicts_with = "no_verify")]
    verify: bool,
    /// Do not read both sides once more at the end to compare them
    #[arg(long)]
    no_verify: bool,
}

/// How it is moved, whatever it is.
#[derive(Debug, clap::Args)]
pub(super) struct How {
    /// Jobs, with commas between them; * stands for any text
    #[arg(long, value_delimiter = ',', default_value = "*", value_name = "JOB,…")]
    pub jobs: Vec<String>,
    /// File that says how far it has come [default: named after both places, in this folder]
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Longest time without getting on, in seconds: what is refused, throttled or cut is tried again meanwhile
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    pub patience: u64,
    /// Documents that are read from a cluster at once
    #[arg(long, default_value_t = 2_000, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub page: u16,
    /// Documents that are written at once; about, as those of one time stay together
    #[arg(long, default_value_t = 4_000, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    pub bulk: u16,
    /// Bulk requests under way at once
    #[arg(long, default_value_t = 3, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=32))]
    pub in_flight: u8,
    /// How the source is read, where it is a cluster
    #[arg(long, value_enum, default_value = "auto")]
    pub cursor: CursorKind,
}

/// Who reads from a cluster. Its fields are called as the flags are.
#[allow(clippy::struct_field_names)]
#[derive(Debug, Default, clap::Args)]
pub(super) struct FromAccount {
    /// User that reads from the cluster
    #[arg(long, env = "MLGATE_FROM_USERNAME", value_name = "NAME")]
    from_username: Option<String>,
    /// His password; better given in the environment than on the command line
    #[arg(long, env = "MLGATE_FROM_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    from_password: Option<crate::secret::Secret>,
    /// Who signs that cluster's certificates, as PEM [default: the public authorities]
    #[arg(long, env = "MLGATE_FROM_CA", value_name = "FILE")]
    from_ca: Option<PathBuf>,
}

/// Who writes to a cluster. Its fields are called as the flags are.
#[allow(clippy::struct_field_names)]
#[derive(Debug, clap::Args)]
struct ToAccount {
    /// User that writes to the cluster
    #[arg(long, env = "MLGATE_TO_USERNAME", value_name = "NAME")]
    to_username: Option<String>,
    /// His password; better given in the environment than on the command line
    #[arg(long, env = "MLGATE_TO_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    to_password: Option<crate::secret::Secret>,
    /// Who signs that cluster's certificates, as PEM [default: the public authorities]
    #[arg(long, env = "MLGATE_TO_CA", value_name = "FILE")]
    to_ca: Option<PathBuf>,
}

/// A copy, as it was asked for.
pub(super) struct Task<'a> {
    pub settings: &'a Settings,
    pub from: Endpoint,
    pub to: Endpoint,
    pub source: Source,
    pub target: Account,
    pub how: &'a How,
    pub format: FileFormat,
    pub verify: bool,
}

// === impl accounts ===

impl FromAccount {
    pub fn account(self) -> Account {
        Account { side: "from", username: self.from_username, password: self.from_password, ca: self.from_ca }
    }
}

impl ToAccount {
    fn account(self) -> Account {
        Account { side: "to", username: self.to_username, password: self.to_password, ca: self.to_ca }
    }
}

// === impl CopyCommand ===

impl CopyCommand {
    pub async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let Self { from, to, source, target, how, dry_run, verify, no_verify, .. } = self;
        if from.is(&to, settings) {
            bail!("--to: is the place that --from names");
        }
        let source = from.source(settings, source.account(), &how)?;
        let chosen = Chosen::parse(&how.jobs)?;
        if dry_run {
            let plan = plan(&source, &chosen, &from.named(settings)).await?;
            tell(&plan, &from.named(settings), &to.named(settings));
            return Ok(());
        }
        let target = target.account();
        if verify {
            let plan = plan(&source, &chosen, &from.named(settings)).await?;
            let target = to.source(settings, target, &how)?;
            return verified(&source, &target, &plan, &how).await?;
        }
        let format = FileFormat::Ndjson;
        Task { settings, from, to, source, target, how: &how, format, verify: !no_verify }.run(&chosen).await
    }
}

// === impl Task ===

impl Task<'_> {
    /// Moves it, and looks whether it got there.
    pub async fn run(self, chosen: &Chosen) -> anyhow::Result<()> {
        let Self { settings, from, to, source, target: account, how, format, verify } = self;
        let whence = Whence { from: from.named(settings), to: to.named(settings) };
        let state = how.state.clone().unwrap_or_else(|| whence.file().into());
        let plan = plan(&source, chosen, &whence.from).await?;
        let patience = Duration::from_secs(how.patience);
        let journal = Journal::open(&state, &whence)?;
        let is_resumed = journal.is_resumed();
        if is_resumed {
            eprintln!("going on after {} documents, as {} says", journal.documents(), state.display());
        }
        let target = match to.target(settings, account.clone(), how, format, is_resumed) {
            Ok(target) => Arc::new(target),
            Err(error) if is_resumed => return Err(error),
            Err(error) => {
                // nothing was begun
                journal.remove()?;
                return Err(error);
            }
        };
        let bar = bar(plan.documents());
        let mut copy = Copy { source, target, journal, size: how.bulk.into(), patience, bar, kept: 0, twice: 0 };
        copy.run(&plan).await?;
        copy.bar.finish_and_clear();
        let Copy { source, target, journal, kept, twice, .. } = copy;
        let notes = finish(&target, &plan, patience).await?;
        let (documents, rejected) = (journal.documents(), journal.rejected());
        println!("{documents} documents of {} jobs from {} to {}", plan.jobs.len(), whence.from, whence.to);
        plan.notes.iter().chain(&notes).for_each(|note| println!("note: {note}"));
        if kept > 0 {
            println!("note: {kept} configurations of jobs were there already, and are as they were");
        }
        if twice > 0 {
            println!(
                "note: {twice} documents were in two indices that have one name now, the same in both: each is there once"
            );
        }
        let mut outcome = Ok(());
        if verify && format != FileFormat::Csv {
            let target = to.source(settings, account, how)?;
            outcome = verified(&source, &target, &plan, how).await?;
        }
        // It is over, however it went: called again, it begins anew. Only one that could not be verified is not.
        journal.remove()?;
        outcome?;
        if rejected > 0 {
            bail!("{rejected} documents could not be moved; all others were");
        }
        Ok(())
    }
}

async fn plan(source: &Source, chosen: &Chosen, place: &str) -> anyhow::Result<Plan> {
    let plan = source.plan(chosen).await.map_err(Trouble::in_words)?;
    chosen.all_found(&plan, place)?;
    Ok(plan)
}

async fn finish(target: &Target, plan: &Plan, limit: Duration) -> anyhow::Result<Vec<String>> {
    let mut patience = Patience::new(limit);
    loop {
        match target.finish(plan).await {
            Ok(notes) => return Ok(notes),
            Err(Trouble::Passing { why, after }) => {
                anyhow::ensure!(patience.wait(after).await, "{why}; called again, the copy goes on from here");
            }
            Err(Trouble::Lasting(error)) => return Err(error),
        }
    }
}

/// Says whether both sides have the same; the inner error is that they have not.
async fn verified(source: &Source, target: &Source, plan: &Plan, how: &How) -> anyhow::Result<anyhow::Result<()>> {
    let bar = bar(plan.documents() * 2);
    bar.set_message("comparing");
    let patience = || Patience::new(Duration::from_secs(how.patience));
    let compared = compare(source, target, plan, patience, &bar).await?;
    bar.finish_and_clear();
    let differences = compared.source.differences(&compared.target);
    let (documents, days) = (compared.source.documents(), compared.source.days());
    if differences.is_empty() {
        println!("verified: the same {documents} documents on both sides, by checksums of {days} days of jobs");
        return Ok(Ok(()));
    }
    for difference in differences.iter().take(NAMED) {
        eprintln!("{difference}");
    }
    let count = differences.len();
    let advice = "copied again, the source's documents replace the target's";
    Ok(Err(anyhow!("{count} of {days} days of jobs differ; {advice}")))
}

/// Says what would be moved.
fn tell(plan: &Plan, from: &str, to: &str) {
    println!("would move about {} documents of {} jobs from {from} to {to}:", plan.documents(), plan.jobs.len());
    for (name, job) in &plan.jobs {
        let indices: Vec<&str> = job.indices.iter().map(String::as_str).collect();
        let day = |time| {
            jiff::Timestamp::from_millisecond(time)
                .map_or_else(|_| String::from("?"), |at| at.strftime("%F").to_string())
        };
        let span = job.span.map_or_else(String::new, |(first, last)| format!(", {} to {}", day(first), day(last)));
        let configuration = if job.configuration { ", with its configuration" } else { "" };
        println!("  {name}: {} documents{span}, into {}{configuration}", job.documents, indices.join(" "));
    }
    plan.notes.iter().for_each(|note| println!("note: {note}"));
}

/// Hidden where standard error is no terminal.
fn bar(documents: u64) -> ProgressBar {
    let bar = ProgressBar::new(documents);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}") {
        bar.set_style(style);
    }
    bar
}

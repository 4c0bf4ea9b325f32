//! From the configuration to a server that listens, in three steps: everything is checked, everything is made, and only
//! then a port opens.

use std::sync::Arc;

use anyhow::{Context as _, bail};

use crate::{
    admin::ready::{BothHealth, ClusterHealth, Health, Readiness, StoreHealth},
    config::{Config, Results, Settings, access::Access, listener::ListenerConfig, operations::Operations},
    handle::{Gate, handle},
    listen::{
        App, Front,
        phase::Phases,
        rates::Rates,
        socket::{Place, Sockets},
        tls::Tls,
    },
    modes::{Modes, assemble::Primary},
    observe::request::observed,
    pass_through::PassThrough,
    privileges::{self, Privileges},
    spool::Spools,
    store::{ResultsStore, cluster::ClusterStore, embedded::EmbeddedStore},
    upstream::Upstream,
};

/// A configuration that can be served.
pub struct Checked {
    pub config: Config,
    pub access: Access,
    pub listener: ListenerConfig,
    pub operations: Operations,
}

/// A server that does not listen yet.
pub struct Assembled {
    app: App,
    pub front: Arc<Front>,
    pub privileges: Arc<Privileges>,
    pub readiness: Arc<Readiness>,
    listener: ListenerConfig,
    open_to_all: bool,
}

/// A server whose port is open.
pub struct Listening {
    app: App,
    front: Arc<Front>,
    sockets: Sockets,
}

// === impl Checked ===

impl Checked {
    /// Checks all settings, and that certificates are right.
    ///
    /// # Errors
    /// What is wrong with them, naming the key.
    pub fn of(settings: &Settings) -> anyhow::Result<Self> {
        let (config, access) = (Config::of(settings)?, Access::of(settings)?);
        let listener = ListenerConfig::of(settings, &access)?;
        if let Some(tls) = &listener.tls {
            tls.read()?;
        }
        let operations = Operations::of(settings, &listener.listen)?;
        Ok(Self { config, access, listener, operations })
    }

    /// Makes everything that answers. Needs a runtime, as files are looked after.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn assemble(self) -> anyhow::Result<Assembled> {
        let Self { config, access, listener, .. } = self;
        let rates = Arc::new(Rates::new(listener.rate)?);
        let tls = listener.tls.clone().map(Tls::open).transpose()?.map(Arc::new);
        if let Some(tls) = &tls {
            tokio::spawn(Arc::clone(tls).watch());
        }
        let Opened { store, upstream, health } = open(config.results.clone())?;
        let primary = Primary { results: &config.results, store, upstream: upstream.clone() };
        let modes = Modes::open(&config.modes, &primary)?;
        let health: Box<dyn Health> = match modes.answering_secondary() {
            Some(secondary) => Box::new(BothHealth { first: health, second: ClusterHealth::of_secondary(secondary) }),
            None => health,
        };
        let privileges = privileges::assemble::assemble(&access, upstream.as_ref())?;
        let pass_through = upstream.zip(access.passing);
        let gate = Gate {
            privileges: Arc::clone(&privileges),
            pass_through: pass_through.map(|(upstream, allowed)| {
                PassThrough::new(upstream, allowed, access.timeout).for_elastic_clients(access.elastic_clients)
            }),
            modes,
            rates: Arc::clone(&rates),
            spools: Spools::default(),
            most_body: config.max_body_bytes,
            most_time: listener.request,
            allow_run_as: access.allow_run_as,
        };
        let gate = Arc::new(gate);
        Ok(Assembled {
            app: Arc::new(move |request| {
                let gate = Arc::clone(&gate);
                Box::pin(observed(request, |request| handle(gate, request)))
            }),
            privileges,
            readiness: Arc::new(Readiness::new(health)),
            front: Arc::new(Front::new(listener.limits, rates, tls, listener.drain)),
            listener,
            open_to_all: access.authority.is_none(),
        })
    }
}

/// The place that holds the results.
pub struct Opened {
    pub store: Arc<dyn ResultsStore>,
    /// The way to it, where it is a cluster.
    pub upstream: Option<Arc<Upstream>>,
    pub health: Box<dyn Health>,
}

/// Opens the place that holds the results.
///
/// # Errors
/// Where it cannot be opened.
pub fn open(results: Results) -> anyhow::Result<Opened> {
    Ok(match results {
        Results::Embedded(file) => {
            let store = EmbeddedStore::open(&file)?;
            let health = Box::new(StoreHealth(store.clone()));
            Opened { store: Arc::new(store), upstream: None, health }
        }
        Results::Cluster(cluster) => {
            let upstream = Upstream::new(cluster.upstream)?;
            let store = Arc::new(ClusterStore::new(Arc::clone(&upstream), cluster.search));
            let health = Box::new(ClusterHealth::new(Arc::clone(&upstream)));
            Opened { store, upstream: Some(upstream), health }
        }
    })
}

// === impl Assembled ===

impl Assembled {
    /// Opens the port.
    ///
    /// # Errors
    /// Where that cannot be, or where everyone would be let in from other machines.
    pub fn listen(self) -> anyhow::Result<Listening> {
        let place = &self.listener.listen;
        let sockets = place.listen(self.listener.mode).with_context(|| format!("listen: {place}"))?;
        for place in sockets.addresses()? {
            if self.open_to_all && !place.is_local() {
                bail!("listen: {place} is not a loopback address, and unsafe_open_to_all lets everyone in");
            }
            let tls = if self.listener.tls.is_some() { " with TLS" } else { "" };
            let everyone = if self.open_to_all { "; everyone may" } else { "" };
            tracing::info!(address = %place, "listening{tls}{everyone}");
        }
        Ok(Listening { app: self.app, front: self.front, sockets })
    }
}

// === impl Listening ===

impl Listening {
    /// Where connections are waited for.
    ///
    /// # Errors
    /// Where the system does not say.
    pub fn addresses(&self) -> std::io::Result<Vec<Place>> {
        self.sockets.addresses()
    }

    /// Serves until a phase ends it.
    pub async fn serve(self, phases: Phases) {
        crate::listen::serve(self.sockets, self.front, self.app, phases).await;
    }
}

//! A genuine fault injector between mlgate and the cluster.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{install::Installer, send};

/// A toxiproxy before the cluster.
pub struct Toxiproxy {
    server: Child,
    control: SocketAddr,
    /// Where the cluster can be reached through it.
    pub address: SocketAddr,
}

/// A fault of the network.
pub struct Fault {
    pub name: &'static str,
    /// A toxic, and what it is told; without one all connections are closed and new ones are refused.
    toxic: Option<(&'static str, Value)>,
}

pub fn faults() -> [Fault; 7] {
    let fault = |name, kind, attributes| Fault { name, toxic: Some((kind, attributes)) };
    [
        fault("latency", "latency", json!({"latency": 80, "jitter": 40})),
        fault("slices", "slicer", json!({"average_size": 40, "size_variation": 20, "delay": 500})),
        fault("slow", "bandwidth", json!({"rate": 100})),
        fault("slow close", "slow_close", json!({"delay": 1_000})),
        fault("half-open", "timeout", json!({"timeout": 0})),
        fault("cut in the midst", "limit_data", json!({"bytes": 20_000})),
        Fault { name: "refused", toxic: None },
    ]
}

// === impl Toxiproxy ===

impl Toxiproxy {
    /// Installs it on first use; `None`, said loudly, where that cannot be.
    pub fn before(cluster: SocketAddr) -> Option<Self> {
        let folder = Installer::Go.install("toxiproxy", &["github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0"])?;
        let program = folder.join("server");
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (control, address) = (free(), free());
        let server = Command::new(program)
            .args(["-host", "127.0.0.1", "-port", &control.port().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let toxiproxy = Self { server, control, address };
        while TcpStream::connect(control).is_err() {
            sleep(Duration::from_millis(20));
        }
        let proxy = json!({"name": "cluster", "listen": address.to_string(), "upstream": cluster.to_string()});
        toxiproxy.call("POST", "/proxies", &proxy);
        Some(toxiproxy)
    }

    fn call(&self, method: &str, path: &str, body: &Value) {
        let reply = send(self.control, method, path, &[], Some(body.to_string().as_bytes()));
        assert!(reply.status < 300, "{method} {path} {body}: {reply:?}");
    }

    /// Connections are so from now on, until [`Toxiproxy::heal`].
    pub fn poison(&self, fault: &Fault) {
        let Some((kind, attributes)) = &fault.toxic else {
            return self.call("POST", "/proxies/cluster", &json!({"enabled": false}));
        };
        for stream in ["upstream", "downstream"] {
            let toxic = json!({"name": stream, "type": kind, "stream": stream, "attributes": attributes});
            self.call("POST", "/proxies/cluster/toxics", &toxic);
        }
    }

    pub fn heal(&self, fault: &Fault) {
        if fault.toxic.is_none() {
            return self.call("POST", "/proxies/cluster", &json!({"enabled": true}));
        }
        for stream in ["upstream", "downstream"] {
            self.call("DELETE", &format!("/proxies/cluster/toxics/{stream}"), &json!({}));
        }
    }
}

impl Drop for Toxiproxy {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

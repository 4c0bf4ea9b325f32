//! Where the server listens: at an address, at a unix socket, or where systemd listens for it.

use std::{
    fmt,
    fs::Permissions,
    io,
    net::{IpAddr, SocketAddr},
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    pin::Pin,
    str::FromStr,
    task::{Context, Poll},
};

use anyhow::{Context as _, bail};
use listenfd::ListenFd;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
};

/// Bytes of a reply that the kernel holds for a reader beyond what is on its way: little, so that it is seen when a reader
/// stops, and so that slow readers cost little.
const NOT_SENT: u32 = 128 << 10;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Place {
    Address(SocketAddr),
    Unix(PathBuf),
    /// At the sockets that systemd passes.
    Systemd,
}

/// Sockets that listen.
#[derive(Debug)]
pub struct Sockets {
    listeners: Vec<Listener>,
    /// The one that is asked first next time.
    next: usize,
}

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    /// With the file that goes when this is dropped, where it is ours.
    Unix(UnixListener, Option<PathBuf>),
}

/// A connection.
pub(super) enum Stream {
    Tcp(TcpStream, Option<IpAddr>),
    Unix(UnixStream),
}

// === impl Place ===

impl Place {
    /// Whether only programs on this machine can come; what systemd passes is not known before it is there.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Address(address) => address.ip().is_loopback(),
            Self::Unix(_) | Self::Systemd => true,
        }
    }

    /// Listens; `mode` is that of the file of a unix socket. Needs a runtime.
    ///
    /// # Errors
    /// Where that cannot be.
    pub fn listen(&self, mode: u32) -> anyhow::Result<Sockets> {
        let listeners = match self {
            Self::Address(address) => vec![Listener::Tcp(TcpListener::from_std(at_address(*address)?)?)],
            Self::Unix(path) => {
                let listener = at_path(path, mode)?;
                vec![Listener::Unix(listener, Some(path.clone()))]
            }
            Self::Systemd => passed()?,
        };
        Ok(Sockets { listeners, next: 0 })
    }
}

impl Default for Place {
    fn default() -> Self {
        Self::Address(SocketAddr::from(([127, 0, 0, 1], 9280)))
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("unix:") {
            Some(path) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            Some(path) => Err(format!("[{path}] is no absolute path")),
            None if text == "systemd" => Ok(Self::Systemd),
            None => text
                .parse()
                .map(Self::Address)
                .map_err(|_| format!("[{text}] is no address:port, unix:/path or systemd")),
        }
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Systemd => f.write_str("systemd"),
        }
    }
}

fn at_address(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Listens at a path. The file has its mode before anyone can see it, and takes the place of one that nobody listens at.
fn at_path(path: &Path, mode: u32) -> anyhow::Result<UnixListener> {
    match std::fs::symlink_metadata(path) {
        Ok(file) if !file.file_type().is_socket() => bail!("there is a file that is no socket"),
        Ok(_) if std::os::unix::net::UnixStream::connect(path).is_ok() => bail!("another program listens there"),
        _ => {}
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    let new = PathBuf::from(name);
    let listener = UnixListener::bind(&new)?;
    let placed =
        std::fs::set_permissions(&new, Permissions::from_mode(mode)).and_then(|()| std::fs::rename(&new, path));
    if let Err(error) = placed {
        let _ = std::fs::remove_file(&new);
        return Err(error.into());
    }
    Ok(listener)
}

/// The sockets that systemd, or who does as it does, has opened for this process.
fn passed() -> anyhow::Result<Vec<Listener>> {
    let mut passed = ListenFd::from_env();
    let mut listeners = Vec::new();
    for index in 0..passed.len() {
        if let Ok(Some(listener)) = passed.take_tcp_listener(index) {
            listener.set_nonblocking(true)?;
            listeners.push(Listener::Tcp(TcpListener::from_std(listener)?));
        } else {
            let listener = passed.take_unix_listener(index).context("neither TCP nor unix")?;
            let listener = listener.context("a socket was passed twice")?;
            listener.set_nonblocking(true)?;
            listeners.push(Listener::Unix(UnixListener::from_std(listener)?, None));
        }
    }
    if listeners.is_empty() {
        bail!("no socket was passed; is mlgate.socket active?");
    }
    Ok(listeners)
}

// === impl Sockets ===

impl Sockets {
    /// Where connections are waited for.
    ///
    /// # Errors
    /// Where the system does not say.
    pub fn addresses(&self) -> io::Result<Vec<Place>> {
        self.listeners
            .iter()
            .map(|listener| match listener {
                Listener::Tcp(listener) => listener.local_addr().map(Place::Address),
                Listener::Unix(listener, _) => {
                    let address = listener.local_addr()?;
                    Ok(Place::Unix(address.as_pathname().map(Path::to_path_buf).unwrap_or_default()))
                }
            })
            .collect()
    }

    /// Waits for a connection at any of them.
    pub(super) async fn accept(&mut self) -> io::Result<Stream> {
        std::future::poll_fn(|cx| {
            for _ in 0..self.listeners.len() {
                self.next = (self.next + 1) % self.listeners.len();
                if let Poll::Ready(accepted) = self.listeners[self.next].poll_accept(cx) {
                    return Poll::Ready(accepted);
                }
            }
            Poll::Pending
        })
        .await
    }
}

impl Listener {
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        match self {
            Self::Tcp(listener) => listener.poll_accept(cx).map_ok(|(stream, peer)| {
                let _ = stream.set_nodelay(true);
                let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(NOT_SENT);
                Stream::Tcp(stream, Some(peer.ip()))
            }),
            Self::Unix(listener, _) => listener.poll_accept(cx).map_ok(|(stream, _)| Stream::Unix(stream)),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, Some(path)) = self {
            let _ = std::fs::remove_file(path);
        }
    }
}

// === impl Stream ===

impl Stream {
    /// The address of the other side, where it has one.
    pub fn peer(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(_, peer) => *peer,
            Self::Unix(_) => None,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream, _) => Pin::new(stream).poll_read(cx, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream, _) => Pin::new(stream).poll_write(cx, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream, _) => Pin::new(stream).poll_write_vectored(cx, slices),
            Self::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream, _) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

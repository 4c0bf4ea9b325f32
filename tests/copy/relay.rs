//! A line between two sides that is cut again and again.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

/// Passes bytes on, and cuts each connection after a time that is another one each time.
pub async fn start(to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for number in 1_u64.. {
            let Ok((mut near, _)) = listener.accept().await else { return };
            let lasts = Duration::from_millis(60 + number * 37 % 140);
            tokio::spawn(async move {
                let Ok(mut far) = TcpStream::connect(to).await else { return };
                let _ = tokio::time::timeout(lasts, copy_bidirectional(&mut near, &mut far)).await;
            });
        }
    });
    address
}

//! A lossy network: an RTSP proxy on 127.0.0.1 through which RTP over UDP goes, every n-th packet of it into nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

/// The proxy; ends when dropped.
pub struct Lossy {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
    dropped: Arc<AtomicUsize>,
}

impl Lossy {
    /// A proxy for the camera at `url` (`rtsp://127.0.0.1:PORT/...`) that loses every `nth` RTP packet.
    ///
    /// # Panics
    /// No port can be had.
    pub async fn start(url: &str, nth: usize) -> Self {
        let camera = url.split('/').nth(2).unwrap_or_default().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let dropped = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&dropped);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (camera, count) = (camera.clone(), Arc::clone(&count));
                connections.spawn(async move { drop(proxy(client, &camera, nth, count).await) });
            }
        });
        Self { address, task, dropped }
    }

    /// `url` by way of the proxy.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("rtsp://{}/{path}", self.address)
    }

    /// How many packets went into nothing.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for Lossy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Two sockets on an even port and the next, as RTP and RTCP have them.
async fn pair() -> std::io::Result<[Arc<UdpSocket>; 2]> {
    loop {
        let rtp = UdpSocket::bind("127.0.0.1:0").await?;
        let port = rtp.local_addr()?.port();
        if port.is_multiple_of(2)
            && let Ok(rtcp) = UdpSocket::bind(("127.0.0.1", port + 1)).await
        {
            return Ok([Arc::new(rtp), Arc::new(rtcp)]);
        }
    }
}

async fn proxy(client: TcpStream, camera: &str, nth: usize, dropped: Arc<AtomicUsize>) -> std::io::Result<()> {
    let server = TcpStream::connect(camera).await?;
    let (near, far) = (pair().await?, pair().await?);
    let (near_port, far_port) = (near[0].local_addr()?.port(), far[0].local_addr()?.port());
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut tasks = JoinSet::new();
    let (ports, mut known) = tokio::sync::watch::channel([0_u16; 2]);
    let ports = Arc::new(ports);
    let asked = Arc::clone(&ports);
    tasks.spawn(async move {
        rewrite(from_client, to_server, "client_port=", far_port, move |port| {
            asked.send_modify(|ports| ports[0] = port);
        })
        .await;
    });
    tasks.spawn(async move {
        rewrite(from_server, to_client, "server_port=", near_port, move |port| {
            ports.send_modify(|ports| ports[1] = port);
        })
        .await;
    });
    // Both ports are known once SETUP was answered.
    let [client_port, server_port] = match known.wait_for(|ports| !ports.contains(&0)).await {
        Ok(ports) => *ports,
        Err(_) => return Ok(()),
    };
    for index in 0..2 {
        let (near, far) = (Arc::clone(&near[index]), Arc::clone(&far[index]));
        let (near_back, far_back) = (Arc::clone(&near), Arc::clone(&far));
        let (client, server) = (client_port + index as u16, server_port + index as u16);
        let (every, count) = (if index == 0 { nth } else { usize::MAX }, Arc::clone(&dropped));
        tasks.spawn(async move { forward(&far, &near, client, every, &count).await });
        let none = Arc::new(AtomicUsize::new(0));
        tasks.spawn(async move { forward(&near_back, &far_back, server, usize::MAX, &none).await });
    }
    // The first that ends is the connection.
    tasks.join_next().await;
    Ok(())
}

/// Passes RTSP on; the first port behind `name` is told and replaced.
async fn rewrite(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, name: &str, own: u16, tell: impl Fn(u16)) {
    let mut buffer = vec![0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
        let mut out = text.clone();
        if let Some((before, behind)) = text.split_once(name) {
            let end = behind.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(behind.len());
            if let Some(port) = behind[..end].split('-').next().and_then(|port| port.parse().ok()) {
                tell(port);
                out = format!("{before}{name}{own}-{}{}", own + 1, &behind[end..]);
            }
        }
        if to.write_all(out.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn forward(from: &UdpSocket, by: &UdpSocket, port: u16, every: usize, dropped: &AtomicUsize) {
    let mut packet = vec![0; 65_536];
    for n in 1_usize.. {
        let Ok(read) = from.recv(&mut packet).await else { return };
        if n.is_multiple_of(every) {
            dropped.fetch_add(1, Ordering::Relaxed);
        } else if by.send_to(&packet[..read], ("127.0.0.1", port)).await.is_err() {
            return;
        }
    }
}

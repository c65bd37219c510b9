//! A listener that counts.

use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Counts what arrives at an address, by TCP and UDP.
pub struct Counter {
    pub address: SocketAddr,
    arrived: Arc<AtomicU32>,
    done: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Counter {
    pub fn new(ip: &str) -> Counter {
        let tcp = TcpListener::bind((ip.parse::<IpAddr>().unwrap(), 0)).unwrap();
        let address = tcp.local_addr().unwrap();
        let udp = UdpSocket::bind(address).unwrap();
        tcp.set_nonblocking(true).unwrap();
        udp.set_nonblocking(true).unwrap();
        let (arrived, done) = (
            Arc::new(AtomicU32::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (count, over) = (arrived.clone(), done.clone());
        let thread = std::thread::spawn(move || {
            loop {
                let finished = over.load(Ordering::Relaxed);
                let mut idle = true;
                while tcp.accept().is_ok() {
                    count.fetch_add(1, Ordering::Relaxed);
                    idle = false;
                }
                while udp.recv(&mut [0; 10]).is_ok() {
                    count.fetch_add(1, Ordering::Relaxed);
                    idle = false;
                }
                if finished && idle {
                    return;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        Counter {
            address,
            arrived,
            done,
            threads: vec![thread],
        }
    }

    /// How much arrived.
    pub fn count(mut self) -> u32 {
        self.done.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
        self.arrived.load(Ordering::Relaxed)
    }
}

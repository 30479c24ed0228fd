//! Two ways between two peers, each opened by one of them, on which nothing passes before both have begun to speak.
//!
//! So both have sent a CER and wait for the answer when the other's CER comes: the race that an election is for.

use crate::error::{Result, RunError, ensure, io};
use crate::node::pause;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// One way: who is connected to, and who stands behind.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Where the gate listens.
    pub at: SocketAddr,
    /// Whom it connects to.
    pub to: SocketAddr,
}

/// Both ways.
#[derive(Debug)]
pub struct Gate {
    listeners: [(TcpListener, SocketAddr); 2],
    open: [Arc<AtomicUsize>; 2],
}

impl Gate {
    /// Listens on both ways.
    ///
    /// # Errors
    /// When an address is taken.
    pub fn close(ways: [Way; 2]) -> Result<Self> {
        let listen = |way: Way| -> Result<_> {
            let listener = TcpListener::bind(way.at).map_err(io("listen"))?;
            Ok((listener, way.to))
        };
        let [one, two] = ways;
        Ok(Self {
            listeners: [listen(one)?, listen(two)?],
            open: <[Arc<AtomicUsize>; 2]>::default(),
        })
    }

    /// Waits until each of the two has connected and said something, then lets everything pass, now and later.
    ///
    /// # Errors
    /// When one of them does not come.
    pub fn open(&self, within: Duration) -> Result {
        let mut held = Vec::new();
        for (listener, to) in &self.listeners {
            let (mut stream, _) = listener.accept().map_err(io("accept"))?;
            stream
                .set_read_timeout(Some(within))
                .map_err(io("set a timeout"))?;
            let mut chunk = vec![0; 65_536];
            let n = stream.read(&mut chunk).map_err(io("hear a CER"))?;
            ensure(n > 0, || "closed before it was opened".to_owned())?;
            stream.set_read_timeout(None).map_err(io("set a timeout"))?;
            chunk.truncate(n);
            held.push((stream, *to, chunk));
        }
        for ((stream, to, said), open) in held.into_iter().zip(&self.open) {
            let mut onward = TcpStream::connect(to).map_err(io("connect onward"))?;
            onward.write_all(&said).map_err(io("pass it on"))?;
            join(stream, onward, open)?;
        }
        Ok(())
    }

    /// Waits until one way alone is open; answers which.
    ///
    /// # Errors
    /// When it is not so within `within`.
    pub fn survivor(&self, within: Duration) -> Result<usize> {
        let deadline = Instant::now() + within;
        loop {
            let open = [0, 1].map(|way: usize| self.open[way].load(Ordering::SeqCst));
            match open {
                [1, 0] => return Ok(0),
                [0, 1] => return Ok(1),
                _ if Instant::now() > deadline => {
                    return Err(RunError::Broken(format!("{open:?} are open").into()));
                }
                _ => pause(),
            }
        }
    }
}

/// Passes all that comes, in both directions, until either end closes.
fn join(one: TcpStream, two: TcpStream, open: &Arc<AtomicUsize>) -> Result {
    open.store(1, Ordering::SeqCst);
    let pairs = [(one.try_clone(), two.try_clone()), (Ok(two), Ok(one))];
    for (from, to) in pairs {
        let (mut from, mut to) = (from.map_err(io("share"))?, to.map_err(io("share"))?);
        let open = Arc::clone(open);
        std::thread::spawn(move || {
            let mut chunk = vec![0; 65_536];
            while let Ok(n @ 1..) = from.read(&mut chunk) {
                if to.write_all(&chunk[..n]).is_err() {
                    break;
                }
            }
            open.store(0, Ordering::SeqCst);
            // Whichever is gone already cannot be closed again.
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}

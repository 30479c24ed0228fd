//! A stream that does not wait for ever: for the head of a request, for the next request, for its peer to read.
//!
//! hyper reads and writes through it. What a read waits for depends on where the connection is, which [`Pace`] knows; the
//! time for it is counted from when that began, however many bytes have come since. Bodies have their own time, elsewhere.

use std::future::Future as _;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// Where a connection is: a number that changes with each step, whose lowest two bits say which.
#[derive(Debug, Default)]
pub(super) struct Pace(AtomicU32);

/// A step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// The first request is waited for.
    Fresh = 0,
    /// The next request is waited for.
    Idle = 1,
    /// Some bytes of a request's head have come.
    Head = 2,
    /// A request is read, served and answered.
    Busy = 3,
}

impl Pace {
    /// The next step begins.
    pub(super) fn go(&self, step: Step) {
        let next = |state: u32| Some((state & !3).wrapping_add(4) | step as u32);
        let order = Ordering::Relaxed;
        // Never refuses.
        let _ = self.0.fetch_update(order, order, next);
    }

    fn state(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn step(&self) -> Step {
        match self.state() & 3 {
            0 => Step::Fresh,
            1 => Step::Idle,
            2 => Step::Head,
            _ => Step::Busy,
        }
    }
}

/// Times of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) head: Duration,
    pub(super) idle: Duration,
    pub(super) write: Duration,
}

/// A stream with times.
#[derive(Debug)]
pub(super) struct Paced<S> {
    inner: S,
    pace: Arc<Pace>,
    times: Times,
    reading: Alarm,
    writing: Alarm,
}

/// A time that is over at some point, if it runs.
#[derive(Debug)]
struct Alarm {
    sleep: Pin<Box<Sleep>>,
    /// What it was set for.
    set: Option<u32>,
}

impl Alarm {
    fn new() -> Self {
        Self {
            sleep: Box::pin(sleep(Duration::ZERO)),
            set: None,
        }
    }

    /// Waits for the end of a time that began when this was first asked for `what`.
    fn poll(&mut self, cx: &mut Context<'_>, what: u32, time: Duration) -> Poll<()> {
        if self.set != Some(what) {
            self.set = Some(what);
            self.sleep.as_mut().reset(Instant::now() + time);
        }
        self.sleep.as_mut().poll(cx)
    }
}

impl<S> Paced<S> {
    pub(super) fn new(inner: S, pace: Arc<Pace>, times: Times) -> Self {
        Self {
            inner,
            pace,
            times,
            reading: Alarm::new(),
            writing: Alarm::new(),
        }
    }

    pub(super) fn into_inner(self) -> S {
        self.inner
    }

    fn stalled<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        ready!(self.writing.poll(cx, 0, self.times.write));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn moved(&mut self) {
        self.writing.set = None;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let this = &mut *self;
        if let Poll::Ready(read) = Pin::new(&mut this.inner).poll_read(cx, buf) {
            let step = this.pace.step();
            if buf.filled().len() > before && matches!(step, Step::Fresh | Step::Idle) {
                this.pace.go(Step::Head);
            }
            return Poll::Ready(read);
        }
        let time = match this.pace.step() {
            Step::Fresh | Step::Head => this.times.head,
            Step::Idle => this.times.idle,
            Step::Busy => return Poll::Pending,
        };
        let state = this.pace.state();
        ready!(this.reading.poll(cx, state, time));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match pin!(&mut self.inner).poll_write(cx, buf) {
            Poll::Ready(written) => {
                self.moved();
                // Whoever still reads an answer is not idle.
                if self.pace.step() == Step::Idle {
                    self.pace.go(Step::Idle);
                }
                Poll::Ready(written)
            }
            Poll::Pending => self.stalled(cx),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match pin!(&mut self.inner).poll_flush(cx) {
            Poll::Ready(flushed) => {
                self.moved();
                Poll::Ready(flushed)
            }
            Poll::Pending => self.stalled(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match pin!(&mut self.inner).poll_shutdown(cx) {
            Poll::Ready(shut) => Poll::Ready(shut),
            Poll::Pending => self.stalled(cx),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match pin!(&mut self.inner).poll_write_vectored(cx, bufs) {
            Poll::Ready(written) => {
                self.moved();
                if self.pace.step() == Step::Idle {
                    self.pace.go(Step::Idle);
                }
                Poll::Ready(written)
            }
            Poll::Pending => self.stalled(cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const TIMES: Times = Times {
        head: Duration::from_secs(10),
        idle: Duration::from_secs(75),
        write: Duration::from_secs(30),
    };

    async fn read(paced: &mut Paced<tokio::io::DuplexStream>) -> Result<usize, io::ErrorKind> {
        let mut byte = [0];
        paced.read(&mut byte).await.map_err(|error| error.kind())
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_drips_has_its_time_from_its_first_byte() {
        let (mut peer, near) = tokio::io::duplex(64);
        let pace = Arc::new(Pace::default());
        let mut paced = Paced::new(near, Arc::clone(&pace), TIMES);
        pace.go(Step::Idle);
        let begun = Instant::now();
        let drip = tokio::spawn(async move {
            sleep(Duration::from_secs(60)).await;
            while peer.write_all(b"x").await.is_ok() {
                sleep(Duration::from_secs(3)).await;
            }
        });
        let mut bytes = 0;
        let error = loop {
            match read(&mut paced).await {
                Ok(n) => bytes += n,
                Err(error) => break error,
            }
        };
        assert_eq!(error, io::ErrorKind::TimedOut);
        assert_eq!((begun.elapsed().as_secs(), bytes), (70, 4));
        assert_eq!(pace.step(), Step::Head);
        drip.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_a_connection_after_its_time() {
        for (step, secs) in [(Step::Fresh, 10), (Step::Idle, 75), (Step::Head, 10)] {
            let (_peer, near) = tokio::io::duplex(64);
            let pace = Arc::new(Pace::default());
            pace.go(step);
            let mut paced = Paced::new(near, pace, TIMES);
            let begun = Instant::now();
            assert_eq!(read(&mut paced).await, Err(io::ErrorKind::TimedOut));
            assert_eq!(begun.elapsed().as_secs(), secs, "{step:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_reads_nothing_is_given_up() {
        let (_peer, near) = tokio::io::duplex(4);
        let mut paced = Paced::new(near, Arc::default(), TIMES);
        let begun = Instant::now();
        let written = paced.write_all(b"more than four").await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(begun.elapsed().as_secs(), 30);
    }
}

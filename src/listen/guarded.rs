//! The stream below hyper: it cuts who is too slow, gives hyper's own refusals a body, and lets a peer that is still sending
//! read the reply before the connection is reset.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf as _, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep, sleep_until},
};

use super::{
    bare_refusal::with_body,
    exchange::{Exchange, Stage},
    patience::Patience,
};
use crate::config::listener::Limits;

/// Longest time for a peer to stop sending after the last reply, and most bytes that it may send.
const LINGER: (Duration, usize) = (Duration::from_secs(2), 4 << 20);

/// A stream whose peer is waited for in bounds.
pub(super) struct Guarded<S> {
    stream: S,
    exchange: Arc<Exchange>,
    limits: Limits,
    waiting: Option<Waiting>,
    /// Rings at the end of the wait, or at that of an earlier one, and is set anew then: a request costs no timer.
    alarm: Option<Pin<Box<Sleep>>>,
    writing: Patience,
    /// What is sent instead of hyper's own refusal, as far as it is not sent yet.
    instead: Option<Bytes>,
    /// The time for the peer to stop sending, and the bytes it has sent in it.
    lingering: Option<(Pin<Box<Sleep>>, usize)>,
}

/// The wait for a request.
struct Waiting {
    /// How many requests there were before.
    after: usize,
    /// Whether its first byte is there.
    begun: bool,
    /// Whether it is a HEAD request, as far as is known.
    for_head: bool,
    end: Instant,
    /// Whether it was told that this is over.
    told: bool,
}

// === impl Guarded ===

impl<S: AsyncRead + AsyncWrite + Unpin> Guarded<S> {
    pub fn new(stream: S, exchange: Arc<Exchange>, limits: Limits) -> Self {
        let writing = Patience::new(limits.reply_stall);
        Self { stream, exchange, limits, waiting: None, alarm: None, writing, instead: None, lingering: None }
    }

    /// Bytes of a request are there: its head has begun, unless one is being answered.
    fn came(&mut self, bytes: &[u8]) {
        if self.exchange.stage() == Stage::Answering {
            return;
        }
        let after = self.exchange.requests();
        if !self.waiting.as_ref().is_some_and(|waiting| waiting.after == after && waiting.begun) {
            self.waiting = Some(Waiting {
                after,
                begun: true,
                for_head: bytes.starts_with(b"HEAD "),
                end: Instant::now() + self.limits.head,
                told: false,
            });
        }
    }

    /// Nothing is there: ready when that lasted too long. While a request is answered that is no fault.
    fn poll_waited(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let stage = self.exchange.stage();
        if stage == Stage::Answering {
            self.waiting = None;
            return Poll::Pending;
        }
        let (after, idle) = (self.exchange.requests(), self.limits.keep_alive);
        let new = || Waiting { after, begun: false, for_head: false, end: Instant::now() + idle, told: false };
        if self.waiting.as_ref().is_none_or(|waiting| waiting.after != after) {
            self.waiting = Some(new());
        }
        loop {
            let waiting = self.waiting.get_or_insert_with(new);
            ready!(poll_rung(&mut self.alarm, waiting.end, cx));
            if stage == Stage::Quiet {
                waiting.told = true;
                return Poll::Ready(());
            }
            // The reply is still being written: whether that goes on is another question.
            self.waiting = Some(new());
        }
    }

    /// Tells whether a write went on.
    fn wrote<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
        bytes: impl Fn(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        match outcome {
            Poll::Ready(Ok(wrote)) => {
                self.writing.went(bytes(&wrote));
                Poll::Ready(Ok(wrote))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                self.exchange.hold_up();
                ready!(self.writing.poll_over(cx));
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read its reply")))
            }
        }
    }

    /// Sends what is sent instead of hyper's own refusal.
    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(mut rest) = self.instead.take().filter(|rest| !rest.is_empty()) {
            let outcome = Pin::new(&mut self.stream).poll_write(cx, &rest);
            let outcome = self.wrote(cx, outcome, |bytes| *bytes);
            if let Poll::Ready(Ok(bytes)) = &outcome {
                rest.advance(*bytes);
            }
            self.instead = Some(rest);
            ready!(outcome)?;
        }
        Poll::Ready(Ok(()))
    }

    /// Whether these bytes are hyper's own refusal; it is then replaced.
    fn replaces(&mut self, bytes: &[u8]) -> bool {
        if self.exchange.stage() != Stage::Quiet {
            return false;
        }
        let for_head = self.waiting.as_ref().is_some_and(|waiting| waiting.for_head);
        self.instead = with_body(bytes, for_head, &self.limits);
        self.exchange.leave_unread();
        self.instead.is_some()
    }

    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (time, most) = LINGER;
        let (end, read) = self.lingering.get_or_insert_with(|| (Box::pin(sleep(time)), 0));
        let mut space = [0; 8 << 10];
        loop {
            if end.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let mut buffer = ReadBuf::new(&mut space);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() && *read < most => *read += buffer.filled().len(),
                _ => return Poll::Ready(()),
            }
        }
    }
}

/// Ready when it is this late.
fn poll_rung(alarm: &mut Option<Pin<Box<Sleep>>>, end: Instant, cx: &mut Context<'_>) -> Poll<()> {
    let alarm = alarm.get_or_insert_with(|| Box::pin(sleep_until(end)));
    if alarm.deadline() > end {
        alarm.as_mut().reset(end);
    }
    ready!(alarm.as_mut().poll(cx));
    if alarm.deadline() < end {
        alarm.as_mut().reset(end);
        return alarm.as_mut().poll(cx);
    }
    Poll::Ready(())
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if let Poll::Ready(outcome) = Pin::new(&mut self.stream).poll_read(cx, buffer) {
            if buffer.filled().len() > before {
                self.came(&buffer.filled()[before..]);
            }
            // Bytes that come one by one do not make the head's time longer.
            let late = |waiting: &Waiting| waiting.begun && waiting.end <= Instant::now();
            if outcome.is_ok() && self.waiting.as_ref().is_some_and(late) {
                let over = self.poll_waited(cx);
                if over.is_ready() {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "no request in time")));
                }
            }
            return Poll::Ready(outcome);
        }
        ready!(self.poll_waited(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "no request in time")))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_instead(cx))?;
        if self.replaces(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(cx, outcome, |bytes| *bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_instead(cx))?;
        // hyper's refusals have no body, so they are in one piece.
        if let Some(first) = slices.iter().find(|slice| !slice.is_empty())
            && self.replaces(first)
        {
            return Poll::Ready(Ok(first.len()));
        }
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.wrote(cx, outcome, |bytes| *bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(cx))?;
        let outcome = Pin::new(&mut self.stream).poll_flush(cx);
        ready!(self.wrote(cx, outcome, |()| 0))?;
        // hyper flushes the stream when it has written all it had.
        self.exchange.flushed();
        self.writing.renew();
        // It may not read again before something comes: the wait for that begins here.
        let told = self.waiting.as_ref().is_some_and(|waiting| waiting.told);
        if self.poll_waited(cx).is_ready() && !told {
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(self.poll_instead(cx))?;
            let outcome = Pin::new(&mut self.stream).poll_shutdown(cx);
            ready!(self.wrote(cx, outcome, |()| 0))?;
        }
        if self.exchange.unread() {
            ready!(self.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}

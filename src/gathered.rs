//! What there is of a body goes on at once: a write costs more than what is written.
//!
//! A body that comes from another connection comes in pieces of one read each, and its next piece is there only when that
//! connection's task had its turn. Before the first of it goes on, it gets as many turns as it makes something of.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::HttpBody;
use bytes::{Buf as _, Bytes};
use bytes_utils::SegmentedBuf;
use hyper::body::{Frame, SizeHint};

/// Bytes that go on at once, at most, apart from the piece with which they are that many.
pub const AT_ONCE: usize = 96 << 10;

/// Several pieces in one frame.
pub type Pieces = SegmentedBuf<Bytes>;

/// A body in as few frames as can be without waiting.
pub struct Gathered<B: HttpBody> {
    body: B,
    held: Pieces,
    last: Last<B::Error>,
    /// Whether what was given away last may not be written yet: nobody writes what stands before a failure.
    unwritten: bool,
}

/// What came behind what is held.
enum Last<E> {
    Unknown,
    /// Trailers, or a failure.
    Frame(Result<Frame<Bytes>, E>),
    End,
}

// === impl Gathered ===

impl<B: HttpBody<Data = Bytes> + Unpin> Gathered<B> {
    pub fn new(body: B) -> Self {
        Self { body, held: SegmentedBuf::new(), last: Last::Unknown, unwritten: false }
    }

    /// A body of which is taken what comes without waiting for the other side.
    pub async fn filled(body: B) -> Self {
        let mut gathered = Self::new(body);
        gathered.fill().await;
        gathered
    }

    async fn fill(&mut self) {
        let mut before = 0;
        loop {
            poll_fn(|cx| {
                self.poll_more(cx, AT_ONCE);
                Poll::Ready(())
            })
            .await;
            if self.held.remaining() == before || self.is_enough(AT_ONCE) {
                return;
            }
            before = self.held.remaining();
            tokio::task::yield_now().await;
        }
    }

    /// As [`HttpBody::poll_frame`]; no more is gathered than it takes to have `most` bytes.
    pub fn poll_gathered(
        &mut self,
        cx: &mut Context<'_>,
        most: usize,
    ) -> Poll<Option<Result<Frame<Pieces>, B::Error>>> {
        self.poll_more(cx, most);
        if self.held.has_remaining() {
            self.unwritten = true;
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.held)))));
        }
        if matches!(self.last, Last::Frame(Err(_))) && std::mem::take(&mut self.unwritten) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match std::mem::replace(&mut self.last, Last::Unknown) {
            Last::Unknown => Poll::Pending,
            Last::Frame(frame) => Poll::Ready(Some(frame.map(|frame| frame.map_data(|_| SegmentedBuf::new())))),
            Last::End => {
                self.last = Last::End;
                Poll::Ready(None)
            }
        }
    }

    /// Whether there is as much as is wanted, or nothing more can come.
    fn is_enough(&self, most: usize) -> bool {
        self.held.remaining() >= most.max(1) || !matches!(self.last, Last::Unknown) || self.body.is_end_stream()
    }

    /// Takes what is there.
    fn poll_more(&mut self, cx: &mut Context<'_>, most: usize) {
        while !(self.is_enough(most) && self.held.has_remaining()) && matches!(self.last, Last::Unknown) {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(piece) => self.held.push(piece),
                    Err(frame) => self.last = Last::Frame(Ok(frame)),
                },
                Poll::Ready(Some(Err(error))) => self.last = Last::Frame(Err(error)),
                Poll::Ready(None) => self.last = Last::End,
                Poll::Pending => return,
            }
        }
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for Gathered<B>
where
    B::Error: Unpin,
{
    type Data = Pieces;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Pieces>, B::Error>>> {
        self.poll_gathered(cx, AT_ONCE)
    }

    fn is_end_stream(&self) -> bool {
        let at_end = match self.last {
            Last::Unknown => self.body.is_end_stream(),
            Last::Frame(_) => false,
            Last::End => true,
        };
        at_end && !self.held.has_remaining()
    }

    fn size_hint(&self) -> SizeHint {
        let (hint, held) = (self.body.size_hint(), self.held.remaining() as u64);
        let mut all = SizeHint::new();
        all.set_lower(hint.lower() + held);
        if let Some(upper) = hint.upper() {
            all.set_upper(upper + held);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        task::{Context, Poll, Waker},
    };

    use axum::body::HttpBody;
    use bytes::{Buf as _, Bytes};
    use hyper::body::Frame;

    use super::Gathered;

    /// Gives what it is told: a piece, nothing yet, or a failure.
    struct Told(Vec<Option<Result<&'static str, &'static str>>>);

    impl HttpBody for Told {
        type Data = Bytes;
        type Error = &'static str;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
            if self.0.is_empty() {
                return Poll::Ready(None);
            }
            match self.0.remove(0) {
                Some(piece) => Poll::Ready(Some(piece.map(|piece| Frame::data(piece.into())))),
                None => Poll::Pending,
            }
        }
    }

    /// What comes out, with `.` for nothing yet.
    fn frames(told: &[Option<Result<&'static str, &'static str>>], most: usize) -> Vec<String> {
        rest(Gathered::new(Told(told.to_vec())), most)
    }

    fn rest(mut body: Gathered<Told>, most: usize) -> Vec<String> {
        let mut found = Vec::new();
        let mut cx = Context::from_waker(Waker::noop());
        loop {
            found.push(match body.poll_gathered(&mut cx, most) {
                Poll::Pending => ".".to_owned(),
                Poll::Ready(None) => return found,
                Poll::Ready(Some(Err(error))) => format!("!{error}"),
                Poll::Ready(Some(Ok(frame))) => {
                    let mut data = frame.into_data().unwrap_or_default();
                    String::from_utf8(data.copy_to_bytes(data.remaining()).to_vec()).unwrap()
                }
            });
        }
    }

    #[test]
    fn what_is_there_goes_on_at_once() {
        assert_eq!(frames(&[Some(Ok("ab")), Some(Ok("c")), Some(Ok("d"))], 100), ["abcd"]);
        assert_eq!(frames(&[Some(Ok("ab")), Some(Ok("c")), Some(Ok("d"))], 3), ["abc", "d"]);
        assert_eq!(frames(&[Some(Ok("ab")), Some(Ok("c")), Some(Ok("d"))], 0), ["ab", "c", "d"]);
    }

    #[tokio::test]
    async fn a_turn_is_given_as_long_as_something_comes_of_it() {
        let told = vec![Some(Ok("a")), None, Some(Ok("b")), None, None, Some(Ok("c"))];
        let mut body = Gathered::new(Told(told));
        body.fill().await;
        assert_eq!(body.size_hint().lower(), 2);
        assert_eq!(rest(body, 2), ["ab", "c"]);
        let mut body = Gathered::new(Told(vec![None, Some(Ok("a")), Some(Err("cut"))]));
        body.fill().await;
        assert_eq!(rest(body, 100), ["a", ".", "!cut"]);
    }

    #[test]
    fn a_failure_comes_when_what_came_before_it_can_be_written() {
        assert_eq!(frames(&[Some(Ok("a")), Some(Ok("b")), Some(Err("cut"))], 100), ["ab", ".", "!cut"]);
        assert_eq!(frames(&[Some(Err("cut"))], 100), ["!cut"]);
    }
}

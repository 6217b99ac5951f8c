//! The executor: JavaScript enters when the result that a future waits for is there.
//!
//! A future waits for a [`Call`]: work that JavaScript does under a number, and whose result it hands in under that
//! number. That wakes the task and runs it at once, in the same turn of JavaScript's queue. So a wait costs one call out
//! and one call in, without promises, closures or turns of the queue on this side. With `wasm_bindgen_futures`, which
//! costs two closures and a microtask for each wait, an answer from the store took 175 µs of CPU instead of 151, one
//! from memory 88 instead of 83.
//!
//! Each entry brings the time along: the platform's clock stands still within a turn anyway.
//!
//! What is rarely waited for (KV, the object) comes by the crate `worker` and its promises: a task whose waker is called
//! outside of an entry is run there and then.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::hash::BuildHasherDefault;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use super::handles::BodyHandle;
use crate::by_number::ByNumber;
use crate::origin::failure::Rejection;
use crate::time::Timestamp;

/// What JavaScript's work gave, or how it failed.
pub type Outcome = Result<Given, Rejection>;

/// What JavaScript's work gave.
#[derive(Debug)]
pub enum Given {
    /// Nothing: it is done.
    Nothing,
    /// A number.
    Number(f64),
    /// A text, or none.
    Text(Option<String>),
    /// A response of an origin's.
    Response(Response),
    /// An entry of a store, as it stands there, and the body behind it.
    Entry(String, BodyHandle),
}

impl Given {
    /// The number that it is.
    pub fn number(self) -> Option<f64> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    /// The text that it is.
    pub fn text(self) -> Option<String> {
        if let Self::Text(text) = self { text } else { None }
    }

    /// The response that it is.
    pub fn response(self) -> Option<Response> {
        if let Self::Response(response) = self { Some(response) } else { None }
    }

    /// The entry that it is, and the body behind it.
    pub fn entry(self) -> Option<(String, BodyHandle)> {
        if let Self::Entry(entry, body) = self { Some((entry, body)) } else { None }
    }
}

/// An origin's response as it crosses; see [`Fetched`](crate::ports::Fetched).
#[derive(Debug)]
pub struct Response {
    /// Its final status.
    pub status: u16,
    /// Its header fields, as one text.
    pub fields: String,
    /// Its body.
    pub body: BodyHandle,
    /// When its head came.
    pub received_at: Timestamp,
    /// How long the body is, if it is whole.
    pub whole: Option<u64>,
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// The number of a request, and that of a task among all that ever began.
type Number = (u32, u32);

thread_local! {
    static NOW: Cell<Timestamp> = const { Cell::new(Timestamp::from_millis(0)) };
    /// Whether an entry is under way, at whose end tasks that are ready are run.
    static IS_ENTERED: Cell<bool> = const { Cell::new(false) };
    /// The request for which something is being done.
    static PENDING: Cell<u32> = const { Cell::new(0) };
    /// The number that is given next, to a task or to a call.
    static NEXT: Cell<u32> = const { Cell::new(0) };
    static TASKS: RefCell<ByNumber<Number, (Task, Waker)>> =
        const { RefCell::new(ByNumber::with_hasher(BuildHasherDefault::new())) };
    static READY: RefCell<VecDeque<Number>> = const { RefCell::new(VecDeque::new()) };
    /// Tasks that may never be done, the oldest first.
    static ATTENDED: RefCell<VecDeque<Number>> = const { RefCell::new(VecDeque::new()) };
    static CALLS: RefCell<ByNumber<u32, Waiting>> =
        const { RefCell::new(ByNumber::with_hasher(BuildHasherDefault::new())) };
}

/// A call that is under way, or whose outcome nobody has taken yet.
#[derive(Default)]
struct Waiting {
    outcome: Option<Outcome>,
    waker: Option<Waker>,
}

fn number() -> u32 {
    NEXT.with(|next| next.replace(next.get().wrapping_add(1)))
}

/// The time at which JavaScript entered.
pub fn now() -> Timestamp {
    NOW.get()
}

/// Does `work`, for which JavaScript enters at `now`, in milliseconds since the Unix epoch. Then runs every task that can
/// go on, as far as it can.
pub fn enter(now: f64, work: impl FnOnce()) {
    NOW.set(Timestamp::from_millis(now as u64));
    let outer = IS_ENTERED.replace(true);
    work();
    run();
    IS_ENTERED.set(outer);
}

/// The request for which something is being done.
pub fn pending() -> u32 {
    PENDING.get()
}

/// Notes that what is done now is done for this request.
pub fn is_for(pending: u32) {
    PENDING.set(pending);
}

/// Takes on a task, which begins at the end of the entry.
pub fn spawn(task: Task) {
    begin(task);
}

fn begin(task: Task) -> Number {
    let number = (pending(), number());
    TASKS.with_borrow_mut(|tasks| tasks.insert(number, (task, Waker::from(Arc::new(Wakes(number))))));
    READY.with_borrow_mut(|ready| ready.push_back(number));
    number
}

/// How many tasks are attended to at once: some kilobytes each.
const MOST_ATTENDED: usize = 256;

/// As [`spawn`], for a task that may never hear again of what it waits for, as its client may leave: it is forgotten once
/// there are many younger ones.
pub fn attend(task: Task) {
    let number = begin(task);
    let oldest = ATTENDED.with_borrow_mut(|attended| {
        attended.push_back(number);
        if attended.len() > MOST_ATTENDED { attended.pop_front() } else { None }
    });
    if let Some(oldest) = oldest {
        let forgotten = TASKS.with_borrow_mut(|tasks| tasks.remove(&oldest));
        // What it holds may end other calls.
        drop(forgotten);
    }
}

fn run() {
    while let Some(number) = READY.with_borrow_mut(VecDeque::pop_front) {
        // Woken twice, or done.
        let Some((mut task, waker)) = TASKS.with_borrow_mut(|tasks| tasks.remove(&number)) else { continue };
        is_for(number.0);
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            TASKS.with_borrow_mut(|tasks| tasks.insert(number, (task, waker)));
        }
    }
}

/// Drops all tasks of a request for which nothing can be done any more.
pub fn forget(pending: u32) {
    let is_of_it = |(request, _): &Number, _: &mut _| *request == pending;
    let forgotten: Vec<_> = TASKS.with_borrow_mut(|tasks| tasks.extract_if(is_of_it).collect());
    // What they hold may end calls.
    drop(forgotten);
}

/// Takes the result of call `number` in at `now`, and runs what waited for it.
pub fn complete(now: f64, number: u32, outcome: Outcome) {
    let waker = CALLS.with_borrow_mut(|calls| {
        // Nobody may be waiting any more.
        let waiting = calls.get_mut(&number)?;
        waiting.outcome = Some(outcome);
        waiting.waker.take()
    });
    if let Some(waker) = waker {
        enter(now, || waker.wake());
    }
}

struct Wakes(Number);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        let is_ready = || READY.with_borrow_mut(|ready| ready.push_back(self.0));
        if IS_ENTERED.get() {
            is_ready();
        } else {
            // A promise of JavaScript's was settled.
            enter(js_sys::Date::now(), is_ready);
        }
    }
}

/// Work of JavaScript's, to be waited for. Its result is ignored once this is dropped.
#[derive(Debug)]
pub struct Call(u32);

impl Call {
    /// Has `begin` begin the work under a number.
    pub fn new(begin: impl FnOnce(u32)) -> Self {
        let number = number();
        CALLS.with_borrow_mut(|calls| calls.insert(number, Waiting::default()));
        begin(number);
        Self(number)
    }
}

impl Future for Call {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        CALLS.with_borrow_mut(|calls| {
            let waiting = calls.entry(self.0).or_default();
            match waiting.outcome.take() {
                Some(outcome) => Poll::Ready(outcome),
                None => {
                    waiting.waker = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        CALLS.with_borrow_mut(|calls| calls.remove(&self.0));
    }
}

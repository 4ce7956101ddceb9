//! One MediaSource with its SourceBuffers: takes placed chunks, appends one at a time, trims behind the playhead.

use super::bindings::{Listener, new_media_source};
use crate::state::appends::{Append, Appends};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlVideoElement, MediaSource, SourceBuffer};

/// Media that is kept behind the playhead, and how far that may grow before it is cut: a `remove` costs the time of an append.
const KEEP_S: f64 = 4.0;
const TRIM_AT_S: f64 = 10.0;

/// What the owner is told.
pub(crate) enum Event {
    /// An append is done and nothing waits.
    Settled,
    /// The pipeline must be made anew; what the browser said.
    Fault(String),
}

struct Track {
    mime: String,
    buffer: Option<SourceBuffer>,
    appends: Appends,
    offset_us: Option<i64>,
    squeezed: bool,
    listeners: Vec<Listener>,
}

impl Track {
    fn new(mime: String) -> Self {
        Self {
            mime,
            buffer: None,
            appends: Appends::default(),
            offset_us: None,
            squeezed: false,
            listeners: Vec::new(),
        }
    }
}

struct Inner {
    video: HtmlVideoElement,
    source: MediaSource,
    url: String,
    tracks: RefCell<Vec<Track>>,
    opened: RefCell<Option<Listener>>,
    tell: Box<dyn Fn(Event)>,
}

/// A MediaSource on a `<video>`.
#[derive(Clone)]
pub(crate) struct Media {
    inner: Rc<Inner>,
}

/// Which track.
#[derive(Clone, Copy)]
pub(crate) enum Lane {
    /// Video.
    Video = 0,
    /// Audio.
    Audio = 1,
}

impl Media {
    /// Puts a new MediaSource with a track for each of `mimes` (video, then audio) on `video`.
    pub(crate) fn new(video: &HtmlVideoElement, mimes: Vec<String>, tell: impl Fn(Event) + 'static) -> Option<Self> {
        let source = new_media_source()?;
        let url = web_sys::Url::create_object_url_with_source(&source).ok()?;
        let tracks = RefCell::new(mimes.into_iter().map(Track::new).collect());
        let inner = Rc::new(Inner {
            video: video.clone(),
            source,
            url,
            tracks,
            opened: RefCell::new(None),
            tell: Box::new(tell),
        });
        let weak = Rc::downgrade(&inner);
        let listener = Listener::new(&inner.source, "sourceopen", move |_| {
            if let Some(inner) = weak.upgrade() {
                inner.open();
            }
        });
        *inner.opened.borrow_mut() = Some(listener);
        // iPhones give a ManagedMediaSource only to elements that are not sent elsewhere.
        let _ = js_sys::Reflect::set(video, &"disableRemotePlayback".into(), &JsValue::TRUE);
        video.set_src(&inner.url);
        Some(Self { inner })
    }

    /// Adds an item to a track's queue; a track that is not there takes nothing.
    pub(crate) fn append(&self, lane: Lane, item: Append) {
        if let Some(track) = self.inner.tracks.borrow_mut().get_mut(lane as usize) {
            track.appends.push(item);
        }
        self.inner.pump(lane as usize);
    }

    /// Whether there is a track of this kind.
    pub(crate) fn has(&self, lane: Lane) -> bool {
        self.inner.tracks.borrow().len() > lane as usize
    }

    /// The type of a track, to see whether an init segment changes it.
    pub(crate) fn mime(&self, lane: Lane) -> Option<String> {
        self.inner.tracks.borrow().get(lane as usize).map(|track| track.mime.clone())
    }

    /// Notes the type that a queued init segment will change a track to.
    pub(crate) fn set_mime(&self, lane: Lane, mime: String) {
        if let Some(track) = self.inner.tracks.borrow_mut().get_mut(lane as usize) {
            track.mime = mime;
        }
    }

    /// The ranges that are buffered for playing, in seconds.
    pub(crate) fn buffered(&self) -> Vec<(f64, f64)> {
        let ranges = self.inner.video.buffered();
        (0..ranges.length()).filter_map(|i| Some((ranges.start(i).ok()?, ranges.end(i).ok()?))).collect()
    }

    /// Frames dropped because the queue was full.
    pub(crate) fn dropped(&self) -> u64 {
        self.inner.tracks.borrow().iter().map(|track| track.appends.dropped()).sum()
    }
}

impl Inner {
    fn open(self: &Rc<Self>) {
        let mut tracks = self.tracks.borrow_mut();
        if tracks.iter().any(|track| track.buffer.is_some()) {
            return;
        }
        for at in 0..tracks.len() {
            let buffer = match self.source.add_source_buffer(&tracks[at].mime) {
                Ok(buffer) => buffer,
                Err(error) => {
                    drop(tracks);
                    return (self.tell)(Event::Fault(text(&error)));
                }
            };
            let weak = Rc::downgrade(self);
            let ended = Listener::new(&buffer, "updateend", move |_| {
                if let Some(inner) = weak.upgrade() {
                    inner.pump(at);
                }
            });
            tracks[at].listeners.push(ended);
            tracks[at].buffer = Some(buffer);
        }
        let count = tracks.len();
        drop(tracks);
        for at in 0..count {
            self.pump(at);
        }
    }

    fn pump(&self, at: usize) {
        let outcome = {
            let mut tracks = self.tracks.borrow_mut();
            let Some(track) = tracks.get_mut(at) else { return };
            self.step(track)
        };
        match outcome {
            Ok(false) => {}
            Ok(true) => (self.tell)(Event::Settled),
            Err(error) => (self.tell)(Event::Fault(text(&error))),
        }
    }

    /// Makes the next append; true when nothing waits any more.
    fn step(&self, track: &mut Track) -> Result<bool, JsValue> {
        let Some(buffer) = track.buffer.clone() else { return Ok(false) };
        if buffer.updating() {
            return Ok(false);
        }
        let Some(mut item) = track.appends.next() else {
            self.trim(&buffer, TRIM_AT_S, KEEP_S)?;
            return Ok(true);
        };
        if let Some(mime) = item.change_type.take() {
            buffer.change_type(&mime)?;
        }
        if item.offset_us.is_some() && item.offset_us != track.offset_us {
            let seconds = item.offset_us.unwrap_or_default() as f64 / 1e6;
            js_sys::Reflect::set(&buffer, &"timestampOffset".into(), &seconds.into())?;
            track.offset_us = item.offset_us;
        }
        match buffer.append_buffer_with_u8_array(&mut item.bytes) {
            Ok(()) => {
                track.squeezed = false;
                Ok(false)
            }
            Err(error) if is_quota(&error) && !track.squeezed => {
                // The browser's own limit: what lies behind the playhead goes at once, then the same bytes again.
                track.squeezed = true;
                track.appends.put_back(item);
                self.trim(&buffer, 0.0, 1.0)?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn trim(&self, buffer: &SourceBuffer, at_s: f64, keep_s: f64) -> Result<(), JsValue> {
        let ranges = buffer.buffered()?;
        let now = self.video.current_time();
        if ranges.length() > 0 && now - ranges.start(0)? > at_s.max(keep_s) {
            buffer.remove(0.0, now - keep_s)?;
        }
        Ok(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The element keeps its source alive: it is taken away only if it is still this one.
        if self.video.src() == self.url {
            self.video.remove_attribute("src").ok();
            self.video.load();
        }
        let _ = web_sys::Url::revoke_object_url(&self.url);
    }
}

fn is_quota(error: &JsValue) -> bool {
    js_sys::Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string()).as_deref()
        == Some("QuotaExceededError")
}

/// The sentence in a JavaScript error.
pub(crate) fn text(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(|| format!("{error:?}"), |error| String::from(error.message()))
}

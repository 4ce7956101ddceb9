//! Pulls from a server that is slow, breaks off, knows no ranges, or sends something else.

use super::super::catalogue::CATALOGUE;
use super::*;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;

/// What one connection is answered: the status line and headers, then the body.
type Answers = Vec<(String, Vec<u8>)>;

/// Serves a connection for each answer; gives its address, and the heads of the requests that came.
fn serve(answers: Answers) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    let run = move || {
        for (head, body) in answers {
            let (mut stream, _) = listener.accept().expect("a connection");
            let lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
            let request: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            seen.lock().expect("no panic").push(request.join("\n"));
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    };
    std::thread::Builder::new().name("test-server".into()).spawn(run).expect("a thread");
    (address, asked)
}

fn ok(length: usize) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")
}

fn partial(from: usize, length: usize) -> String {
    let (last, all) = (from + length - 1, from + length);
    format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{last}/{all}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )
}

/// A model of the catalogue that is 300 000 bytes of one letter.
fn letters() -> (Entry, Vec<u8>) {
    let [mut entry, _] = CATALOGUE;
    entry.bytes = 300_000;
    (entry, vec![b'a'; 300_000])
}

struct Place {
    _dir: tempfile::TempDir,
    shelf: Shelf,
    entry: Entry,
    body: Vec<u8>,
    told: Vec<(u64, u64)>,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let shelf = Shelf::new(dir.path());
        let (mut entry, body) = letters();
        let sum = dir.path().join("sum");
        std::fs::write(&sum, &body).expect("written");
        entry.sha256 = String::leak(sha256(&sum).expect("read"));
        Self { _dir: dir, shelf, entry, body, told: Vec::new() }
    }

    fn pull(&mut self, from: &str) -> Result<PathBuf, ModelError> {
        let told = &mut self.told;
        pull(&self.shelf, &self.entry, Some(from), &mut |done, all| told.push((done, all)), &AtomicBool::new(false))
    }

    fn part(&self) -> PathBuf {
        self.shelf.make().expect("made").join("yolox-nano.onnx.part")
    }
}

#[test]
fn a_whole_file_comes_with_its_progress_and_once() {
    let mut place = Place::new();
    let (address, asked) = serve(vec![(ok(300_000), place.body.clone())]);
    let file = place.pull(&address).expect("pulled");
    assert_eq!(std::fs::read(&file).expect("there"), place.body);
    assert!(!place.part().exists());
    assert_eq!((place.told.first(), place.told.last()), (Some(&(0, 300_000)), Some(&(300_000, 300_000))));
    assert!(place.told.len() > 3 && place.told.is_sorted(), "{:?}", place.told);
    // The second time nothing is asked for: the server has no second answer.
    place.pull(&address).expect("here already");
    assert_eq!(asked.lock().expect("no panic").len(), 1);
    assert!(asked.lock().expect("no panic")[0].starts_with("GET /yolox-nano.onnx "));
}

#[test]
fn what_broke_off_goes_on_from_there() {
    let mut place = Place::new();
    let (head, rest) = (place.body[..100_000].to_vec(), place.body[100_000..].to_vec());
    let (address, asked) = serve(vec![(ok(300_000), head), (partial(100_000, 200_000), rest)]);
    let error = place.pull(&address).expect_err("broke off").0;
    assert!(
        error.contains("broke off after 100000 of 300000 bytes") && error.contains("goes on from there"),
        "{error}"
    );
    place.pull(&address).expect("pulled");
    assert!(asked.lock().expect("no panic")[1].to_lowercase().contains("range: bytes=100000-"));
}

#[test]
fn a_server_without_ranges_sends_it_all_again() {
    let mut place = Place::new();
    std::fs::write(place.part(), b"something else").expect("written");
    let (address, _) = serve(vec![(ok(300_000), place.body.clone())]);
    place.pull(&address).expect("pulled");
}

#[test]
fn what_is_something_else_is_thrown_away() {
    let mut place = Place::new();
    let mut changed = place.body.clone();
    changed[7] = b'b';
    // And longer than it should be: no byte more than the model's is taken.
    changed.extend_from_slice(&[0; 5000]);
    let (address, _) = serve(vec![(ok(changed.len()), changed)]);
    let error = place.pull(&address).expect_err("changed").0;
    assert!(error.contains("SHA-256 differs"), "{error}");
    assert!(!place.part().exists() && place.shelf.names().is_empty());
}

#[test]
fn refusals_are_sentences() {
    let mut place = Place::new();
    let (address, _) =
        serve(vec![("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into(), Vec::new())]);
    assert_eq!(
        place.pull(&address).expect_err("404").0,
        "127.0.0.1 answers 404: the model cannot be fetched from there."
    );
    // Nobody listens there any more.
    let error = place.pull(&address).expect_err("gone").0;
    assert!(error.starts_with("127.0.0.1 cannot be reached: "), "{error}");
}

#[test]
fn a_pull_that_is_called_off_keeps_what_came() {
    let place = Place::new();
    let (address, _) = serve(vec![(ok(300_000), place.body.clone())]);
    let cancel = AtomicBool::new(false);
    let mut tell = |done, _| cancel.store(done >= 100_000, Ordering::Relaxed);
    let error = pull(&place.shelf, &place.entry, Some(&address), &mut tell, &cancel).expect_err("called off").0;
    assert!(error.starts_with("called off."), "{error}");
    let kept = std::fs::metadata(place.part()).expect("kept").len();
    assert!((100_000..300_000).contains(&kept), "{kept}");
}

//! ONNX Runtime's library: found and loaded once, with threads that leave pictures their time.

use super::ModelError;
use ort::environment::{Environment, GlobalThreadPoolOptions, ThreadManager};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread::JoinHandle;

/// Names the library's file.
pub const LIBRARY: &str = "SIGHTLINE_ONNXRUNTIME";
/// Names how many threads a model's operators are shared among.
pub const THREADS: &str = "SIGHTLINE_MODEL_THREADS";
/// The most of them.
const MAX_THREADS: usize = 64;
/// The scheduling weight of what runs models, as that of all analysis: live pictures go first.
const NICE: i32 = 10;

/// The library that is loaded.
pub struct Runtime {
    environment: Environment,
    /// Where it was found, or what the system's loader was asked for.
    path: PathBuf,
    version: String,
    threads: usize,
}

/// The library, loaded at the first call. The same answer ever after: a library cannot be loaded twice.
///
/// # Errors
/// A sentence that says where it was looked for and what to do.
pub fn runtime() -> Result<&'static Runtime, ModelError> {
    static RUNTIME: OnceLock<Result<Runtime, ModelError>> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::load(&|name| std::env::var_os(name))).as_ref().map_err(Clone::clone)
}

impl Runtime {
    fn load(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, ModelError> {
        let named = variable(LIBRARY).filter(|path| !path.is_empty()).map(PathBuf::from);
        let program = std::env::current_exe().ok();
        let path = match &named {
            Some(path) => path.clone(),
            None => beside(program.as_deref()).unwrap_or_else(|| "libonnxruntime.so.1".into()),
        };
        let threads = threads(variable(THREADS))?;
        let builder =
            ort::init_from(&path).map_err(|error| ModelError(missing(&path, named.is_some(), &error.to_string())))?;
        let pool = || {
            GlobalThreadPoolOptions::default()
                .with_intra_threads(threads)?
                .with_inter_threads(1)?
                // A thread that spins for the next look takes the processor from pictures.
                .with_spin_control(false)?
                .with_thread_manager(Niced)
        };
        let build = |pool| builder.with_name("sightline").with_telemetry(false).with_global_thread_pool(pool).build();
        let environment =
            pool().and_then(build).map_err(|error| ModelError(sentence("ONNX Runtime does not start", &error)))?;
        Ok(Self { environment, version: version(&path, ort::info()), path, threads })
    }

    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// e.g. `ONNX Runtime 1.31.1`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("ONNX Runtime {}", self.version)
    }

    /// The library's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many threads an operator is shared among, the caller's own among them.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }
}

/// The library beside the program, or where a package puts it.
fn beside(program: Option<&Path>) -> Option<PathBuf> {
    let folder = program?.parent()?;
    let folders = [folder.to_path_buf(), folder.join("lib"), folder.join("../lib/sightline")];
    folders.iter().find_map(|folder| newest(folder))
}

fn newest(folder: &Path) -> Option<PathBuf> {
    let named = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("libonnxruntime.so"))
    };
    let files = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    files.filter(named).max()
}

fn missing(path: &Path, named: bool, error: &str) -> String {
    let path = path.display();
    let place = if named {
        format!("{LIBRARY} names {path}")
    } else {
        format!("looked for {path}, beside the program and in ../lib/sightline")
    };
    let why = error.lines().next().unwrap_or_default().trim_end_matches('.');
    format!(
        "ONNX Runtime cannot be loaded ({place}): {why}. Models cannot look; motion goes on. `make build` puts the library beside the \
         program; another one is named by {LIBRARY}."
    )
}

/// Half of the processors, so that pictures have the others.
fn threads(setting: Option<OsString>) -> Result<usize, ModelError> {
    let Some(setting) = setting.filter(|setting| !setting.is_empty()) else {
        let all = std::thread::available_parallelism().map_or(1, usize::from);
        return Ok((all / 2).clamp(1, MAX_THREADS));
    };
    let number =
        setting.to_str().and_then(|text| text.parse().ok()).filter(|number| (1..=MAX_THREADS).contains(number));
    number.ok_or_else(|| {
        ModelError(format!("{THREADS} must be a number from 1 to {MAX_THREADS}, not {}.", setting.display()))
    })
}

/// The version that the library's file is named after; where it is named otherwise, the branch that it was built from.
fn version(path: &Path, info: &str) -> String {
    let file = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let named = name.split(".so.").nth(1).filter(|version| version.contains('.')).map(str::to_owned);
    let branch = || info.split("git-branch=rel-").nth(1)?.split(',').next().map(str::to_owned);
    named.or_else(branch).unwrap_or_else(|| "of unknown version".into())
}

/// What the library says, in one line and as a sentence.
pub(super) fn sentence(what: &str, error: &ort::Error) -> String {
    words(what, error.message())
}

/// The longest part of a message of the library's that is told.
const LONGEST: usize = 300;

fn words(what: &str, message: &str) -> String {
    // The library begins with the place in its own source that nobody can look up, up to the end of the function's parameters.
    let message = match message.find("onnxruntime_src").and_then(|at| Some((at, at + message[at..].find(") ")?))) {
        Some((at, end)) => format!("{}{}", message[..at].trim_end_matches('/'), &message[end + 2..]),
        None => message.to_owned(),
    };
    let line: String = message.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect();
    format!("{what}: {}.", line.trim_end_matches('.'))
}

/// Makes the library's threads: with a name, and niced.
struct Niced;

impl ThreadManager for Niced {
    type Thread = JoinHandle<()>;

    fn create(&self, work: impl FnOnce() + Send + 'static) -> ort::Result<Self::Thread> {
        let niced = move || {
            // On Linux nice(2) is of the calling thread alone; where it is refused, models merely compete.
            let _ = rustix::process::nice(NICE);
            work();
        };
        std::thread::Builder::new()
            .name("model".into())
            .spawn(niced)
            .map_err(|error| ort::Error::new(error.to_string()))
    }

    fn join(thread: Self::Thread) -> ort::Result<()> {
        thread.join().map_err(|_| ort::Error::new("a thread of the runtime failed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_looked_for_beside_the_program() {
        let dir = tempfile::tempdir().expect("a folder");
        let (bin, lib) = (dir.path().join("bin"), dir.path().join("lib/sightline"));
        std::fs::create_dir_all(&bin).expect("made");
        let program = bin.join("sightline");
        assert_eq!(beside(Some(&program)), None);
        std::fs::create_dir_all(&lib).expect("made");
        std::fs::write(lib.join("libonnxruntime.so.1.31.1"), "").expect("written");
        assert_eq!(beside(Some(&program)), Some(bin.join("../lib/sightline/libonnxruntime.so.1.31.1")));
        std::fs::write(bin.join("libonnxruntime.so.1.31.1"), "").expect("written");
        assert_eq!(beside(Some(&program)), Some(bin.join("libonnxruntime.so.1.31.1")));
    }

    #[test]
    fn a_missing_library_is_said_in_words() {
        // The loading itself is tried by the built program in tests/tests/e2e/models.rs: here the library is in use.
        let error = missing(Path::new("/nowhere/libonnxruntime.so"), true, "cannot open shared object file\nmore");
        assert!(
            error.starts_with(
                "ONNX Runtime cannot be loaded (SIGHTLINE_ONNXRUNTIME names /nowhere/libonnxruntime.so): "
            ),
            "{error}"
        );
        assert!(error.contains("motion goes on") && error.contains("make build"), "{error}");
    }

    #[test]
    fn threads_are_bounded() {
        assert!(threads(None).expect("a number") >= 1);
        assert_eq!(threads(Some("3".into())), Ok(3));
        for wrong in ["0", "65", "many", "-1"] {
            assert!(threads(Some(wrong.into())).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_the_library_says_becomes_a_sentence() {
        let info = "ORT Build Info: git-branch=rel-1.30.0, git-commit-id=1";
        assert_eq!(version(Path::new("/x/libonnxruntime.so.1.31.1"), info), "1.31.1");
        assert_eq!(version(Path::new("libonnxruntime.so.1"), info), "1.30.0");
        assert_eq!(version(Path::new("libonnxruntime.so"), "git-branch=HEAD"), "of unknown version");
        assert_eq!(words("it fails", "Load model failed:\n  bad\tthing. "), "it fails: Load model failed: bad thing.");
        let located =
            "Failed: /onnxruntime_src/core/graph/load.h:46 void f(const std::map<int>&, bool) Only opset 21 is known";
        assert_eq!(words("it fails", located), "it fails: Failed: Only opset 21 is known.");
        assert!(words("w", &"x".repeat(1000)).len() < 310);
    }
}

//! Who computes: the processor, CUDA, or TensorRT. One that refuses says why, and the next one is tried.

use super::ModelError;
use super::runtime::{Runtime, sentence};
use ort::ep::{CUDA, ExecutionProvider, TensorRT};
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use std::path::{Path, PathBuf};

/// Who computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// NVIDIA's compiler of networks, 16 bit.
    TensorRt,
    /// NVIDIA's kernels.
    Cuda,
    /// The processor.
    Cpu,
}

impl Provider {
    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TensorRt => "TensorRT",
            Self::Cuda => "CUDA",
            Self::Cpu => "CPU",
        }
    }

    /// `tensorrt`, `cuda`, `cpu`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::TensorRt, Self::Cuda, Self::Cpu].into_iter().find(|provider| provider.name().eq_ignore_ascii_case(word))
    }
}

/// Where and how models run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Who is tried, in this order; the processor last, always.
    pub providers: Vec<Provider>,
    /// The device's number, for those that use one.
    pub device: u32,
    /// Where compiled engines are kept; none are where absent.
    pub cache: Option<PathBuf>,
    /// What [`super::Engine::runs_on`] said of an engine that failed in flight: it and whoever stands before it are not tried.
    pub avoid: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { providers: vec![Provider::Cpu], device: 0, cache: None, avoid: None }
    }
}

impl Options {
    /// With what this machine's device can do: TensorRT and CUDA before the processor where there is a device.
    #[must_use]
    pub fn on(device: Option<u32>, cache: PathBuf) -> Self {
        let providers = if device.is_some() { vec![Provider::TensorRt, Provider::Cuda] } else { Vec::new() };
        Self { providers, device: device.unwrap_or_default(), cache: Some(cache), avoid: None }
    }

    /// Who is tried, in order, and why others are not.
    fn order(&self) -> (Vec<Provider>, Option<String>) {
        let mut order = self.providers.clone();
        order.retain(|provider| *provider != Provider::Cpu);
        order.push(Provider::Cpu);
        let Some(avoid) = &self.avoid else { return (order, None) };
        let failed = order.iter().position(|provider| avoid.contains(&format!("({}", provider.name())));
        match failed {
            Some(at) if at + 1 < order.len() => (order.split_off(at + 1), Some(format!("{avoid} failed while it ran"))),
            _ => (order, None),
        }
    }
}

/// A session that is ready, who computes in it, and why nobody faster does.
pub(super) struct Opened {
    pub(super) session: Session,
    pub(super) provider: Provider,
    pub(super) note: Option<String>,
}

/// Opens the model on the first that takes it.
pub(super) fn open(runtime: &Runtime, model: &[u8], options: &Options) -> Result<Opened, ModelError> {
    let (order, avoided) = options.order();
    let mut notes: Vec<String> = avoided.into_iter().collect();
    for provider in order {
        match session(runtime, model, provider, options) {
            Ok(session) => {
                let note = (!notes.is_empty()).then(|| format!("{}.", notes.join("; ")));
                return Ok(Opened { session, provider, note });
            }
            Err(error) if provider == Provider::Cpu => {
                return Err(ModelError(sentence("the file is no model that can be run", &error)));
            }
            Err(error) => notes.push(sentence(provider.name(), &error).trim_end_matches('.').to_owned()),
        }
    }
    Err(ModelError("nothing is left that could run the model.".into()))
}

fn session(runtime: &Runtime, model: &[u8], provider: Provider, options: &Options) -> ort::Result<Session> {
    let mut builder = Session::builder(runtime.environment())?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_inter_op_spinning(false)?
        .with_intra_op_spinning(false)?;
    let device = i32::try_from(options.device).unwrap_or_default();
    match provider {
        Provider::Cpu => {}
        Provider::Cuda => cuda(device).register(&mut builder)?,
        Provider::TensorRt => {
            tensorrt(device, options.cache.as_deref()).register(&mut builder)?;
            // What TensorRT does not know of a graph stays on the device.
            cuda(device).register(&mut builder)?;
        }
    }
    commit(&mut builder, model)
}

/// From memory: a file of weights beside a model that came from anywhere is not opened.
fn commit(builder: &mut SessionBuilder, model: &[u8]) -> ort::Result<Session> {
    builder.commit_from_memory(model)
}

fn cuda(device: i32) -> CUDA {
    CUDA::default().with_device_id(device)
}

fn tensorrt(device: i32, cache: Option<&Path>) -> TensorRT {
    let provider = TensorRT::default().with_device_id(device).with_fp16(true);
    // Compiling takes minutes; another device or version makes engines of its own beside these.
    match cache {
        Some(folder) => provider
            .with_engine_cache(true)
            .with_engine_cache_path(folder.display())
            .with_timing_cache(true)
            .with_timing_cache_path(folder.display()),
        None => provider,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_the_last_resort_always() {
        let options = Options::on(Some(1), "/c".into());
        assert_eq!(options.order(), (vec![Provider::TensorRt, Provider::Cuda, Provider::Cpu], None));
        assert_eq!(Options::on(None, "/c".into()).order().0, [Provider::Cpu]);
        assert_eq!(Provider::parse("tensorrt"), Some(Provider::TensorRt));
        assert_eq!(Provider::parse("tpu"), None);
    }

    #[test]
    fn whoever_failed_is_not_asked_again() {
        let after = |failed: &str| Options { avoid: Some(failed.into()), ..Options::on(Some(0), "/c".into()) }.order();
        let (order, why) = after("ONNX Runtime 1.31.1 (TensorRT, device 0)");
        assert_eq!(order, [Provider::Cuda, Provider::Cpu]);
        assert_eq!(why.as_deref(), Some("ONNX Runtime 1.31.1 (TensorRT, device 0) failed while it ran"));
        assert_eq!(after("ONNX Runtime 1.31.1 (CUDA, device 0)").0, [Provider::Cpu]);
        // The processor has nobody behind it.
        assert_eq!(after("ONNX Runtime 1.31.1 (CPU)").0.len(), 3);
    }
}

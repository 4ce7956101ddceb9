//! `libnvcuvid.so.1`: parser and decoder. Its status codes are CUDA's.

use super::{Cuda, table};
use crate::Error;
use crate::raw::cuvid::{
    DecodeCaps, DecodeCreateInfo, DecodeStatus, Decoder, Parser, ParserParams, PicParams, ProcParams, SourceDataPacket,
};
use std::sync::{Arc, OnceLock};

table! {
    /// The functions.
    Functions from "libnvcuvid.so.1" {
        cuvidGetDecoderCaps(caps: *mut DecodeCaps);
        cuvidCreateDecoder(decoder: *mut Decoder, info: *mut DecodeCreateInfo);
        cuvidDestroyDecoder(decoder: Decoder);
        cuvidDecodePicture(decoder: Decoder, picture: *mut PicParams);
        cuvidGetDecodeStatus(decoder: Decoder, index: i32, status: *mut DecodeStatus);
        cuvidMapVideoFrame64(decoder: Decoder, index: i32, pointer: *mut u64, pitch: *mut u32, how: *mut ProcParams);
        cuvidUnmapVideoFrame64(decoder: Decoder, pointer: u64);
        cuvidCreateVideoParser(parser: *mut Parser, params: *mut ParserParams);
        cuvidParseVideoData(parser: Parser, packet: *mut SourceDataPacket);
        cuvidDestroyVideoParser(parser: Parser);
    }
}

impl Functions {
    fn failed(&self, call: &'static str, code: i32) -> Error {
        Error::Call { call, code, meaning: String::new() }
    }
}

/// The decoder's library.
pub(crate) struct Cuvid {
    functions: Functions,
    cuda: Arc<Cuda>,
}

impl Cuvid {
    /// Found once for all decoders of a process.
    pub(crate) fn load(cuda: &Arc<Cuda>) -> Result<Arc<Self>, Error> {
        static FOUND: OnceLock<Arc<Cuvid>> = OnceLock::new();
        if let Some(found) = FOUND.get() {
            return Ok(Arc::clone(found));
        }
        let found = Arc::new(Self { functions: Functions::find()?, cuda: Arc::clone(cuda) });
        Ok(Arc::clone(FOUND.get_or_init(|| found)))
    }

    /// Calls the library and has CUDA explain what failed.
    pub(crate) fn call<T>(&self, call: impl FnOnce(&Functions) -> Result<T, Error>) -> Result<T, Error> {
        call(&self.functions).map_err(|error| match error {
            Error::Call { call, code, .. } => self.cuda.failed(call, code),
            other => other,
        })
    }
}

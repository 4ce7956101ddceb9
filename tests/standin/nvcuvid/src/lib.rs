//! `libnvcuvid.so.1` of the stand-in driver: a parser of its own, and decoders of libavcodec behind NVDEC's interface.
#![allow(non_snake_case, unsafe_code)]

mod ask;
mod av1;
mod bits;
mod codec;
mod convert;
mod decoder;
mod libav;
mod lock;
mod order;
mod parser;
mod sequence;
mod source;
mod synthesis;

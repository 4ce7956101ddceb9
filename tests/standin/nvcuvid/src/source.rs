//! Reading files is a part of the library that nobody here asks for: each call is answered with "not supported".

use sightline_standin::{Cu, abi};

macro_rules! unsupported {
    ($($name:ident)*) => { abi! { $(fn $name() { Err(Cu::NOT_SUPPORTED) })* } };
}

unsupported! {
    cuvidCreateVideoSource cuvidCreateVideoSourceW cuvidDestroyVideoSource cuvidSetVideoSourceState cuvidGetVideoSourceState
    cuvidGetSourceVideoFormat cuvidGetSourceAudioFormat
}

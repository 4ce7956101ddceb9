//! What clients look up when they load the library and what the stand-in does not do: each call is answered with "not supported".

use sightline_standin::{Cu, abi};

macro_rules! unsupported {
    ($($name:ident)*) => { abi! { $(fn $name() { Err(Cu::NOT_SUPPORTED) })* } };
}

unsupported! {
    cuMemAllocManaged cuArrayCreate_v2 cuArray3DCreate_v2 cuArrayDestroy cuTexObjectCreate cuTexObjectDestroy
    cuLinkCreate cuLinkCreate_v2 cuLinkAddData cuLinkAddData_v2 cuLinkComplete cuLinkDestroy
    cuGLGetDevices_v2 cuGraphicsGLRegisterImage cuGraphicsUnregisterResource cuGraphicsMapResources cuGraphicsUnmapResources
    cuGraphicsSubResourceGetMappedArray cuGraphicsResourceGetMappedPointer_v2 cuGraphicsResourceGetMappedPointer
}

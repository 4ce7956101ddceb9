//! Wrong clients of memory and streams: no context, no wait, addresses of other things.

use crate::POISON;
use crate::library::{Cuda, alone, call};

#[test]
fn without_a_current_context_nothing_is_allocated() {
    alone!("without_a_current_context_nothing_is_allocated", "");
    let cuda = Cuda::open();
    let mut address = 0_u64;
    assert_eq!(call!(cuda.cuMemAlloc_v2(&raw mut address, 64_usize)), 3, "before cuInit");
    assert_eq!(call!(cuda.cuInit(0_u32)), 0);
    assert_eq!(call!(cuda.cuMemAlloc_v2(&raw mut address, 64_usize)), 201, "without a context");
    let context = cuda.context();
    assert_eq!(call!(cuda.cuMemAlloc_v2(&raw mut address, 64_usize)), 0);
    assert_eq!(call!(cuda.cuCtxDestroy_v2(context)), 0);
    assert_eq!(cuda.count("left_behind"), 1, "the forgotten allocation is told");
}

#[test]
fn a_copy_is_late_so_that_reading_without_waiting_finds_nothing() {
    alone!("a_copy_is_late_so_that_reading_without_waiting_finds_nothing", "delay=50000");
    let cuda = Cuda::ready();
    let device = cuda.allocate(64);
    let stream = cuda.stream();
    assert_eq!(call!(cuda.cuMemsetD8Async(device, 7_u8, 64_usize, stream)), 0);
    let mut read = [0_u8; 64];
    assert_eq!(call!(cuda.cuMemcpyDtoHAsync_v2(read.as_mut_ptr() as u64, device, 64_usize, stream)), 0);
    let early = read;
    assert_eq!(call!(cuda.cuStreamSynchronize(stream)), 0);
    assert_eq!((early, read), ([0; 64], [7; 64]));

    // A stream that does not wait for the default stream reads long before the last of these is done.
    let fresh = cuda.allocate(64);
    for value in 0..20_u8 {
        assert_eq!(call!(cuda.cuMemsetD8_v2(fresh, value, 64_usize)), 0);
    }
    let mut apart = 0_u64;
    assert_eq!(call!(cuda.cuStreamCreate(&raw mut apart, 1_u32)), 0);
    assert_eq!(call!(cuda.cuMemcpyDtoHAsync_v2(read.as_mut_ptr() as u64, fresh, 64_usize, apart)), 0);
    assert_eq!(call!(cuda.cuStreamSynchronize(apart)), 0);
    let unordered = read;
    assert_eq!(call!(cuda.cuMemcpyDtoH_v2(read.as_mut_ptr() as u64, fresh, 64_usize)), 0);
    assert_ne!(unordered, [19; 64], "a missing wait went unseen");
    assert_eq!(read, [19; 64]);
    assert_eq!(cuda.count("device_to_host"), 192);
}

#[test]
fn addresses_are_checked() {
    alone!("addresses_are_checked", "memory=1");
    let cuda = Cuda::ready();
    let device = cuda.allocate(64);
    let mut host = [1_u8; 128];
    let at = host.as_mut_ptr() as u64;
    assert_eq!(call!(cuda.cuMemcpyHtoD_v2(device, at, 64_usize)), 0);
    assert_eq!(call!(cuda.cuMemcpyHtoD_v2(device, at, 65_usize)), 1, "one byte too many");
    assert_eq!(call!(cuda.cuMemsetD8_v2(at, 0_u8, 64_usize)), 1, "a host pointer for a device's");
    assert_eq!(call!(cuda.cuMemFree_v2(device + 4)), 1, "not where an allocation begins");
    assert_eq!(call!(cuda.cuMemFree_v2(device)), 0);
    assert_eq!(call!(cuda.cuMemFree_v2(device)), 1, "twice");
    assert_eq!(call!(cuda.cuMemcpyDtoH_v2(at, device, 64_usize)), 1, "after it was given back");
    let mut large = 0_u64;
    assert_eq!(call!(cuda.cuMemAlloc_v2(&raw mut large, 2_usize << 20)), 2, "more than the device has");
    let fresh = cuda.allocate(64);
    assert_eq!(call!(cuda.cuMemcpyDtoH_v2(at, fresh, 64_usize)), 0);
    assert_eq!(host[..64], [POISON; 64], "fresh memory holds no zeros to rely on");
}

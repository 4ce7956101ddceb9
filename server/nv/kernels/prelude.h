// What kernels use, for clang without the CUDA toolkit, and for the same source as C++ on the host (SIGHTLINE_HOST).
#pragma once
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#ifdef SIGHTLINE_HOST
#include <cmath>
#include <cstring>
#define __device__
#define __global__
struct Index3 { u32 x, y, z; };
static thread_local Index3 block_index, thread_index, block_size;
extern "C" void host_at(u32 bx, u32 by, u32 bz, u32 tx, u32 ty, u32 sx, u32 sy)
{
    block_index = {bx, by, bz};
    thread_index = {tx, ty, 0};
    block_size = {sx, sy, 1};
}
#define BLOCK(d) (block_index.d)
#define THREAD(d) (thread_index.d)
#define SIZE(d) (block_size.d)
static inline float floor_of(float v) { return std::floor(v); }
static inline float ceil_of(float v) { return std::ceil(v); }
// Nearest half, ties to even, as cvt.rn.f16.f32 does.
static inline u16 half_of(float value)
{
    u32 bits;
    std::memcpy(&bits, &value, 4);
    const u32 sign = (bits >> 16) & 0x8000;
    bits &= 0x7fffffff;
    if (bits > 0x7f800000) return 0x7fff;
    if (bits >= 0x477ff000) return (u16)(sign | 0x7c00);
    if (bits < 0x38800000) {
        float small;
        std::memcpy(&small, &bits, 4);
        small += 0.5f;
        std::memcpy(&bits, &small, 4);
        return (u16)(sign | (bits - 0x3f000000));
    }
    return (u16)(sign | ((bits + 0xc8000fff + ((bits >> 13) & 1)) >> 13));
}
#else
#define __device__ __attribute__((device))
#define __global__ __attribute__((global))
#define BLOCK(d) __nvvm_read_ptx_sreg_ctaid_##d()
#define THREAD(d) __nvvm_read_ptx_sreg_tid_##d()
#define SIZE(d) __nvvm_read_ptx_sreg_ntid_##d()
static __device__ inline float floor_of(float v) { return __builtin_floorf(v); }
static __device__ inline float ceil_of(float v) { return __builtin_ceilf(v); }
static __device__ inline u16 half_of(float value)
{
    u16 half;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(half) : "f"(value));
    return half;
}
#endif

static __device__ inline int least(int a, int b) { return a < b ? a : b; }
static __device__ inline int most(int a, int b) { return a > b ? a : b; }
static __device__ inline float within(float v, float low, float high) { return v < low ? low : v > high ? high : v; }

// A picture of two planes: luma, and Cb and Cr in turn at half the size. Rows of both are `pitch` bytes apart.
struct View {
    u64 luma, chroma;
    u32 pitch;
    int width, height;
    u32 unused;
};

template <typename T> static __device__ inline T *row_of(u64 plane, u32 pitch, int y)
{
    return (T *)(plane + (u64)y * pitch);
}

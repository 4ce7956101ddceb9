// Resize and crop of NV12 and P016 in one pass: a triangle filter as wide as the reduction, so that nothing aliases.
// A thread makes a luma sample, and the chroma sample of the same place while there are any.
#include "prelude.h"

struct ResizeJob {
    View from, to;
    // The part of `from` that is taken, in luma samples.
    float x, y, width, height;
};

// Where the filter of one sample begins and ends along one axis, and its shape.
struct Reach {
    float centre, inverse;
    int first, end;
};

static __device__ inline Reach reach_of(int at, float start, float length, float scale, int samples)
{
    const float support = scale > 1.0f ? scale : 1.0f;
    Reach reach;
    reach.centre = start + ((float)at + 0.5f) * scale;
    reach.inverse = 1.0f / support;
    const int least_tap = most(0, (int)floor_of(start));
    const int last_tap = least(samples, (int)ceil_of(start + length));
    reach.first = most(least_tap, (int)floor_of(reach.centre - support));
    reach.end = least(last_tap, (int)ceil_of(reach.centre + support));
    // Beyond the last sample of an odd side the nearest one is repeated.
    if (reach.first >= reach.end) {
        reach.first = most(least_tap, last_tap - 1);
        reach.end = reach.first + 1;
        reach.centre = (float)reach.first + 0.5f;
    }
    return reach;
}

static __device__ inline float weight_of(const Reach &reach, int tap)
{
    float away = (float)tap + 0.5f - reach.centre;
    away = away < 0.0f ? -away : away;
    const float weight = 1.0f - away * reach.inverse;
    return weight > 0.0f ? weight : 0.0f;
}

// The filtered sample `channel` of `step` that stand in turn.
template <typename From> static __device__ inline float filtered(
    u64 plane, u32 pitch, const Reach &across, const Reach &down, int step, int channel)
{
    float sum = 0.0f, weights_x = 0.0f, weights_y = 0.0f;
    for (int tap = across.first; tap < across.end; tap++) weights_x += weight_of(across, tap);
    for (int y = down.first; y < down.end; y++) {
        const From *row = row_of<const From>(plane, pitch, y);
        const float weight = weight_of(down, y);
        float line = 0.0f;
        for (int x = across.first; x < across.end; x++) line += weight_of(across, x) * (float)row[x * step + channel];
        sum += weight * line;
        weights_y += weight;
    }
    return sum / (weights_x * weights_y);
}

template <typename From, typename To> static __device__ inline To rounded(float value)
{
    if (sizeof(From) > sizeof(To)) value = value * 0.00390625f;
    const int whole = (int)(value + 0.5f);
    return (To)least(whole, sizeof(To) == 1 ? 255 : 65535);
}

template <typename From, typename To> static __device__ inline void resize(const ResizeJob *jobs)
{
    const ResizeJob &job = jobs[BLOCK(z)];
    const int x = BLOCK(x) * SIZE(x) + THREAD(x);
    const int y = BLOCK(y) * SIZE(y) + THREAD(y);
    if (x >= job.to.width || y >= job.to.height) return;
    const float scale_x = job.width / (float)job.to.width, scale_y = job.height / (float)job.to.height;
    const Reach across = reach_of(x, job.x, job.width, scale_x, job.from.width);
    const Reach down = reach_of(y, job.y, job.height, scale_y, job.from.height);
    row_of<To>(job.to.luma, job.to.pitch, y)[x] =
        rounded<From, To>(filtered<From>(job.from.luma, job.from.pitch, across, down, 1, 0));
    if (x >= (job.to.width + 1) / 2 || y >= (job.to.height + 1) / 2) return;
    const Reach half_across = reach_of(x, job.x * 0.5f, job.width * 0.5f, scale_x, (job.from.width + 1) / 2);
    const Reach half_down = reach_of(y, job.y * 0.5f, job.height * 0.5f, scale_y, (job.from.height + 1) / 2);
    To *pair = row_of<To>(job.to.chroma, job.to.pitch, y) + 2 * x;
    for (int channel = 0; channel < 2; channel++)
        pair[channel] = rounded<From, To>(
            filtered<From>(job.from.chroma, job.from.pitch, half_across, half_down, 2, channel));
}

extern "C" __global__ void resize_8(const ResizeJob *jobs) { resize<u8, u8>(jobs); }
extern "C" __global__ void resize_16(const ResizeJob *jobs) { resize<u16, u16>(jobs); }
extern "C" __global__ void resize_16_to_8(const ResizeJob *jobs) { resize<u16, u8>(jobs); }

// Pictures to a model's input in one pass: cut, resized (bilinear, as models are trained), letterboxed, RGB or BGR, normalised, planar.
// A thread makes one pixel of one picture of the batch.
#include "prelude.h"

struct InputShape {
    u64 to;
    int width, height;
    // Colour around the pictures, 0 to 1, before it is normalised.
    float pad;
    float mean[3], scale[3];
    u32 blue_first;
};

struct InputJob {
    View from;
    // Source position of the first pixel's corner, and source pixels for one of the output.
    float x, y, step_x, step_y;
    // Where the picture lies in the output.
    int left, top, width, height;
    // Samples to RGB of 0 to 1.
    float luma_offset, luma_scale, red_cr, green_cb, green_cr, blue_cb;
};

template <typename From> static __device__ inline float sample(u64 plane, u32 pitch, int x, int y)
{
    const float value = (float)row_of<const From>(plane, pitch, y)[x];
    return sizeof(From) == 2 ? value * 0.00390625f : value;
}

// Between four samples; `step` of them stand in turn.
template <typename From> static __device__ inline float between(
    u64 plane, u32 pitch, int width, int height, float x, float y, int step, int channel)
{
    x = within(x, 0.0f, (float)(width - 1));
    y = within(y, 0.0f, (float)(height - 1));
    const int left = (int)x, top = (int)y;
    const int right = least(left + 1, width - 1), bottom = least(top + 1, height - 1);
    const float part_x = x - (float)left, part_y = y - (float)top;
    const float a = sample<From>(plane, pitch, left * step + channel, top);
    const float b = sample<From>(plane, pitch, right * step + channel, top);
    const float c = sample<From>(plane, pitch, left * step + channel, bottom);
    const float d = sample<From>(plane, pitch, right * step + channel, bottom);
    const float upper = a + (b - a) * part_x, lower = c + (d - c) * part_x;
    return upper + (lower - upper) * part_y;
}

static __device__ inline void store(float *to, float value) { *to = value; }
static __device__ inline void store(u16 *to, float value) { *to = half_of(value); }

template <typename From, typename To> static __device__ inline void input(const InputShape *shape, const InputJob *jobs)
{
    const int x = BLOCK(x) * SIZE(x) + THREAD(x);
    const int y = BLOCK(y) * SIZE(y) + THREAD(y);
    if (x >= shape->width || y >= shape->height) return;
    const InputJob &job = jobs[BLOCK(z)];
    float colour[3] = {shape->pad, shape->pad, shape->pad};
    const int at_x = x - job.left, at_y = y - job.top;
    if (at_x >= 0 && at_y >= 0 && at_x < job.width && at_y < job.height) {
        const float from_x = job.x + ((float)at_x + 0.5f) * job.step_x;
        const float from_y = job.y + ((float)at_y + 0.5f) * job.step_y;
        const View &from = job.from;
        const int half_width = (from.width + 1) / 2, half_height = (from.height + 1) / 2;
        const float half_x = from_x * 0.5f - 0.5f, half_y = from_y * 0.5f - 0.5f;
        const float luma = between<From>(
            from.luma, from.pitch, from.width, from.height, from_x - 0.5f, from_y - 0.5f, 1, 0);
        const float cb = between<From>(from.chroma, from.pitch, half_width, half_height, half_x, half_y, 2, 0) - 128.0f;
        const float cr = between<From>(from.chroma, from.pitch, half_width, half_height, half_x, half_y, 2, 1) - 128.0f;
        const float light = (luma - job.luma_offset) * job.luma_scale;
        colour[0] = within(light + job.red_cr * cr, 0.0f, 1.0f);
        colour[1] = within(light + job.green_cb * cb + job.green_cr * cr, 0.0f, 1.0f);
        colour[2] = within(light + job.blue_cb * cb, 0.0f, 1.0f);
    }
    const u64 plane = (u64)shape->width * (u64)shape->height;
    To *to = (To *)shape->to + 3 * plane * BLOCK(z) + (u64)y * (u64)shape->width + (u64)x;
    // Written out, so that no array is indexed while running: that would put it into memory.
    const float first = shape->blue_first ? colour[2] : colour[0], last = shape->blue_first ? colour[0] : colour[2];
    store(to, (first - shape->mean[0]) * shape->scale[0]);
    store(to + plane, (colour[1] - shape->mean[1]) * shape->scale[1]);
    store(to + 2 * plane, (last - shape->mean[2]) * shape->scale[2]);
}

extern "C" __global__ void input_8_f32(const InputShape *shape, const InputJob *jobs) { input<u8, float>(shape, jobs); }
extern "C" __global__ void input_8_f16(const InputShape *shape, const InputJob *jobs) { input<u8, u16>(shape, jobs); }
extern "C" __global__ void input_16_f32(const InputShape *shape, const InputJob *jobs) { input<u16, float>(shape, jobs); }
extern "C" __global__ void input_16_f16(const InputShape *shape, const InputJob *jobs) { input<u16, u16>(shape, jobs); }

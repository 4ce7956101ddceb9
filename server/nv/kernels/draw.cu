// Draws lists of rectangles, letters and polygons straight on NV12, of any number of pictures in one launch.
// A block does a tile of 64x16 pixels that something touches, a thread a chroma sample and its four pixels: they are
// read once, covered by all that is drawn there in order, and written once.
#include "prelude.h"

enum { FILL = 0, LETTERS = 1, POLYGON = 2 };

struct Tile {
    u32 picture, x, y, first, count;
};

struct Op {
    u32 kind;
    int x0, y0, x1, y1;
    // Y, Cb, Cr from the lowest byte on.
    u32 samples;
    // Parts of 256.
    u32 alpha;
    // Letters: first byte in the atlas and bytes of a row. Polygon: first edge and how many.
    u32 first, more;
};

// A polygon's edge that runs from y0 down to y1; `x` is where it is at y0.
struct Edge {
    float x, y0, y1, slope;
};

struct Outline {
    u32 first, count;
};

// All polygons of one picture under which cells become their mean.
struct Pixelate {
    u32 picture;
    int cell;
    // In cells.
    int x, y, across, down;
    u32 first, count;
};

static __device__ inline bool inside(const Edge *edges, u32 count, int x, int y)
{
    const float at_x = (float)x + 0.5f, at_y = (float)y + 0.5f;
    bool in = false;
    for (u32 n = 0; n < count; n++) {
        const Edge &edge = edges[n];
        if (edge.y0 <= at_y && at_y < edge.y1 && at_x < edge.x + (at_y - edge.y0) * edge.slope) in = !in;
    }
    return in;
}

static __device__ inline u32 mix(u32 from, u32 to, u32 alpha) { return (from * (256 - alpha) + to * alpha + 128) >> 8; }
// 0..255 as 0..256, so that all is all.
static __device__ inline u32 of_256(u32 part) { return part + (part >> 7); }

// How much of a pixel an operation covers: parts of 256, for letters parts of 255.
static __device__ inline u32 cover_of(const Op &op, const Edge *edges, const u8 *atlas, int x, int y)
{
    if (x < op.x0 || x >= op.x1 || y < op.y0 || y >= op.y1) return 0;
    if (op.kind == LETTERS) return atlas[op.first + (u32)(y - op.y0) * op.more + (u32)(x - op.x0)];
    if (op.kind == POLYGON && !inside(edges + op.first, op.more, x, y)) return 0;
    return op.alpha;
}

extern "C" __global__ void draw_nv12(
    const View *pictures, const Tile *tiles, const u32 *order, const Op *ops, const Edge *edges, const u8 *atlas)
{
    const Tile &tile = tiles[BLOCK(x)];
    const View &view = pictures[tile.picture];
    const int x = (int)(tile.x * 64 + THREAD(x) * 2), y = (int)(tile.y * 16 + THREAD(y) * 2);
    if (x >= view.width || y >= view.height) return;
    const bool right = x + 1 < view.width, below = y + 1 < view.height;
    const u32 there = (right ? 2u : 1u) * (below ? 2u : 1u);
    u8 *upper = row_of<u8>(view.luma, view.pitch, y) + x;
    u8 *lower = upper + view.pitch;
    u8 *pair = row_of<u8>(view.chroma, view.pitch, y / 2) + x;
    u32 a = upper[0], b = right ? upper[1] : 0, c = below ? lower[0] : 0, d = right && below ? lower[1] : 0;
    u32 cb = pair[0], cr = pair[1];
    for (u32 n = 0; n < tile.count; n++) {
        const Op &op = ops[order[tile.first + n]];
        u32 cover_a = cover_of(op, edges, atlas, x, y);
        u32 cover_b = right ? cover_of(op, edges, atlas, x + 1, y) : 0;
        u32 cover_c = below ? cover_of(op, edges, atlas, x, y + 1) : 0;
        u32 cover_d = right && below ? cover_of(op, edges, atlas, x + 1, y + 1) : 0;
        u32 sum = cover_a + cover_b + cover_c + cover_d;
        if (sum == 0) continue;
        if (op.kind == LETTERS) {
            // Letters have soft edges: their chroma takes the mean of four pixels, of which those outside are none.
            sum = (of_256((sum + 2) >> 2) * op.alpha) >> 8;
            cover_a = (of_256(cover_a) * op.alpha) >> 8;
            cover_b = (of_256(cover_b) * op.alpha) >> 8;
            cover_c = (of_256(cover_c) * op.alpha) >> 8;
            cover_d = (of_256(cover_d) * op.alpha) >> 8;
        } else {
            sum = sum / there;
        }
        const u32 luma = op.samples & 255;
        a = mix(a, luma, cover_a);
        b = mix(b, luma, cover_b);
        c = mix(c, luma, cover_c);
        d = mix(d, luma, cover_d);
        cb = mix(cb, (op.samples >> 8) & 255, sum);
        cr = mix(cr, (op.samples >> 16) & 255, sum);
    }
    upper[0] = (u8)a;
    if (right) upper[1] = (u8)b;
    if (below) lower[0] = (u8)c;
    if (right && below) lower[1] = (u8)d;
    pair[0] = (u8)cb;
    pair[1] = (u8)cr;
}

static __device__ inline bool inside_any(const Pixelate &mask, const Outline *outlines, const Edge *edges, int x, int y)
{
    for (u32 n = mask.first; n < mask.first + mask.count; n++)
        if (inside(edges + outlines[n].first, outlines[n].count, x, y)) return true;
    return false;
}

// A thread reads one cell and then writes it, and nobody else touches it: no barrier is needed.
extern "C" __global__ void pixelate_nv12(
    const View *pictures, const Pixelate *masks, const Outline *outlines, const Edge *edges)
{
    const Pixelate &mask = masks[BLOCK(z)];
    const int at_x = (int)(BLOCK(x) * SIZE(x) + THREAD(x)), at_y = (int)(BLOCK(y) * SIZE(y) + THREAD(y));
    if (at_x >= mask.across || at_y >= mask.down) return;
    const View &view = pictures[mask.picture];
    const int x0 = (mask.x + at_x) * mask.cell, y0 = (mask.y + at_y) * mask.cell;
    const int x1 = least(x0 + mask.cell, view.width), y1 = least(y0 + mask.cell, view.height);
    if (x0 >= x1 || y0 >= y1) return;
    u32 luma = 0, cb = 0, cr = 0, halves = 0;
    bool any = false;
    for (int y = y0; y < y1; y++) {
        const u8 *row = row_of<const u8>(view.luma, view.pitch, y);
        const u8 *pairs = row_of<const u8>(view.chroma, view.pitch, y / 2);
        for (int x = x0; x < x1; x++) {
            luma += row[x];
            any = any || inside_any(mask, outlines, edges, x, y);
            if ((x & 1) == 0 && (y & 1) == 0) {
                cb += pairs[x];
                cr += pairs[x + 1];
                halves++;
            }
        }
    }
    if (!any) return;
    const u32 pixels = (u32)((x1 - x0) * (y1 - y0));
    luma = (luma + pixels / 2) / pixels;
    cb = (cb + halves / 2) / halves;
    cr = (cr + halves / 2) / halves;
    for (int y = y0; y < y1; y++) {
        u8 *row = row_of<u8>(view.luma, view.pitch, y);
        u8 *pairs = row_of<u8>(view.chroma, view.pitch, y / 2);
        for (int x = x0; x < x1; x++) {
            if (!inside_any(mask, outlines, edges, x, y)) continue;
            row[x] = (u8)luma;
            pairs[x & ~1] = (u8)cb;
            pairs[x | 1] = (u8)cr;
        }
    }
}

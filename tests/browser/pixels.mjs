// Reads the demo camera's pixels: the frame's number from its 24 blocks, and where a box of one colour is drawn.

/** Runs in a page. `picture` says where the 1280x720 picture lies on a source: left, top and scale in the source's pixels. */
export function pixelTools(colour) {
  const canvas = (width, height) => {
    const made = Object.assign(document.createElement('canvas'), { width, height });
    return made.getContext('2d', { willReadFrequently: true });
  };
  const strip = canvas(384, 16);
  const reach = 30; // pixels of the picture around the square in which a box is looked for

  // 24 blocks of 16x16 pixels, most significant bit first, white is 1; null where a block is neither black nor white.
  const readNumber = (source, { left, top, scale }) => {
    strip.drawImage(source, left, top, 384 * scale, 16 * scale, 0, 0, 384, 16);
    const pixels = strip.getImageData(0, 8, 384, 1).data;
    let number = 0;
    for (let bit = 0; bit < 24; bit += 1) {
      const luma = pixels[(bit * 16 + 8) * 4 + 1];
      if (luma > 80 && luma < 176) return null;
      number = number * 2 + (luma >= 176 ? 1 : 0);
    }
    return number;
  };

  // Distances in pixels of the picture from where the edges of frame n's square are to where the box's stroke is.
  const readBox = (source, { left, top, scale }, n) => {
    const square = { x: 100 + ((7 * n) % 1000), y: 300 + Math.round(150 * Math.sin(n / 40)), size: 96 };
    const [x0, y0] = [Math.floor(left + (square.x - reach) * scale), Math.floor(top + (square.y - reach) * scale)];
    const width = Math.ceil((square.size + 2 * reach) * scale);
    const copy = canvas(width, width);
    copy.drawImage(source, -x0, -y0);
    const pixels = copy.getImageData(0, 0, width, width).data;
    const isBox = (x, y) => {
      const i = (y * width + x) * 4;
      if (!(x >= 0 && y >= 0 && x < width && y < width) || pixels[i + 3] < 96) return false;
      const distance = Math.abs(pixels[i] - colour[0]) + Math.abs(pixels[i + 1] - colour[1]) + Math.abs(pixels[i + 2] - colour[2]);
      // The rim of the white square, scaled, is as light as the box but grey.
      const tint = Math.abs(pixels[i + 2] - pixels[i] - (colour[2] - colour[0]));
      return distance < 120 && tint < 64;
    };
    // An edge is a line of the box's colour along the middle third of a side.
    const [from, to] = [reach + square.size / 3, reach + (2 * square.size) / 3].map((value) => Math.round(value * scale));
    const edge = (expected, vertical) => {
      let best = null;
      for (let line = 0; line < width; line += 1) {
        let count = 0;
        for (let along = from; along < to; along += 1) count += (vertical ? isBox(line, along) : isBox(along, line)) ? 1 : 0;
        const distance = (line + 0.5 - expected) / scale;
        if (count > (to - from) / 3 && (best === null || Math.abs(distance) < Math.abs(best))) best = distance;
      }
      return best;
    };
    const x = (value) => left + value * scale - x0;
    const y = (value) => top + value * scale - y0;
    return { left: edge(x(square.x), true), right: edge(x(square.x + 96), true), bottom: edge(y(square.y + 96), false) };
  };

  // Where the picture lies within a video element, whatever the layout does: CSS pixels of the window.
  const pictureOf = (video) => {
    const rect = video.getBoundingClientRect();
    const scale = Math.min(rect.width / video.videoWidth, rect.height / video.videoHeight);
    const left = rect.left + (rect.width - video.videoWidth * scale) / 2;
    return { left, top: rect.top + (rect.height - video.videoHeight * scale) / 2, scale };
  };
  return { readNumber, readBox, pictureOf };
}

/** The colour of a label, as shared/src/draw.rs has it. */
export function classColour(label) {
  const colours = [0xf0e442, 0x56b4e9, 0xe69f00, 0x3fd69b, 0xff8a5c, 0xe59ac8, 0x7fa8ff, 0xffffff];
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(label)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  const colour = colours[hash % colours.length];
  return [colour >> 16, (colour >> 8) & 255, colour & 255];
}

/** Makes the tools known in `page`. */
export const giveTools = (page) => page.evaluate(`globalThis.tools = (${pixelTools})(${JSON.stringify(classColour('demo'))})`);

export const isDrawn = (box) => Object.values(box).some((distance) => distance !== null);

export const isExact = (box) => Object.values(box).every((distance) => distance !== null && Math.abs(distance) <= 3.5);

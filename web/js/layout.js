// Justified rows: pictures of one row have the same height, and fill its width.

/**
 * @typedef {object} Row
 * @property {number} start the first picture
 * @property {number} end one past the last
 * @property {number} top in pixels
 * @property {number} height
 */

/** Very wide and very high pictures are cut, so that they do not make others tiny. @param {{ width: number, height: number }} image */
export const ratioOf = (image) => Math.min(3.2, Math.max(0.5, image.width / image.height));

/**
 * The rows of pictures from `start` on, below `top`. The last row may not be full.
 * @param {{ width: number, height: number }[]} images
 * @param {{ width: number, target: number, gap: number, start?: number, top?: number }} frame
 */
export function rows(images, { width, target, gap, start = 0, top = 0 }) {
  /** @type {Row[]} */
  const made = [];
  let sum = 0;
  let first = start;
  for (let at = start; at < images.length; at++) {
    const image = images[at];
    if (!image) break;
    sum += ratioOf(image);
    const space = width - gap * (at - first);
    const height = space / sum;
    if (height <= target) {
      made.push({ start: first, end: at + 1, top, height });
      top += height + gap;
      first = at + 1;
      sum = 0;
    }
  }
  if (first < images.length) {
    const space = width - gap * (images.length - first - 1);
    made.push({ start: first, end: images.length, top, height: Math.min(target, space / sum) });
  }
  return made;
}

/** The index of the row at this height. @param {Row[]} rows @param {number} y */
export function rowAt(rows, y) {
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((rows[middle]?.top ?? 0) <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

// Decodes ThumbHash (https://evanw.github.io/thumbhash/): the blurred picture that an image shows
// while it loads.

const SIDE = 32;

/** @param {number} lx @param {number} ly @param {() => number} next @param {number} scale */
function channel(lx, ly, next, scale) {
  const ac = [];
  for (let cy = 0; cy < ly; cy++) {
    for (let cx = cy ? 0 : 1; cx * ly < lx * (ly - cy); cx++) ac.push((next() / 7.5 - 1) * scale);
  }
  return ac;
}

/** Draws a hash, in base64. @param {string} hash @param {HTMLCanvasElement} canvas */
export function draw(hash, canvas) {
  const bytes = Uint8Array.from(atob(hash), (c) => c.charCodeAt(0));
  const byte = (/** @type {number} */ at) => bytes[at] ?? 0;
  const head = byte(0) | (byte(1) << 8) | (byte(2) << 16);
  const tail = byte(3) | (byte(4) << 8);
  const lDc = (head & 63) / 63;
  const pDc = ((head >> 6) & 63) / 31.5 - 1;
  const qDc = ((head >> 12) & 63) / 31.5 - 1;
  const hasAlpha = head >> 23 !== 0;
  const isLandscape = tail >> 15 !== 0;
  const short = tail & 7;
  const long = hasAlpha ? 5 : 7;
  const lx = Math.max(3, isLandscape ? long : short);
  const ly = Math.max(3, isLandscape ? short : long);
  const aDc = hasAlpha ? (byte(5) & 15) / 15 : 1;
  const start = hasAlpha ? 6 : 5;
  let at = 0;
  const next = () => (byte(start + (at >> 1)) >> ((at++ & 1) << 2)) & 15;
  const l = channel(lx, ly, next, ((head >> 18) & 31) / 31);
  const p = channel(3, 3, next, (((tail >> 3) & 63) / 63) * 1.25);
  const q = channel(3, 3, next, (((tail >> 9) & 63) / 63) * 1.25);
  const a = hasAlpha ? channel(5, 5, next, (byte(5) >> 4) / 15) : [];

  const ratio = (isLandscape ? long : short) / (isLandscape ? short : long);
  const width = Math.round(ratio > 1 ? SIDE : SIDE * ratio);
  const height = Math.round(ratio > 1 ? SIDE / ratio : SIDE);
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) return;
  const picture = context.createImageData(width, height);
  const waves = Math.max(lx, ly, hasAlpha ? 5 : 3);
  const cosines = (/** @type {number} */ size) =>
    Array.from({ length: size }, (_, at) =>
      Array.from({ length: waves }, (_, wave) => Math.cos((Math.PI / size) * (at + 0.5) * wave)),
    );
  const across = cosines(width);
  const down = cosines(height);
  const sum = (
    /** @type {number[]} */ ac,
    /** @type {number} */ nx,
    /** @type {number} */ ny,
    /** @type {number[]} */ fx,
    /** @type {number[]} */ fy,
  ) => {
    let total = 0;
    for (let cy = 0, j = 0; cy < ny; cy++) {
      const vertical = (fy[cy] ?? 0) * 2;
      for (let cx = cy ? 0 : 1; cx * ny < nx * (ny - cy); cx++, j++)
        total += (ac[j] ?? 0) * (fx[cx] ?? 0) * vertical;
    }
    return total;
  };
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 4) {
      const fx = across[x] ?? [];
      const fy = down[y] ?? [];
      const light = lDc + sum(l, lx, ly, fx, fy);
      const yellow = pDc + sum(p, 3, 3, fx, fy);
      const red = qDc + sum(q, 3, 3, fx, fy);
      const b = light - (2 / 3) * yellow;
      const r = (3 * light - b + red) / 2;
      picture.data[i] = 255 * r;
      picture.data[i + 1] = 255 * (r - red);
      picture.data[i + 2] = 255 * b;
      picture.data[i + 3] = 255 * (hasAlpha ? aDc + sum(a, 5, 5, fx, fy) : 1);
    }
  }
  context.putImageData(picture, 0, 0);
}

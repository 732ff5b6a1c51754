// Makes the pictures of the benchmark: `pictures.mjs FOLDER`. They are not photos, but cost what
// photos cost: soft and fine structure in the proportion in which nature has them, edges, and grain.
// The same files are made each time.

import path from "node:path";
import sharp from "sharp";

const [folder] = process.argv.slice(2);

/** Numbers from 0 to 1 that look random (xorshift). */
function numbers(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A picture of `across` × `down` random samples, enlarged. */
function octave(next, across, down, width, height) {
  const samples = Buffer.alloc(across * down * 3).map(() => next() * 256);
  const raw = { width: across, height: down, channels: 3 };
  const small = sharp(samples, { raw }).resize(width, height, { fit: "fill", kernel: "cubic" });
  return small.raw().toBuffer();
}

/** Shapes with sharp edges. */
function shapes(next, width, height) {
  const colour = () => `hsl(${next() * 360},${next() * 60}%,${next() * 90}%)`;
  const shape = () => {
    const [x, y, size] = [next() * width, next() * height, (0.01 + next() ** 3 * 0.2) * width];
    const turn = `transform="rotate(${next() * 180} ${x} ${y})" fill="${colour()}" opacity="0.5"`;
    return next() < 0.5
      ? `<ellipse cx="${x}" cy="${y}" rx="${size}" ry="${size * next()}" ${turn}/>`
      : `<rect x="${x}" y="${y}" width="${size}" height="${size * next()}" ${turn}/>`;
  };
  const all = Array.from({ length: 120 }, shape).join("");
  const size = `width="${width}" height="${height}"`;
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" ${size}>${all}</svg>`);
}

/** The samples of a picture. */
async function picture(width, height, seed) {
  const next = numbers(seed);
  const sums = new Float32Array(width * height * 3).fill(128);
  // Each octave has half of the strength of the one before.
  for (let cells = 4, strength = 1; cells < width / 3; cells *= 2, strength *= 0.65) {
    const across = cells;
    const down = Math.ceil((cells * height) / width);
    const layer = await octave(next, across, down, width, height);
    for (let at = 0; at < sums.length; at++) sums[at] += (layer[at] - 128) * strength * 0.55;
  }
  const soft = Buffer.from(Uint8ClampedArray.from(sums).buffer);
  const raw = { width, height, channels: 3 };
  const input = shapes(next, width, height);
  const samples = await sharp(soft, { raw }).composite([{ input }]).removeAlpha().raw().toBuffer();
  // Grain of brightness.
  for (let at = 0; at < samples.length; at += 3) {
    const grain = (next() + next() + next() - 1.5) * 6.5;
    for (let channel = at; channel < at + 3; channel++)
      samples[channel] = Math.max(0, Math.min(255, samples[channel] + grain));
  }
  return sharp(samples, { raw });
}

const file = (name) => path.join(folder, name);
const quality = 90;
const large = await picture(4000, 3000, 1);
await large.clone().jpeg({ quality }).toFile(file("12mp.jpg"));
await large.clone().jpeg({ quality, progressive: true }).toFile(file("12mp-progressive.jpg"));
// With less grain, as it would be too large for the default limit on uploads.
const smooth = large.clone().blur(1.5);
await smooth.png({ compressionLevel: 6 }).toFile(file("12mp.png"));
const gigantic = large.clone().resize(8064, 6200, { fit: "fill" });
await gigantic.clone().jpeg({ quality }).toFile(file("50mp.jpg"));
await gigantic.clone().jpeg({ quality, progressive: true }).toFile(file("50mp-progressive.jpg"));
const small = await picture(1200, 840, 2);
await small.clone().jpeg({ quality }).toFile(file("1mp.jpg"));
const dot = { width: 1, height: 1, channels: 3, background: "red" };
await sharp({ create: dot }).png().toFile(file("dot.png"));

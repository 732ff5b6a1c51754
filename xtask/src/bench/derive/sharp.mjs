// Derives with sharp, as the benchmark asks: `sharp.mjs SOURCE OPTIONS RESULT [LIKE]`.
//
// For each number that it reads from standard input, it derives so many times, and answers with a
// line of JSON: the processor time of this process for each, and the length of the result. The
// first result is also written to RESULT. With LIKE, another program's result, the quality is the
// lowest at which this one's has the same structural similarity to an exact reference.

import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import sharp from "sharp";

sharp.concurrency(1);
sharp.cache(false);

const [file, json, result, like] = process.argv.slice(2);
const source = readFileSync(file);
const { width, height, format, ...options } = JSON.parse(json);

function scaled(options = {}) {
  const size = { fit: "inside", withoutEnlargement: true, ...options };
  return sharp(source).autoOrient().resize(width, height, size);
}

const derive = () => scaled().toFormat(format, options).toBuffer();

const brightness = (image) =>
  image.flatten().toColourspace("b-w").raw().toBuffer({ resolveWithObject: true });

/** The mean similarity of squares of 8 × 8 pixels (Wang et al. 2004, without the Gaussian). */
function similarity(one, other) {
  const { width, height, channels } = one.info;
  const [SIDE, STEP, COUNT] = [8, 4, 64];
  let [sum, squares] = [0, 0];
  for (let top = 0; top + SIDE <= height; top += STEP)
    for (let left = 0; left + SIDE <= width; left += STEP) {
      let [a, b, aa, bb, ab] = [0, 0, 0, 0, 0];
      for (let y = top; y < top + SIDE; y++)
        for (let x = left; x < left + SIDE; x++) {
          const p = one.data[(y * width + x) * channels];
          const q = other.data[(y * width + x) * other.info.channels];
          [a, b, aa, bb, ab] = [a + p, b + q, aa + p * p, bb + q * q, ab + p * q];
        }
      const [meanA, meanB] = [a / COUNT, b / COUNT];
      const [varA, varB] = [aa / COUNT - meanA * meanA, bb / COUNT - meanB * meanB];
      const both = ab / COUNT - meanA * meanB;
      const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
      sum +=
        ((2 * meanA * meanB + c1) * (2 * both + c2)) /
        ((meanA * meanA + meanB * meanB + c1) * (varA + varB + c2));
      squares++;
    }
  return sum / squares;
}

if (like) {
  const exact = await brightness(scaled({ fastShrinkOnLoad: false }));
  const of = async (bytes) => similarity(exact, await brightness(sharp(bytes)));
  const wanted = await of(readFileSync(like));
  let [low, high] = [1, 100];
  while (low < high) {
    options.quality = Math.floor((low + high) / 2);
    if ((await of(await derive())) >= wanted) high = options.quality;
    else low = options.quality + 1;
  }
  options.quality = high;
}

let first = true;
for await (const line of createInterface({ input: process.stdin })) {
  const times = Number(line);
  const before = process.cpuUsage();
  let made;
  for (let round = 0; round < times; round++) made = await derive();
  const { user, system } = process.cpuUsage(before);
  if (first) writeFileSync(result, made);
  first = false;
  const processor_ms = (user + system) / 1000 / times;
  console.log(JSON.stringify({ processor_ms, bytes: made.length, quality: options.quality }));
}

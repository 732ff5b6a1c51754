// Numbers and times, as people read them.

import { locale, text } from "./strings.js";

const UNITS = ["B", "kB", "MB", "GB", "TB"];
const when = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });

/** @param {number} size in bytes */
export function bytes(size) {
  let unit = 0;
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1000;
    unit++;
  }
  const digits = unit === 0 || size >= 99.95 ? 0 : 1;
  return `${size.toLocaleString(locale, { maximumFractionDigits: digits })}\u00a0${UNITS[unit]}`;
}

/** @param {string | number | Date} time */
export const dateTime = (time) => when.format(new Date(time));
/** @param {string} time */
export const date = (time) => day.format(new Date(time));

const TYPES = /** @type {Record<string, string>} */ ({
  "image/jpeg": "JPEG",
  "image/png": "PNG",
  "image/gif": "GIF",
  "image/webp": "WebP",
  "image/avif": "AVIF",
  "image/jxl": "JPEG XL",
  "image/heic": "HEIC",
  "image/tiff": "TIFF",
  "image/bmp": "BMP",
  "image/svg+xml": "SVG",
});
/** The short name of a media type. @param {string} type */
export const typeName = (type) => TYPES[type] ?? type.replace("image/", "").toUpperCase();
/** @param {string[]} types */
export const typeNames = (types) => types.map(typeName).join(", ");

/** @param {{ filename: string | null }} image */
export const nameOf = (image) => image.filename ?? text.unnamed;

/** A length of time, in the largest unit that fits. @param {number} seconds */
export function duration(seconds) {
  /** @type {[number, Intl.RelativeTimeFormatUnit][]} */
  const units = [
    [86_400, "day"],
    [3600, "hour"],
    [60, "minute"],
    [1, "second"],
  ];
  const [size, unit] = units.find(([size]) => seconds >= size) ?? [1, "second"];
  const amount = Math.round(seconds / size);
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(amount);
}

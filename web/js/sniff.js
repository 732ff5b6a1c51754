// The type of an image by its first bytes, as the server decides it too.

/** @type {[string, RegExp][]} */
const SIGNATURES = [
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/png", /^\x89PNG\r\n\x1a\n/],
  ["image/gif", /^GIF8[79]a/],
  ["image/webp", /^RIFF[^]{4}WEBP/],
  ["image/avif", /^[^]{4}ftypavi[fs]/],
  ["image/heic", /^[^]{4}ftyp(hei[cxms]|hev[cx]|mif1|msf1)/],
  ["image/jxl", /^(\xff\x0a|\0\0\0\x0cJXL )/],
  ["image/tiff", /^(II\*\0|MM\0\*)/],
  ["image/bmp", /^BM/],
];

/** @param {Blob} file @returns {Promise<string | null>} */
export async function sniff(file) {
  const head = String.fromCharCode(...new Uint8Array(await file.slice(0, 64).arrayBuffer()));
  const type = SIGNATURES.find(([, signature]) => signature.test(head))?.[0] ?? null;
  return type === "image/heic" && /avi[fs]/.test(head) ? "image/avif" : type;
}

/** Whether a file in a folder is worth trying. @param {File} file */
export const looksLikeImage = (file) =>
  !file.name.startsWith(".") &&
  (file.type.startsWith("image/") ||
    /\.(jpe?g|png|gif|webp|avif|jxl|heic|tiff?|bmp)$/i.test(file.name));

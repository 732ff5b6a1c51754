// Where files come from: dropped (folders too), pasted, chosen, or from a camera.

import { h } from "./dom.js";
import { looksLikeImage } from "./sniff.js";
import { toast } from "./say.js";
import { text } from "./strings.js";

/** @typedef {(files: File[]) => void} Take */

/** Asks for files. @param {Take} take @param {{ folder?: boolean, camera?: boolean }} [options] */
export function choose(take, { folder = false, camera = false } = {}) {
  const input = h("input", {
    type: "file",
    multiple: !camera,
    class: "hidden",
    "aria-hidden": "true",
    tabIndex: -1,
  });
  if (folder) input.webkitdirectory = true;
  else input.accept = "image/*,.avif,.jxl,.heic";
  if (camera) input.setAttribute("capture", "environment");
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    input.remove();
    if (folder) takeFolder(files, take);
    else if (files.length > 0) take(files);
  });
  input.addEventListener("cancel", () => input.remove());
  document.body.append(input);
  input.click();
}

/** @param {File[]} files @param {Take} take */
function takeFolder(files, take) {
  const images = files.filter(looksLikeImage);
  if (images.length > 0) take(images);
  const rest = files.filter(({ name }) => !name.startsWith(".")).length - images.length;
  if (rest > 0) toast(text.upload.left_out(rest));
}

/** All files below an entry. @param {FileSystemEntry} entry @returns {Promise<File[]>} */
async function below(entry) {
  if (entry.isFile) {
    const file = /** @type {FileSystemFileEntry} */ (entry);
    return new Promise((resolve) =>
      file.file(
        (found) => resolve([found]),
        () => resolve([]),
      ),
    );
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const files = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const entries = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (entries.length === 0) return files;
    for (const inner of entries) files.push(...(await below(inner)));
  }
}

/** @param {DataTransfer} data @param {Take} take */
async function takeDropped(data, take) {
  // The entries are only there during the event.
  const entries = [...data.items].flatMap((item) =>
    item.kind === "file"
      ? [{ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }]
      : [],
  );
  const direct = entries.flatMap(({ entry, file }) => (file && !entry?.isDirectory ? [file] : []));
  if (direct.length > 0) take(direct);
  for (const { entry } of entries) if (entry?.isDirectory) takeFolder(await below(entry), take);
}

/** Takes what is dropped anywhere, or pasted. @param {Take} take @param {() => boolean} isOn @param {string} [hint] */
export function accept(take, isOn, hint = text.gallery.drop_text) {
  const veil = h(
    "div",
    { class: "drop-veil", "aria-hidden": "true", hidden: true },
    h("div", {}, h("strong", {}, text.gallery.drop), h("span", {}, hint)),
  );
  document.body.append(veil);
  let depth = 0;
  const hasFiles = (/** @type {DragEvent} */ event) =>
    isOn() && (event.dataTransfer?.types.includes("Files") ?? false);
  addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth++;
    veil.hidden = false;
  });
  addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    veil.hidden = depth === 0;
  });
  addEventListener("drop", (event) => {
    depth = 0;
    veil.hidden = true;
    if (!hasFiles(event) || !event.dataTransfer) return;
    event.preventDefault();
    void takeDropped(event.dataTransfer, take);
  });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!isOn() || files.length === 0) return;
    event.preventDefault();
    take(files);
  });
}

// What is left to upload, kept in the browser's database so that it goes on after a reload: the
// files themselves as long as there is room, and the URL of a resumable upload.

/**
 * @typedef {object} Kept
 * @property {string} key
 * @property {string} scope whose upload it is
 * @property {string} name
 * @property {number} size
 * @property {number} modified
 * @property {Blob | null} file
 * @property {string | null} url of the resumable upload
 * @property {string[]} tags
 * @property {string} visibility
 */

const STORE = "uploads";
/** The most bytes of files that are kept. */
const MOST = 400e6;

/** @type {Promise<IDBDatabase> | null} */
let opened = null;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("darkroom", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

/**
 * Runs one request. A browser without a database, or without room, keeps nothing.
 * @template T
 * @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T | undefined>}
 */
async function run(mode, act) {
  try {
    const database = await open();
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
      transaction.onerror = () => reject(transaction.error);
    });
  } catch {
    return undefined;
  }
}

let bytes = 0;

/** @param {Kept} item */
export async function keep(item) {
  const fits = item.file !== null && bytes + item.size <= MOST;
  if (fits) bytes += item.size;
  const kept = await run("readwrite", (store) => store.put(fits ? item : { ...item, file: null }));
  if (kept === undefined && fits)
    await run("readwrite", (store) => store.put({ ...item, file: null }));
}

/** Remembers the URL of a resumable upload. @param {string} key @param {string | null} url */
export async function keepUrl(key, url) {
  const item = await run("readonly", (store) => store.get(key));
  if (item) await run("readwrite", (store) => store.put({ ...item, url }));
}

/** @param {string} key @param {number} size */
export async function drop(key, size) {
  bytes = Math.max(0, bytes - size);
  await run("readwrite", (store) => store.delete(key));
}

/** What is left of somebody's uploads. @param {string} scope @returns {Promise<Kept[]>} */
export async function left(scope) {
  /** @type {Kept[]} */
  const all = (await run("readonly", (store) => store.getAll())) ?? [];
  bytes = all.reduce((sum, { file, size }) => sum + (file ? size : 0), 0);
  return all.filter((item) => item.scope === scope);
}

/**
 * Claims an upload for this tab, until it is over or the tab is closed. Resolves to a function that
 * gives it back, or null if another tab has it.
 * @param {string} key
 * @returns {Promise<(() => void) | null>}
 */
export function claim(key) {
  // Without a secure context, there are no locks, and nothing worse than a repeated request.
  if (!navigator.locks) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    void navigator.locks.request(`darkroom upload ${key}`, { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(null);
      return new Promise((release) => resolve(() => release(undefined)));
    });
  });
}

/** Forgets all of them. */
export const clear = () => run("readwrite", (store) => store.clear());

// The address of what is shown: `#/image/<id>?tag=cats`. The part behind `?` is the gallery's.

/** @typedef {{ view: string, id: string, search: string }} Place */

/** @returns {Place} */
export function current() {
  const [path = "", search = ""] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [view = "", id = ""] = path.split("/");
  return { view: view || "images", id, search };
}

/** @param {string} path @param {URLSearchParams | string} [search] */
export function address(path, search = current().search) {
  const text = String(search);
  return `#/${path}${text ? `?${text}` : ""}`;
}

/** Goes to another place. @param {string} to @param {boolean} [replace] */
export function go(to, replace = false) {
  if (replace) history.replaceState(history.state, "", to);
  else history.pushState({ inside: true }, "", to);
  dispatchEvent(new Event("place"));
}

/** Goes back if the page was there before, or to another place if it was opened here. @param {string} otherwise */
export function back(otherwise) {
  if (history.state?.inside) history.back();
  else go(otherwise, true);
}

/** @param {() => void} listener */
export function onPlace(listener) {
  addEventListener("place", listener);
  addEventListener("popstate", listener);
}

/** A link inside of the page. @param {MouseEvent} event */
export function follow(event) {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  const href = link?.getAttribute("href");
  if (
    !href?.startsWith("#/") ||
    event.ctrlKey ||
    event.metaKey ||
    event.shiftKey ||
    event.button !== 0
  )
    return;
  event.preventDefault();
  go(href);
}

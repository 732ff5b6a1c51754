// The page: signs in, then shows the view that the address names. At `/drop`, a guest's page.

import { base } from "./api.js";
import { admin } from "./admin.js";
import { selectionBar } from "./bulk.js";
import { button, fill, h, icon, named } from "./dom.js";
import { drop } from "./drop.js";
import { accept, choose } from "./files.js";
import { dateTime } from "./format.js";
import { gallery, pickers } from "./gallery.js";
import { guests } from "./guests.js";
import { clear } from "./keep.js";
import { Queue } from "./queue.js";
import { address, current, follow, go, onPlace } from "./router.js";
import { blank, dialog, place } from "./say.js";
import { allows, end, hasExpired, onEnd, restore, session } from "./session.js";
import { signIn, signInAgain } from "./sign_in.js";
import { store } from "./store.js";
import { text } from "./strings.js";
import { tray } from "./tray.js";
import { remove, undoLast } from "./trash.js";
import { usage } from "./usage.js";
import { Viewer } from "./viewer.js";

const words = text.nav;

/** The views, and who may see them. */
const VIEWS = /** @type {const} */ ([
  { view: "images", name: words.images, icon: "images", may: () => allows("images:read") },
  { view: "guests", name: words.guests, icon: "guests", may: () => allows("images:write") },
  {
    view: "usage",
    name: words.usage,
    icon: "usage",
    may: () => allows("images:read") || allows("images:write"),
  },
  {
    view: "admin",
    name: words.admin,
    icon: "admin",
    may: () => allows("admin") || allows("maintenance") || allows("metrics"),
  },
]);

async function start() {
  place();
  if (location.pathname.endsWith("/drop")) return drop();
  const found = restore();
  if (!found || hasExpired(found)) await signIn(found ? text.sign_in.expired : "");
  onEnd(signInAgain);
  app();
}

function account() {
  const { owner = "", expires = 0 } = session() ?? {};
  dialog(words.account, () => [
    h("p", {}, named(words.signed_in(owner))),
    h("p", { class: "hint" }, words.until(dateTime(expires * 1000))),
    h("p", {}, h("a", { href: new URL("docs", base).href }, words.api)),
    h(
      "div",
      { class: "actions" },
      button({ text: words.sign_out, kind: "outline", onclick: () => void signOut() }),
    ),
  ]);
}

async function signOut() {
  end();
  await clear();
  location.hash = "";
  location.reload();
}

/** What those see who may upload, but not look. @param {Queue} queue */
const uploadOnly = (queue) =>
  h(
    "div",
    { class: "view page" },
    blank("upload", words.upload, text.upload.only, ...pickers(queue)),
  );

function app() {
  const queue = new Queue({ scope: `owner ${session()?.owner}` });
  const viewer = new Viewer();
  const main = h("main", { id: "main", tabIndex: -1 });
  const nav = h("nav", { class: "nav", "aria-label": words.label });
  const links = VIEWS.filter(({ may }) => may()).map(({ view, name, icon: symbol }) => ({
    view,
    link: h("a", { href: address(view, "") }, icon(symbol), h("span", {}, name)),
  }));
  fill(nav, ...links.map(({ link }) => link));
  const uploadButton = button({
    icon: "upload",
    text: words.upload,
    kind: "primary upload-button",
    label: words.upload,
    onclick: () => choose((files) => queue.add(files)),
  });
  const head = h(
    "header",
    { class: "head" },
    h(
      "a",
      {
        class: "skip",
        href: "#main",
        onclick: (/** @type {Event} */ event) => {
          event.preventDefault();
          main.focus();
        },
      },
      words.skip,
    ),
    h(
      "a",
      { class: "brand", href: address("images", "") },
      icon("images"),
      h("span", {}, text.product),
    ),
    nav,
    allows("images:write") && uploadButton,
    button({ icon: "user", label: words.account, kind: "quiet account", onclick: account }),
  );
  const images = allows("images:read") ? gallery(queue) : null;
  document.body.prepend(
    head,
    main,
    viewer.element,
    selectionBar(),
    tray(queue, {
      open: images ? (item) => item.image && go(address(`image/${item.image.id}`)) : undefined,
      removeCopy: allows("images:delete")
        ? (item) => {
            if (item.image) remove([item.image]);
            queue.remove(item);
          }
        : undefined,
    }),
  );

  let scroll = 0;
  let shown = "";
  const show = async () => {
    const { view, id, search } = current();
    if (view === "image" && images) {
      if (!viewer.isOpen) scroll = scrollY;
      if (shown !== "images") fill(main, images.element);
      shown = "images";
      if (
        (!store.hasMore && store.images.length === 0) ||
        (!store.isLoading && store.images.length === 0)
      )
        images.open(search);
      setInert(true);
      await viewer.open(id);
      return;
    }
    setInert(false);
    const seen = viewer.hide();
    document.title = text.product;
    for (const entry of links) {
      if (entry.view === view) entry.link.setAttribute("aria-current", "page");
      else entry.link.removeAttribute("aria-current");
    }
    if (view === "images") {
      if (shown !== view) fill(main, images?.element ?? uploadOnly(queue));
      shown = view;
      images?.open(search);
      if (seen && images) {
        scrollTo({ top: scroll });
        images.grid.focus(seen);
      }
      return;
    }
    shown = view;
    const make = { guests, usage, admin }[view];
    if (!make) return go(address("images", ""), true);
    fill(main, h("p", { class: "view loading" }, text.loading));
    const page = await make();
    if (current().view === view) {
      fill(main, page);
      scrollTo({ top: 0 });
    }
  };
  const setInert = (/** @type {boolean} */ inert) => {
    for (const part of [head, main]) part.inert = inert;
  };
  onPlace(() => void show());
  document.addEventListener("click", follow);
  addEventListener("keydown", (event) => {
    const isField =
      event.target instanceof HTMLElement &&
      event.target.closest("input, textarea, select, dialog");
    if (isField || event.defaultPrevented) return;
    if (event.key === "z" && (event.ctrlKey || event.metaKey) && undoLast()) event.preventDefault();
    if (event.key === "/" && images && !viewer.isOpen) {
      event.preventDefault();
      images.search.focus();
    }
  });
  accept(
    (files) => queue.add(files),
    () => allows("images:write"),
  );
  queue.addEventListener("image", (event) => {
    if (event instanceof CustomEvent && event.detail.image) store.add(event.detail.image);
  });
  void queue.restore();
  void show();
}

void start();

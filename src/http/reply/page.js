"use strict";
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  // Examples have the address at which the page was reached.
  const here = new URL(".", location.href).href.replace(/\/$/, "");
  if (location.protocol !== "file:") {
    for (const code of all("pre code")) {
      code.textContent = code.textContent.replaceAll("http://127.0.0.1:3000", here);
    }
  }

  // Every example can be copied.
  const copy = async (code) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(code.textContent);
    // Browsers offer the clipboard only over HTTPS and on the machine itself.
    getSelection().selectAllChildren(code);
    if (!document.execCommand("copy")) throw new Error("not copied");
    getSelection().removeAllRanges();
  };
  for (const pre of all("pre")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      const copied = await copy(pre.firstElementChild).then(() => true, () => false);
      button.textContent = copied ? "Copied" : "Press Ctrl+C";
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
    const example = document.createElement("div");
    example.className = "example";
    pre.replaceWith(example);
    example.append(pre, button);
  }

  // The contents are open beside the page, and closed above it.
  const contents = document.querySelector("nav details");
  const wide = matchMedia("(min-width: 64rem)");
  const arrange = () => (contents.open = wide.matches);
  wide.addEventListener("change", arrange);
  arrange();
  contents.addEventListener("click", (event) => {
    if (event.target.closest("a") && !wide.matches) contents.open = false;
  });

  // The search finds sections that have all words.
  const search = document.querySelector("nav input");
  const entries = all("nav li").map((entry) => {
    const link = entry.querySelector("a");
    const section = link.hash && document.getElementById(link.hash.slice(1));
    const text = entry.textContent + " " + (section ? section.textContent : "");
    return { entry, link, text: text.toLowerCase() };
  });
  search.hidden = false;
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/);
    for (const { entry, text } of entries) {
      entry.hidden = !words.every((word) => text.includes(word));
    }
    for (const list of all("nav ul")) {
      const none = all("li", list).every((entry) => entry.hidden);
      list.hidden = list.previousElementSibling.hidden = none;
    }
    document.querySelector("nav .none").hidden = entries.some(({ entry }) => !entry.hidden);
  });
  search.addEventListener("keydown", (event) => {
    const first = entries.find(({ entry }) => !entry.hidden);
    if (event.key === "Enter" && first) first.link.click();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input") || event.ctrlKey || event.metaKey || event.altKey;
    if (event.key !== "/" || typing) return;
    event.preventDefault();
    contents.open = true;
    search.focus();
  });
})();

// What the gallery shows: the parameters of `GET /v1/images`, which are also in the address of the
// page.

/** The parameters, in the order in which the page shows them. `tag` may be repeated. */
const FILTERS = /** @type {const} */ ([
  "tag",
  "filename",
  "content_type",
  "visibility",
  "created_after",
  "created_before",
  "min_width",
  "max_width",
  "min_height",
  "max_height",
  "min_size",
  "max_size",
  "owner",
  "ticket",
]);
/** @typedef {typeof FILTERS[number]} Filter */

const DEFAULT_SORT = "-created_at";

/** Reads the part of the address behind `?`. @param {string} search */
export function parse(search) {
  const given = new URLSearchParams(search);
  const query = new URLSearchParams();
  for (const name of [...FILTERS, "sort"]) {
    for (const value of given.getAll(name)) if (value) query.append(name, value);
  }
  if (query.get("sort") === DEFAULT_SORT) query.delete("sort");
  return query;
}

/** @param {URLSearchParams} query */
export const sortOf = (query) => query.get("sort") ?? DEFAULT_SORT;

/** How many filters there are. @param {URLSearchParams} query */
export const countOf = (query) => [...query.keys()].filter((name) => name !== "sort").length;

/** The same with a filter set, or without it. @param {URLSearchParams} query @param {string} name @param {string} value */
export function withValue(query, name, value) {
  const next = new URLSearchParams(query);
  if (value) next.set(name, value);
  else next.delete(name);
  return next;
}

/** The same without one value of a filter. @param {URLSearchParams} query @param {string} name @param {string} value */
export function without(query, name, value) {
  const next = new URLSearchParams();
  for (const [key, kept] of query) if (key !== name || kept !== value) next.append(key, kept);
  return next;
}

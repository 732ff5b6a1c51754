// Calls the code of docs/frameworks.md as the frameworks do, and prints the attributes that come of
// it. It runs beside that code, with the address of the server, and the objects of a public and of
// a private image.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [address, key] = process.argv.slice(2);
const { open, closed, limits } = JSON.parse(readFileSync(new URL("stage.json", import.meta.url), "utf8"));
const widths = limits.derived.width_ladder;
process.env.NODE_ENV = "production";
process.env.NEXT_PUBLIC_DARKROOM_URL = address;
const require = createRequire(import.meta.url);
const results = {};

// Plain HTML.
const plain = await import("./srcset.mjs");
results.plain = { srcset: plain.srcset(open, widths) };
results.html = plain.img(open, widths, "50vw", 'A "cat" & a dog');

// Next.js: `getImageProps`, without the bundler that gives it the configuration.
const { getImgProps } = require("next/dist/shared/lib/get-img-props");
const { imageConfigDefault, prepareImageConfig } = require("next/dist/shared/lib/image-config");
const { default: config } = await import("./next.config.mjs");
const next = async (props, images = {}, file = config.images.loaderFile) => {
  const { default: defaultLoader } = await import(file);
  const imgConf = prepareImageConfig({ ...imageConfigDefault, ...config.images, ...images });
  const { props: attributes } = getImgProps({ alt: "", ...props }, { defaultLoader, imgConf });
  return { src: attributes.src, srcset: attributes.srcSet };
};
const src = open.links.content;
const size = { width: open.width, height: open.height };
results.next = await next({ src, ...size, sizes: "50vw" });
const cut = `${src}?w=3&h=2&fit=cover&gravity=auto`;
results.nextCut = await next({ src: cut, width: 300, height: 200, quality: 50 });
results.nextPresets = await next({ src, fill: true }, { deviceSizes: [640, 1080], imageSizes: [384] },
  "./preset-loader.mjs");

// Nuxt Image: `useImage`, without the application that gives it the configuration.
const { createImage } = await import("./node_modules/@nuxt/image/dist/runtime/image.js");
const { default: setup } = await import("./app/providers/darkroom.mjs");
globalThis.defineNuxtConfig = (config) => config;
const { default: nuxt } = await import("./nuxt.config.mjs");
const { provider, providers } = nuxt.image;
const { options: defaults } = providers.darkroom;
const image = createImage({
  provider, presets: {}, alias: {}, domains: [], densities: [1, 2],
  screens: { sm: 640, md: 768, lg: 1024 },
  providers: { darkroom: { setup, defaults: { ...defaults, baseURL: address } } },
});
results.nuxt = image.getSizes(src, { sizes: "sm:100vw md:50vw", modifiers: { gravity: "auto" } });
results.nuxtFit = { src: image(src, { width: 300, height: 300, fit: "cover", format: "jpg", quality: 60 }) };
results.nuxtInside = { src: image(src, { fit: "inside", format: "png" }) };

// unpic.
const { transformBaseImageProps } = await import("@unpic/core/base");
const { darkroom } = await import("./darkroom.mjs");
const transformer = (src, operations) => darkroom(src, operations)
  .replace("https://images.example.com", address);
results.unpic = transformBaseImageProps({
  src, transformer, layout: "constrained", width: 400, height: 300, operations: { gravity: "auto" },
});
results.unpicWide = transformBaseImageProps({ src, transformer, layout: "fullWidth" });

// Signed URLs of the private image.
const { signedSrcset } = await import("./signed-srcset.mjs");
results.signed = { srcset: signedSrcset(key, closed, [384, 640, 9999]) };

console.log(JSON.stringify(results));

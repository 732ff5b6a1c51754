import Uppy from "@uppy/core";
import Tus from "@uppy/tus";

export const uppy = ({ endpoint, headers, onImage }) =>
  new Uppy({ restrictions: { allowedFileTypes: ["image/*"] } })
    .use(Tus, {
      endpoint,
      headers,
      retryDelays: [0, 1000, 3000, 10_000, 30_000],
      removeFingerprintOnSuccess: true,
    })
    .on("upload-success", (file, { body }) => {
      onImage(file, body.xhr.getResponseHeader("Content-Location"));
    });

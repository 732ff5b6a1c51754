import { Upload } from "tus-js-client";

// Uploads a file, from where an earlier attempt stopped. Resolves when it is an image.
export const upload = (file, { endpoint, headers, onProgress }) =>
  new Promise((resolve, reject) => {
    const upload = new Upload(file, {
      endpoint,
      headers,
      metadata: { filename: file.name, filetype: file.type },
      chunkSize: 8 * 1024 * 1024,
      retryDelays: [0, 1000, 3000, 10_000, 30_000],
      removeFingerprintOnSuccess: true,
      onProgress,
      onError: reject,
      onSuccess: resolve,
    });
    upload.findPreviousUploads().then(([previous]) => {
      if (previous) upload.resumeFromPreviousUpload(previous);
      upload.start();
    }, reject);
  });

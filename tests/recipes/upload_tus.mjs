import { Upload } from "tus-js-client";

// Uploads a file, from where an earlier attempt of this user has stopped. Resolves to the path of
// the image.
export const upload = (file, { endpoint, headers, user, onProgress }) =>
  new Promise((resolve, reject) => {
    const upload = new Upload(file, {
      endpoint,
      headers,
      metadata: { filename: file.name, filetype: file.type },
      retryDelays: [0, 1000, 3000, 10_000, 30_000],
      fingerprint: async () => [user, file.name, file.size, file.lastModified].join(" "),
      removeFingerprintOnSuccess: true,
      onProgress,
      onError: reject,
      onSuccess: ({ lastResponse }) => resolve(lastResponse.getHeader("Content-Location")),
    });
    upload.findPreviousUploads().then(([previous]) => {
      if (previous) upload.resumeFromPreviousUpload(previous);
      upload.start();
    }, reject);
  });

// A tus server that keeps files in a folder: node tus_server.mjs FOLDER
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

const datastore = new FileStore({ directory: process.argv[2] });
const server = new Server({ path: "/files", datastore, relativeLocation: true });
const listening = server.listen({ host: "127.0.0.1", port: 0 }, () => {
  console.log(`http://127.0.0.1:${listening.address().port}`);
});

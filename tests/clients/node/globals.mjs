// What Node 18 has, but not yet where the clients look for it.
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;

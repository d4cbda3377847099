import type { Context } from "hono";
import type { WebEnv } from "./web-env.ts";

/**
 * The address of the peer that opened the connection. Forwarding headers are not believed: anybody can send them, and a
 * forged one would dodge every limit per address.
 */
export const clientAddress = (c: Context<WebEnv>): string => c.env?.incoming?.socket.remoteAddress ?? "unknown";

const loopback = /^(?:127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/;
const forwardingHeaders = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"] as const;

/** True for a caller on this very machine; not for what a proxy on this machine passes on for somebody else. */
export const isLocalCaller = (c: Context<WebEnv>): boolean =>
  loopback.test(clientAddress(c)) && !forwardingHeaders.some((name) => c.req.header(name) !== undefined);

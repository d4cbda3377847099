import { OpenAPIHono } from "@hono/zod-openapi";
import { apiRoutes } from "./routes.ts";

export type OpenApiDocument = ReturnType<OpenAPIHono["getOpenAPI31Document"]>;

/** The API's description (OpenAPI 3.1), from the same schemas that check requests. Needs nothing running. */
export const openApiDocument = (): OpenApiDocument => {
  const { openAPIRegistry, getOpenAPI31Document } = new OpenAPIHono();
  openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "http",
    scheme: "bearer",
    description: "An API key: `Authorization: Bearer lsk_…`. Each operation names the one scope it needs.",
  });
  for (const route of apiRoutes) openAPIRegistry.registerPath(route);
  return getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Lockstep",
      version: "1",
      description:
        "Stock of one merchant across Amazon, eBay and Shopify. Times are ISO 8601 in UTC, quantities whole units, " +
        "SKUs byte-exact. Mistakes are answered as application/problem+json with stable types.",
      license: { name: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
  });
};

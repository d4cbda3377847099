/** The locales that sellers' marketplaces speak. */
const locales: ReadonlySet<string> = new Set(
  (
    "en-US en-GB en-AU en-CA en-IE en-HK en-IN en-MY en-PH en-SG fr-CA fr-FR fr-BE nl-NL nl-BE de-DE de-AT de-CH " +
    "it-IT es-ES pl-PL zh-HK zh-TW zh-CN th-TH vi-VN"
  ).split(" "),
);

const speaksOf = /^(bulkCreate|create|update).*(InventoryItem|Offer|InventoryItemGroup)$/;

/**
 * Channel document §2: `Accept-Language`, when sent, must name supported locales (a client that fills in `*` is
 * refused), and whatever writes texts must say in which language they are.
 */
export const headerComplaint = (operationId: string, headers: Headers): readonly string[] => {
  const accepted = headers.get("accept-language");
  if (accepted !== null && !accepted.split(",").every((range) => locales.has(range.split(";")[0]?.trim() ?? ""))) {
    return [`header Accept-Language is ${accepted}`];
  }
  const written = headers.get("content-language");
  const needed = speaksOf.test(operationId);
  return needed && (written === null || !locales.has(written))
    ? [`header Content-Language is ${written ?? "missing"}`]
    : [];
};

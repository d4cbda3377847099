import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";

/** Text as it stands: SKUs may look like numbers or end in a blank, and both must survive. */
const parser = new XMLParser({ parseTagValue: false, trimValues: false, htmlEntities: true });
const builder = new XMLBuilder({ ignoreAttributes: false });

/** Elements by name; a repeated element is an array, which must be asked for (`listOf` in the schemas). */
export const parseXml = (text: string): unknown => {
  const flaw = XMLValidator.validate(text);
  if (flaw !== true) throw new SyntaxError(`no XML: ${flaw.err.msg}`);
  return parser.parse(text);
};

export type XmlTree = { readonly [element: string]: string | readonly XmlTree[] | XmlTree };

export const buildXml = (tree: XmlTree): string => `<?xml version="1.0" encoding="utf-8"?>${builder.build(tree)}`;
